package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
)

// patience bounds a wait for what must happen.
const patience = 2 * time.Minute

var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "drift_demo_test")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "drift_demo")
	out, err := exec.Command("go", "build", "-race", "-o", binary, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
})

// TestMain removes what buildOnce has made.
func TestMain(m *testing.M) {
	status := m.Run()
	if binary, err := buildOnce(); err == nil {
		_ = os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(status)
}

// demo is the running program.
type demo struct {
	t      *testing.T
	dir    string // scratch
	cmd    *exec.Cmd
	lines  *bufio.Reader
	said   strings.Builder
	errors bytes.Buffer
}

func startDemo(t *testing.T, args ...string) *demo {
	t.Helper()
	d := &demo{t: t, dir: filepath.Join(t.TempDir(), "scratch")}
	binary, err := buildOnce()
	require.NoError(t, err)
	args = append(args, "--dir="+d.dir)
	for flag, file := range map[string]string{"--exporter=": testexporter.Binary(t), "--alertmanager=": testalertmanager.Binary(t)} {
		if !slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, flag) }) {
			args = append(args, flag+file)
		}
	}
	d.cmd = exec.Command(binary, args...)
	read, write := io.Pipe()
	d.cmd.Stdout, d.cmd.Stderr, d.lines = write, &d.errors, bufio.NewReader(read)
	require.NoError(t, d.cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = d.cmd.Wait() // ProcessState tells
		_ = write.Close()
	}()
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // it may have ended
		_ = read.Close()
		<-ended
	})
	stuck := time.AfterFunc(patience, func() { _ = d.cmd.Process.Kill() })
	t.Cleanup(func() { stuck.Stop() })
	return d
}

// hears waits for a line that contains text, and is false if the program ends before.
func (d *demo) hears(text string) bool {
	for {
		line, err := d.lines.ReadString('\n')
		d.said.WriteString(line)
		if strings.Contains(line, text) {
			return true
		}
		if err != nil {
			return false
		}
	}
}

// ends waits for the end, after which nothing may be left, and returns the exit status.
func (d *demo) ends() int {
	d.t.Helper()
	rest, err := io.ReadAll(d.lines)
	require.NoError(d.t, err)
	d.said.Write(rest)
	require.NoDirExists(d.t, d.dir)
	require.Empty(d.t, d.processes(), "left running")
	require.NotContains(d.t, d.errors.String(), "DATA RACE")
	return d.cmd.ProcessState.ExitCode()
}

// processes are those that know of the scratch directory, the demonstration itself left out: their ids by their
// command lines.
func (d *demo) processes() map[string]int {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(d.t, err)
	found := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		id, bad := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && bad == nil && id != d.cmd.Process.Pid && bytes.Contains(text, []byte(d.dir)) {
			found[strings.ReplaceAll(string(text), "\x00", " ")] = id
		}
	}
	return found
}

func TestDemo(t *testing.T) {
	d := startDemo(t, "--once")
	for _, text := range []string{
		"== A small fleet", "exporter      http://127.0.0.1:", "Alertmanager  http://127.0.0.1:", d.dir,
		"== The first check",
		`drift_compliant{machine="db1",pack="base"} 1`, `drift_compliant{machine="db1",pack="db"} 1`,
		`drift_compliant{machine="edge1",pack="base"} 1`,
		`drift_compliant{machine="web1",pack="base"} 1`, `drift_compliant{machine="web1",pack="web"} 1`,
		`drift_compliant{machine="web2",pack="base"} 1`, `drift_compliant{machine="web2",pack="web"} 1`,
		`drift_compliant{machine="web3",pack="base"} 1`, `drift_compliant{machine="web3",pack="web"} 0`,
		"== Somebody changes web1", "$ ./drift_exporter check web1 --diff", "web1  drifted  Web 1, Debian GNU/Linux 12",
		"wrong_permissions  file /etc/ssh/sshd_config  expected 0644, actual 0666", "-PermitRootLogin no", "+PermitRootLogin yes",
		"Slack, #drift", "Configuration drift detected on Web 1", "wrong_permissions /etc/ssh/sshd_config: 0644 → 0666", "/machines/web1/packs/base",
		"== Somebody repairs web1", "Slack, #drift", "Resolved: Configuration drift detected on Web 1", "compliant",
		"Nothing is left running",
	} {
		require.True(t, d.hears(text), "%s\n%s%s", text, &d.said, &d.errors)
	}
	assert.Equal(t, 0, d.ends(), "%s", &d.errors)
	assert.NotContains(t, d.said.String(), "\x1b", "this is no terminal")
	assert.NotContains(t, d.said.String(), "backup1\",pack", "it was never judged")
	assert.Equal(t, 2, strings.Count(d.said.String(), "Slack, #drift"), "what was never compliant alerts nobody")
	assert.Empty(t, d.errors.String())
	assertShortened(t, d.said.String())
}

// assertShortened demands that each line of the README's transcript was said, in that order.
func assertShortened(t *testing.T, said string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(testenv.Repository(t), "README.md"))
	require.NoError(t, err)
	_, block, found := strings.Cut(string(readme), "```console\n$ make demo\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	port := regexp.MustCompile(`127\.0\.0\.1:\d+`) // another one if 10186 is taken
	rest := port.ReplaceAllString(said, "HERE")
	for line := range strings.Lines(port.ReplaceAllString(block, "HERE")) {
		if line == "…\n" {
			continue
		}
		_, rest, found = strings.Cut(rest, line)
		require.True(t, found, "%s is not said after what comes before it", line)
	}
}

func TestDemoIsInterruptedAnywhere(t *testing.T) {
	for name, at := range map[string]string{
		"at its start": "== A small fleet", "midway": "== The first check", "at its end": "Ctrl-C ends everything",
	} {
		t.Run(name, func(t *testing.T) {
			d := startDemo(t)
			require.True(t, d.hears(at), "%s%s", &d.said, &d.errors)
			require.NoError(t, d.cmd.Process.Signal(os.Interrupt))
			assert.Equal(t, 0, d.ends(), "%s", &d.errors)
			assert.Contains(t, d.said.String(), "Nothing is left running")
			assert.Empty(t, d.errors.String())
		})
	}
}

func TestDemoTellsOfAPartThatDies(t *testing.T) {
	d := startDemo(t)
	require.True(t, d.hears("== The first check"), "%s%s", &d.said, &d.errors)
	killed := false
	for line, id := range d.processes() {
		if strings.Contains(line, "--cluster.listen-address") {
			require.NoError(t, syscall.Kill(id, syscall.SIGKILL))
			killed = true
		}
	}
	require.True(t, killed)
	assert.Equal(t, 1, d.ends())
	assert.Contains(t, d.errors.String(), "drift_demo: Alertmanager has ended (signal: killed)")
}

// What it has started is bound to it by the kernel.
func TestDemoThatIsKilledLeavesNoProcess(t *testing.T) {
	d := startDemo(t)
	require.True(t, d.hears("== The first check"), "%s%s", &d.said, &d.errors)
	require.Len(t, d.processes(), 2)
	require.NoError(t, d.cmd.Process.Kill())
	require.Eventually(t, func() bool { return len(d.processes()) == 0 }, patience, 10*time.Millisecond)
}

func TestDemoNeedsItsPrograms(t *testing.T) {
	d := startDemo(t, "--alertmanager=/nonexistent/alertmanager")
	assert.Equal(t, 1, d.ends())
	assert.Contains(t, d.errors.String(), "/nonexistent/alertmanager is no program: `make demo` builds it")

	d = startDemo(t, "--exporter=/bin/false")
	assert.Equal(t, 1, d.ends())
	assert.Contains(t, d.errors.String(), "the exporter does not start (exit status 1)")
}
