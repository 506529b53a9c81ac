package reload_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testlocal"
)

// breakage is something that happens to a file of the configuration, and what the program must say of it.
type breakage struct {
	name, file string
	do         func(t *testing.T, path string)
	says       string // pattern
}

// text puts something in a file's place.
func text(content string) func(*testing.T, string) {
	return func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte(content), 0o600)) }
}

// replaced puts something in a place in a file.
func replaced(old, by string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(content), old)
		text(strings.Replace(string(content), old, by, 1))(t, path)
	}
}

// cutAt keeps what is before something, as a file that is not written to its end yet.
func cutAt(end string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		before, _, found := strings.Cut(string(content), end)
		require.True(t, found)
		text(before)(t, path)
	}
}

func vanished(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }

func directory(t *testing.T, path string) {
	vanished(t, path)
	require.NoError(t, os.Mkdir(path, 0o700))
}

var breakages = []breakage{
	{"a syntax error", "config.yaml", replaced("transport: local", "transport: [local"), `config\.yaml:\d+`},
	{"a value of another type", "config.yaml", replaced("concurrency: 4", "concurrency: many"), `config\.yaml:\d+`},
	{"an unknown field", "config.yaml", replaced("retries: 0", "retry: 0"), `config\.yaml:\d+`},
	{"a pack that there is not", "config.yaml", replaced("[p1]", "[p1, none]"), `config\.yaml:\d+`},
	{"the same machine twice", "config.yaml", replaced("name: m1", "name: m0"), `config\.yaml:\d+`},
	{"half written", "config.yaml", cutAt("local, packs: [p1]"), `config\.yaml:\d+`},
	{"no text", "config.yaml", text("\x00\x01\xff\xfe"), `config\.yaml`},
	{"vanished", "config.yaml", vanished, `config\.yaml`},
	{"a directory", "config.yaml", directory, `config\.yaml`},
	{"a syntax error", "packs/p1.yaml", text("items: {files: [{path: /etc\n"), `p1\.yaml:\d+`},
	{"half written", "packs/p1.yaml", cutAt(", content"), `p1\.yaml:\d+`},
	{"an unknown field", "packs/p1.yaml", text("items:\n  files:\n    - {path: /etc/motd, contents: x}\n"), `p1\.yaml:\d+`},
	{"vanished", "packs/p1.yaml", vanished, `config\.yaml:\d+`},
	{"a directory", "packs/p1.yaml", directory, `p1`},
	{"vanished", "packs", func(t *testing.T, path string) { require.NoError(t, os.RemoveAll(path)) }, `config\.yaml:\d+|packs`},
	{"a template that does not parse", "packs/templates/motd", text("{{ .role "), `motd|p2\.yaml:\d+`},
	{"vanished", "packs/templates/motd", vanished, `p2\.yaml:\d+`},
	{"a machine file with a syntax error", "machines/m.yaml", text("- {name: extra\n"), `m\.yaml:\d+`},
	{"a machine file that is half written", "machines/m.yaml", text("- {name: extra, transport: lo"), `m\.yaml:\d+`},
}

// whole is a fleet whose configuration has a file of each sort. The files can be put back.
type whole struct {
	*testlocal.Fleet
	kept string
}

func newWhole(t *testing.T) *whole {
	t.Helper()
	w := &whole{Fleet: testlocal.New(t, 3), kept: filepath.Join(t.TempDir(), "kept")}
	w.Config += "machine_files: [machines/*.yaml]\n"
	w.Write("packs/templates/motd", "{{ .word }}\n")
	w.Write("packs/p2.yaml", "items:\n  files:\n    - {path: "+w.Path("files/2")+", template: motd}\n")
	w.Write("machines/m.yaml", strings.Replace("- "+testlocal.Line(2)+"\n", "}", ", vars: {word: good}}", 1))
	w.Configure(testlocal.Line(0), testlocal.Line(1))
	for _, name := range []string{"config.yaml", "packs", "machines"} {
		w.keep(t, name)
	}
	w.Start()
	w.Set(0, false)
	w.Fires["m0"] = true
	w.Exporter.CheckNow()
	w.RequireTruth("before the faults")
	return w
}

func (w *whole) keep(t *testing.T, name string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(w.kept, 0o700))
	copyTree(t, w.Path(name), filepath.Join(w.kept, name))
}

// mend puts all files back.
func (w *whole) mend(t *testing.T) {
	t.Helper()
	for _, name := range []string{"config.yaml", "packs", "machines"} {
		require.NoError(t, os.RemoveAll(w.Path(name)))
		copyTree(t, filepath.Join(w.kept, name), w.Path(name))
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	require.NoError(t, err)
	if info.IsDir() {
		require.NoError(t, os.CopyFS(to, os.DirFS(from)))
		return
	}
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, content, 0o600))
}

func TestFaultConfigurationBreaksWhileRunning(t *testing.T) {
	random := testfaults.Random(t)
	w := newWhole(t)
	order := random.Perm(len(breakages))[:testfaults.Pick(3, len(breakages))]
	for n, i := range order {
		w.survive(t, breakages[i], n%2 == 0)
	}
	testfaults.Survived(t, "config, pack, template or machine file broken while running: reload refused, start refused, mended", len(order))
}

// survive breaks a file while the exporter runs, reloads, starts it again, and mends the file.
func (w *whole) survive(t *testing.T, b breakage, signal bool) {
	t.Helper()
	t.Logf("%s: %s", b.file, b.name)
	b.do(t, w.Path(b.file))
	w.requireRefused(t, b, signal)
	w.requireWorking(t, "with a broken configuration on disk")
	w.Exporter.Kill()
	err := w.Exporter.TryLaunch(func(status int) bool { return status != 0 })
	require.ErrorContains(t, err, "exit status 1")
	assert.Regexp(t, `level=ERROR .*(`+b.says+`)`, err.Error())
	assert.Contains(t, err.Error(), "could not start: the configuration is not valid")
	testlocal.RequireNoPanic(t, err.Error())

	w.mend(t)
	w.Exporter.Launch()
	assert.Equal(t, "1", w.Exporter.Metric("drift_config_last_reload_successful"))
	w.RequireTruth("after it was mended")
	status, answer := w.Exporter.Post("/-/reload", "")
	require.Equal(t, http.StatusOK, status, answer)
}

// requireRefused reloads in one of both ways, and wants it to be refused, and to be told why in all places.
func (w *whole) requireRefused(t *testing.T, b breakage, signal bool) {
	t.Helper()
	if signal {
		w.Exporter.Signal(syscall.SIGHUP)
		w.Exporter.Eventually("the reload is refused", func() bool { return strings.Contains(w.Exporter.Log(), "reload refused, the old configuration stays") })
	} else {
		status, answer := w.Exporter.Post("/-/reload", "")
		assert.Equal(t, http.StatusInternalServerError, status, answer)
		assert.Regexp(t, b.says, answer)
	}
	pattern := regexp.MustCompile(`level=ERROR .*(` + b.says + `)`)
	w.Exporter.Eventually("the log says what is wrong", func() bool { return pattern.MatchString(w.Exporter.Log()) })
	w.Exporter.Eventually("the metric tells", func() bool { return w.Exporter.Metric("drift_config_last_reload_successful") == "0" })
	assert.Contains(t, w.Exporter.Get("/"), "and refused: the one before is still in use")
}

// A template that wants what is nowhere is only known to when it is filled in, since facts of the machine may be in it: then
// there is no verdict.
func TestFaultTemplateWantsWhatIsNowhere(t *testing.T) {
	w := newWhole(t)
	w.Set(2, false)
	w.Fires["m2"] = true
	w.Exporter.CheckNow()
	w.RequireTruth("before the fault")
	w.Write("packs/templates/motd", "{{ .nobody }}\n")
	status, answer := w.Exporter.Post("/-/reload", "")
	require.Equal(t, http.StatusOK, status, answer)
	w.Write("files/2", "good\n") // would comply, if anybody could know
	w.Exporter.CheckNow()
	w.RequireTruth("while nobody can know")
	assert.Equal(t, "0", w.Exporter.Metric(`drift_check_success{machine="m2",pack="p2"}`))
	assert.Equal(t, "1", w.Exporter.Metric(`drift_check_success{machine="m1",pack="p1"}`))
	w.mend(t)
	status, answer = w.Exporter.Post("/-/reload", "")
	require.Equal(t, http.StatusOK, status, answer)
	w.Exporter.CheckNow()
	w.Complies["m2"], w.Fires["m2"] = true, false
	w.RequireTruth("after it was mended")
	testfaults.Survived(t, "a template that wants what is nowhere: no verdict, the last one stands", 1)
}

// requireWorking wants drift and repair to be found and told as ever.
func (w *whole) requireWorking(t *testing.T, when string) {
	t.Helper()
	w.RequireTruth(when)
	for _, complies := range []bool{false, true} {
		for _, i := range []int{1, 2} {
			w.Set(i, complies)
			w.Fires[testlocal.Name(i)] = !complies
		}
		w.Exporter.CheckNow()
		w.RequireTruth(when)
	}
}
