package checker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shell is a POSIX shell and the userland that it finds in its PATH.
type shell struct {
	name string
	argv []string
	path string // PATH; empty: the test's own
	env  []string
	asks bool // who it is: id and getent, and nobody else
}

// shells are the shells to test with. One that is missing is skipped by name, and fails in CI.
func shells(t testing.TB) []shell {
	busybox := need(t, "busybox")
	applets := filepath.Join(t.TempDir(), "busybox")
	require.NoError(t, os.Mkdir(applets, 0o755))
	for _, applet := range []string{
		"sh", "stat", "readlink", "ls", "sha256sum", "head", "cat", "tr", "awk", "od", "env", "id", "uname", "test", "[", "printf",
	} {
		require.NoError(t, os.Symlink(busybox, filepath.Join(applets, applet)))
	}
	return []shell{
		{name: "dash", argv: []string{need(t, "dash")}},
		{name: "bash", argv: []string{need(t, "bash"), "--posix"}},
		{name: "busybox ash", argv: []string{busybox, "ash"}},
		{name: "mksh", argv: []string{need(t, "mksh")}},
		{name: "busybox userland", argv: []string{filepath.Join(applets, "sh")}, path: applets},
	}
}

// eachShell runs a test under every shell.
func eachShell(t *testing.T, test func(t *testing.T, sh shell)) {
	for _, sh := range shells(t) {
		t.Run(sh.name, func(t *testing.T) { test(t, sh) })
	}
}

// need is the path of a program.
func need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		testenv.Missing(t, "%s", program)
	}
	return path
}

// Start makes a shell a transport that runs itself in place of /bin/sh.
func (s shell) Start(ctx context.Context, _ *config.Machine, _ []string) (Session, error) {
	session, err := startProcess(ctx, s.argv, s.environ())
	if err == nil && s.asks {
		session = rootedSession{session, strings.NewReplacer("/proc/self/status", "/nonexistent")}
	}
	return session, err
}

func (s shell) environ() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LANG=C.UTF-8"}
	if s.path != "" {
		env[0] = "PATH=" + s.path
	}
	return append(env, s.env...)
}

// process is a session with a child process.
type process struct {
	io.WriteCloser
	cmd    *exec.Cmd
	stdout io.Reader
	stderr *bytes.Buffer
	wait   func() error
	cancel context.CancelFunc
}

func startProcess(ctx context.Context, argv, env []string) (Session, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	p := &process{cmd: cmd, stderr: &bytes.Buffer{}, cancel: cancel}
	cmd.Stderr = p.stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.WriteCloser = stdin
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = writer
	p.stdout = reader
	if err := cmd.Start(); err != nil {
		return nil, &state.Failure{Reason: state.ReasonInternal, Message: err.Error(), Err: err}
	}
	_ = writer.Close()
	p.wait = sync.OnceValue(func() error {
		var exit *exec.ExitError
		if err := cmd.Wait(); errors.As(err, &exit) {
			return &ExitError{Status: exit.ExitCode()}
		} else if err != nil {
			return err
		}
		return nil
	})
	return p, nil
}

func (p *process) CloseWrite() error { return p.WriteCloser.Close() }
func (p *process) Stdout() io.Reader { return p.stdout }
func (p *process) Wait() error       { return p.wait() }

func (p *process) Stderr() string {
	_ = p.wait()
	return p.stderr.String()
}

func (p *process) Close() error {
	p.cancel()
	_ = p.WriteCloser.Close()
	_ = p.wait()
	return p.stdout.(io.Closer).Close()
}

// loadPacks loads packs from their text, by file name.
func loadPacks(t testing.TB, files map[string]string) map[string]*pack.Pack {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	packs, problems := pack.Load(fsys, "packs", Kinds())
	require.False(t, problems.Fatal(), "%v", problems)
	return packs
}

// fleetOf is a fleet of one machine, m1, that carries the given packs in order of their names.
func fleetOf(t testing.TB, files map[string]string, change func(*config.Machine)) *Fleet {
	packs := loadPacks(t, files)
	m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, BecomeUser: "root", Packs: sortedKeys(packs)}
	if change != nil {
		change(&m)
	}
	cfg := &config.Config{Check: config.Check{Timeout: time.Minute}, Machines: []config.Machine{m}}
	fleet, problems := NewFleet(cfg, packs)
	require.False(t, problems.Fatal(), "%v", problems)
	return fleet
}

// onePack is a fleet whose machine carries one pack, p, with these items.
func onePack(t testing.TB, items string, change func(*config.Machine)) *Fleet {
	return fleetOf(t, map[string]string{"p.yaml": "items:\n" + items}, change)
}

func checkerOf(t Transport) *Checker {
	transports := map[config.Transport]Transport{config.TransportSSH: t, config.TransportLocal: t}
	return New(transports, slog.New(slog.DiscardHandler), clockwork.NewRealClock())
}

// check checks the one machine of a fleet through a transport.
func check(t testing.TB, transport Transport, f *Fleet) Outcome {
	return checkerOf(transport).Check(t.Context(), f, "m1", "")
}

// checkOne checks the items of one pack and returns its result, which must be a verdict.
func checkOne(t testing.TB, transport Transport, items string) state.Result {
	out := check(t, transport, onePack(t, items, nil))
	require.Nil(t, out.Failure, "%v", out.Failure)
	require.Len(t, out.Results, 1)
	return out.Results[0]
}

// sourceless is the errors of one pack without where it asks for their items, which has to be there.
func sourceless(t testing.TB, errs []state.ItemError) []state.ItemError {
	errs = slices.Clone(errs)
	for i := range errs {
		assert.Regexp(t, `^packs/p\.yaml:[0-9]+$`, errs[i].Source)
		errs[i].Source = ""
	}
	return errs
}

// brief is a mismatch in one line.
func brief(ms []state.Mismatch) []string {
	var lines []string
	for _, m := range ms {
		lines = append(lines, m.Type+" "+m.Item+": "+m.Expected+" → "+m.Actual)
	}
	return lines
}
