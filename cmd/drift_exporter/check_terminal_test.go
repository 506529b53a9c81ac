package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// newTerminal is a terminal of so many columns, and what reaches its screen.
func newTerminal(t *testing.T, columns uint16) (*os.File, *lockedBuffer) {
	t.Helper()
	screen, terminal, err := pty.Open()
	require.NoError(t, err)
	require.NoError(t, pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: columns}))
	shown, done := &lockedBuffer{}, make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(shown, screen) // ends with an error once the terminal is closed
	}()
	t.Cleanup(func() {
		_ = terminal.Close()
		<-done
		_ = screen.Close()
	})
	return terminal, shown
}

// flushed waits until all that was written has reached the screen, and returns it.
func flushed(t *testing.T, terminal *os.File, shown *lockedBuffer) string {
	t.Helper()
	const mark = "<end>"
	_, err := terminal.WriteString(mark)
	require.NoError(t, err)
	eventually(t, "the end of the output", func() bool { return strings.HasSuffix(shown.String(), mark) }, shown.String)
	return strings.ReplaceAll(strings.TrimSuffix(shown.String(), mark), "\r\n", "\n")
}

// seen is what is left to read after lines were erased.
func seen(output string) string {
	lines := strings.Split(output, "\n")
	for i, line := range lines {
		lines[i] = line[strings.LastIndex(line, clearLine)+1:]
		lines[i] = strings.TrimPrefix(lines[i], clearLine[1:])
	}
	return strings.Join(lines, "\n")
}

// silentMachine listens, and answers nothing; it returns its port, and a channel that is told of each connection.
func silentMachine(t *testing.T) (int, <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	reached, done := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			reached <- struct{}{}
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port, reached
}

// withSilentMachine is a workspace with a machine that complies, and after it one that does not answer for so long.
func withSilentMachine(t *testing.T, patience time.Duration) (*workspace, <-chan struct{}) {
	t.Helper()
	w := newWorkspace(t)
	w.write("id", "not read before the other side has answered")
	port, reached := silentMachine(t)
	w.write("config.yaml", fmt.Sprintf(`
check: {concurrency: 1, timeout: %s}
ssh: {user: nobody, port: %d, identity_files: [], known_hosts_files: [], connect_timeout: %s}
machines:
  - {name: here, transport: local, packs: [base]}
  - {name: silent, address: 127.0.0.1, packs: [base]}
`, patience, port, patience))
	return w, reached
}

func (w *workspace) runOn(stdout, stderr io.Writer, e environment, args ...string) int {
	e.home, e.hostname = w.dir, "drift.example"
	return execute(append(args, "--config.file="+w.path("config.yaml"), "--storage.path="+w.path("data")), e, stdout, stderr)
}

func TestProgressOnATerminal(t *testing.T) {
	w, _ := withSilentMachine(t, 1500*time.Millisecond)
	terminal, shown := newTerminal(t, 80)
	var stdout strings.Builder
	status := w.runOn(&stdout, terminal, environment{term: "xterm"}, "check", "--log.level=debug")
	assert.Equal(t, 2, status)
	output := flushed(t, terminal, shown)
	assert.Regexp(t, `\r\x1b\[K1/2 machines, 0:0\d`, output)
	assert.NotContains(t, stdout.String(), "\x1b", "standard output is no terminal")
	left := seen(output)
	assert.NotContains(t, left, "machines", "it is cleared at the end")
	assert.Contains(t, left, "machine=silent")
	for line := range strings.Lines(left) {
		assert.Regexp(t, `^time=\S+ level=[A-Z]+ .*\n$`, line, "the log's lines are whole")
	}
}

func TestNoProgressElsewhere(t *testing.T) {
	for name, e := range map[string]environment{"a terminal that knows no control sequences": {term: "dumb"}, "nobody knows which terminal": {}} {
		t.Run(name, func(t *testing.T) {
			w, _ := withSilentMachine(t, time.Second)
			terminal, shown := newTerminal(t, 80)
			w.runOn(io.Discard, terminal, e, "check")
			assert.Empty(t, flushed(t, terminal, shown))
		})
	}
	t.Run("a log file", func(t *testing.T) {
		w, _ := withSilentMachine(t, time.Second)
		terminal, shown := newTerminal(t, 80)
		var stderr strings.Builder
		w.runOn(terminal, &stderr, environment{term: "xterm"}, "check")
		assert.Empty(t, stderr.String())
		assert.NotContains(t, flushed(t, terminal, shown), clearLine)
	})
}

func TestProgressIsOneCalmLine(t *testing.T) {
	clock := clockwork.NewFakeClock()
	var shown lockedBuffer
	p := startProgress(&shown, func() int { return 40 }, clock, lineOfCheck(1000))
	drawn := ""
	after := func(d time.Duration, want string) {
		t.Helper()
		require.NoError(t, clock.BlockUntilContext(t.Context(), 1))
		clock.Advance(d)
		drawn += want
		eventually(t, fmt.Sprintf("%q", want), func() bool { return shown.String() == drawn }, func() string { return fmt.Sprintf("%q", shown.String()) })
	}
	assert.Empty(t, shown.String(), "a short check draws nothing")
	after(refresh, clearLine+"0/1000 machines, 0:00")
	p.add(checker.Outcome{Results: []state.Result{{Status: state.Compliant}}})
	p.add(checker.Outcome{Results: []state.Result{{Status: state.Drifted}, {Status: state.Compliant}}})
	after(refresh, clearLine+"2/1000 machines, 1 drifted, 0:00")
	after(refresh, "")
	after(refresh, clearLine+"2/1000 machines, 1 drifted, 0:01")

	_, err := p.Write([]byte("a line of the log\n"))
	require.NoError(t, err)
	drawn += clearLine + "a line of the log\n"
	_, err = p.Write([]byte("and another\n"))
	require.NoError(t, err)
	drawn += "and another\n"
	after(refresh, clearLine+"2/1000 machines, 1 drifted, 0:01")

	p.add(checker.Outcome{Failure: &state.Failure{}})
	after(time.Hour, clearLine+"3/1000 machines, 1 drifted, 1 unknown, ") // 39 columns: the last one would wrap
	p.end()
	assert.Equal(t, drawn+clearLine, shown.String())
}

func TestStopwatch(t *testing.T) {
	for d, want := range map[time.Duration]string{
		999 * time.Millisecond: "0:00", 42 * time.Second: "0:42", 61 * time.Second: "1:01",
		59*time.Minute + 59*time.Second: "59:59", time.Hour + 2*time.Minute + 3*time.Second: "1:02:03",
	} {
		assert.Equal(t, want, stopwatch(d))
	}
}

func TestColourIsForTerminalsThatAllowIt(t *testing.T) {
	w := newWorkspace(t)
	for name, test := range map[string]struct {
		terminal bool
		environment
		args []string
		want bool
	}{
		"a terminal":                      {terminal: true, environment: environment{term: "xterm"}, want: true},
		"no terminal":                     {environment: environment{term: "xterm"}},
		"NO_COLOR":                        {terminal: true, environment: environment{term: "xterm", noColor: true}},
		"a terminal without colours":      {terminal: true, environment: environment{term: "dumb"}},
		"a terminal, if none is wanted":   {terminal: true, environment: environment{term: "xterm"}, args: []string{"--color=never"}},
		"no terminal, but it is demanded": {args: []string{"--color=always"}, want: true},
		"a demand outranks NO_COLOR":      {terminal: true, environment: environment{noColor: true}, args: []string{"--color=always"}, want: true},
		"json is for machines":            {terminal: true, environment: environment{term: "xterm"}, args: []string{"--color=always", "--format=json"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"check"}, test.args...)
			output := ""
			if test.terminal {
				terminal, shown := newTerminal(t, 80)
				require.Equal(t, 0, w.runOn(terminal, io.Discard, test.environment, args...))
				output = flushed(t, terminal, shown)
			} else {
				var stdout strings.Builder
				require.Equal(t, 0, w.runOn(&stdout, io.Discard, test.environment, args...))
				output = stdout.String()
			}
			require.Contains(t, output, "compliant")
			assert.Equal(t, test.want, strings.Contains(output, "\x1b["), "%q", output)
		})
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	w := newWorkspace(t)
	t.Chdir(w.dir) // sources are named as seen from there
	w.write("packs/base.yaml", "items: {settings: [{key: DRIFT_UNSET, expected: \"1\", type: env_var}]}\n")
	for columns, want := range map[uint16]string{
		120: "env_var DRIFT_UNSET  expected 1, actual (unset)  packs/base.yaml:1\n",
		60:  "env_var DRIFT_UNSET  packs/base.yaml:1\n      expected 1\n      actual   (unset)\n",
	} {
		terminal, shown := newTerminal(t, columns)
		require.Equal(t, 1, w.runOn(terminal, io.Discard, environment{}, "check"))
		assert.Contains(t, flushed(t, terminal, shown), want)
	}
}
