package checker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// writeFiles writes files below a directory and returns it.
func writeFiles(t testing.TB, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

func TestFleetLoads(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"config.yaml": `
machines:
  - {name: web2, packs: [base, web], transport: local}
  - {name: web1, packs: [base], transport: local}
  - {name: off, packs: [base], transport: local, drift_detection_enabled: false}
`,
		"packs/base.yaml": "items:\n" + passwdOwner, "packs/web.yaml": "items:\n" + passwdOwner,
	})
	f, problems := LoadFleet(filepath.Join(dir, "config.yaml"), "/root")
	require.Empty(t, problems)
	assert.Equal(t, []state.Key{{Machine: "web1", Pack: "base"}, {Machine: "web2", Pack: "base"}, {Machine: "web2", Pack: "web"}}, f.Pairs())
	for _, key := range f.Pairs() {
		assert.True(t, f.Holds(key))
	}
	assert.False(t, f.Holds(state.Key{Machine: "web1", Pack: "web"}))
	assert.False(t, f.Holds(state.Key{Machine: "off", Pack: "base"}), "it is disabled")
	assert.False(t, f.Holds(state.Key{Machine: "nope", Pack: "base"}))
	m, ok := f.Machine("off")
	require.True(t, ok)
	assert.False(t, m.Enabled)
}

func TestFleetProblems(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"config.yaml": `machines:
  - name: web1
    transport: local
    packs: [base, bsae]
    waivers:
      - {pack: base, kind: file, item: /etc/passwd, reason: r}
      - {pack: base, kind: file, item: /etc/typo, reason: r}
      - {pack: base, kind: file, item: /etc/paswd, reason: r}
      - {pack: base, kind: fiel, item: /etc/passwd, reason: r}
`,
		"packs/base.yaml": "items:\n" + passwdOwner,
	})
	t.Chdir(dir)
	f, problems := LoadFleet("config.yaml", "/root")
	assert.Nil(t, f)
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	assert.Equal(t, []string{
		`config.yaml:2: machine "web1": waiver for "/etc/passwd": kind "fiel" is not known: it is one of ` + strings.Join(Kinds().Names(), ", "),
		`config.yaml:2: warning: machine "web1": waiver for "/etc/paswd": pack "base" has no such file: the waiver has no effect (did you mean "/etc/passwd"?)`,
		`config.yaml:2: warning: machine "web1": waiver for "/etc/typo": pack "base" has no such file: the waiver has no effect`,
		`config.yaml:4: machine "web1": pack "bsae" is not known (did you mean "base"?)`,
	}, lines)
}

func TestConditionsThatHoldNowhereGetAWarning(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"config.yaml": `machines:
  - {name: a, transport: local, packs: [base], vars: {role: web}}
  - {name: b, transport: local, packs: [base, child], vars: {site: x}}
  - {name: c, transport: local, packs: [], vars: {roles: db}}
`,
		"packs/base.yaml": `items:
  files:
    - {path: /1, when: {vars: {role: web, site: y}, os: debian, package_manager: [dpkg, opkg], init: s6}}
    - {path: /2, when: {vars: {roel: web}}}
    - {path: /3, when: {package_manager: [apt, rpm]}}
    - {path: /4, when: {version: '>=12', os: ['debian*']}}
`,
		"packs/child.yaml":  "extends: base\nitems: {files: [{path: /2, when: {vars: {roles: web}}}]}",
		"packs/unused.yaml": "items: {files: [{path: /1, when: {vars: {nobody: has}}}]}",
	})
	t.Chdir(dir)
	f, problems := LoadFleet("config.yaml", "/root")
	require.NotNil(t, f)
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	assert.Equal(t, []string{
		`config.yaml:3: warning: machine "b": pack "child" extends "base": what "base" demands is checked and reported twice`,
		`config.yaml:4: warning: machine "c": no packs: nothing is checked on this machine`,
		`packs/base.yaml:4: warning: when: no machine that carries this pack has a var "roel" (did you mean "role"?)`,
		`packs/base.yaml:5: warning: when: no machine has the package manager "apt": it is one of apk, dpkg, opkg, pacman, rpm`,
		`packs/base.yaml:6: warning: when: os "debian*" is compared as it is written: list the values that are meant`,
		`packs/base.yaml:6: warning: when: version ">=12" is compared as it is written: list the values that are meant`,
		`packs/child.yaml:2: warning: when: no machine that carries this pack has a var "roles"`,
	}, lines)
}

func TestBrokenPackIsReportedWithItsPlaceOnly(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"config.yaml":     "machines: [{name: web1, transport: local, packs: [base]}]",
		"packs/base.yaml": "items:\n  files:\n    - {path: relative}\n",
	})
	t.Chdir(dir)
	f, problems := LoadFleet("config.yaml", "/root")
	assert.Nil(t, f)
	require.Len(t, problems, 1)
	assert.Equal(t, "packs/base.yaml:3: path must be absolute or begin with ~/", problems[0].String())
}

func TestShippedPackIsCompliantHere(t *testing.T) {
	packs := loadPacks(t, map[string]string{"base.yaml": readFile(t, "../packs/base.yaml")})
	m := config.Machine{Name: "m1", Transport: config.TransportLocal, Enabled: true, Packs: []string{"base"}}
	eachShell(t, func(t *testing.T, sh shell) {
		r := check(t, sh, &Fleet{Config: &config.Config{Machines: []config.Machine{m}}, Packs: packs}).Results[0]
		assert.Equal(t, state.Compliant, r.Status, "%v %v", r.Mismatches, r.Errors)
	})
	t.Run("without root", func(t *testing.T) {
		need(t, "setpriv")
		sh := shells(t)[0]
		sh.argv = unprivileged{sh}.argv()
		r := check(t, sh, &Fleet{Config: &config.Config{Machines: []config.Machine{m}}, Packs: packs}).Results[0]
		assert.Equal(t, state.Compliant, r.Status, "%v %v", r.Mismatches, r.Errors)
	})
}

func readFile(t testing.TB, name string) string {
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// Else whoever writes packs had any file of the exporter's host shown as what a machine should have: the SSH key, for one.
func TestLinksOutOfThePacksDirectoryAreRefused(t *testing.T) {
	const config = "machines: [{name: web1, packs: [base], transport: local}]\n"
	templated := "items: {files: [{path: /a, template: key}]}\n"
	for name, c := range map[string]struct {
		link, target, base, want string // the link is below packs
	}{
		"a template elsewhere":            {"templates/key", "../../id_ed25519", templated, "packs/templates/key cannot be read: path escapes from parent"},
		"a template with a whole path":    {"templates/key", "DIR/id_ed25519", templated, "path escapes from parent"},
		"all templates elsewhere":         {"templates", "../other", templated, "path escapes from parent"},
		"a pack elsewhere":                {"base.yaml", "../id_ed25519", "", "packs/base.yaml: cannot be read: path escapes from parent"},
		"a template of the directory":     {"templates/key", "../of/key", templated, ""},
		"a directory of it, as a kubelet": {"templates", "of", templated, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{"config.yaml": config, "id_ed25519": "items: {}", "other/key": "k", "packs/of/key": "k"})
			if c.base != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "packs/base.yaml"), []byte(c.base), 0o600))
			}
			link := filepath.Join(dir, "packs", c.link)
			require.NoError(t, os.MkdirAll(filepath.Dir(link), 0o700))
			require.NoError(t, os.Symlink(strings.Replace(c.target, "DIR", dir, 1), link))
			_, problems := LoadFleet(filepath.Join(dir, "config.yaml"), "/root")
			if c.want == "" {
				require.Empty(t, problems)
				return
			}
			require.True(t, problems.Fatal())
			require.Contains(t, problems[0].String(), c.want)
		})
	}
}
