package oracle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/checker/ssh"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// machine is where the checker observes, and where the judges look by running their commands.
type machine struct {
	name      string
	transport checker.Transport
	config    config.Machine
	as        []string // what a judge's command line begins with, so that it sees what the checker's script sees
	env       []string // of a judge's commands
	ids       []int    // of users and groups that this machine is about
}

// instead is a transport that starts another command where /bin/sh is meant.
type instead struct {
	checker.Transport
	argv []string
}

func (i instead) Start(ctx context.Context, m *config.Machine, _ []string) (checker.Session, error) {
	return i.Transport.Start(ctx, m, i.argv)
}

// here is this machine with its script run by a command and with variables; as is what both the script's and a judge's
// command lines begin with.
func here(name string, as, sh []string, env ...string) machine {
	return machine{
		name: name, as: as, env: env, config: config.Machine{Transport: config.TransportLocal},
		transport: instead{ssh.NewLocal(env...), append(append([]string{}, as...), sh...)},
	}
}

// item is a field's value by its name, as YAML writes it.
type item map[string]any

// onePack is the text of a pack with one item.
func onePack(t testing.TB, section string, it item) string {
	text, err := yaml.Marshal(map[string]any{"items": map[string]any{section: []item{it}}})
	require.NoError(t, err)
	return string(text)
}

// verdicts are the checker's of packs with one item each, in one check. Templates are by name.
func (m machine) verdicts(t testing.TB, packs []string, templates map[string]string) []verdict {
	files := fstest.MapFS{}
	for name, text := range templates {
		files["templates/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	c := m.config
	c.Name, c.Enabled, c.BecomeUser, c.Vars = "scratch", true, "root", map[string]any{"role": "web"}
	for i, text := range packs {
		id := fmt.Sprintf("p%04d", i)
		files[id+".yaml"] = &fstest.MapFile{Data: []byte(text)}
		c.Packs = append(c.Packs, id)
	}
	loaded, problems := pack.Load(files, "packs", checker.Kinds())
	require.False(t, problems.Fatal(), "%v", problems)
	fleet, problems := checker.NewFleet(&config.Config{Check: config.Check{Timeout: 2 * time.Minute}, Machines: []config.Machine{c}}, loaded)
	require.Empty(t, problems)
	transports := map[config.Transport]checker.Transport{c.Transport: m.transport}
	out := checker.New(transports, slog.New(slog.DiscardHandler), clockwork.NewRealClock()).Check(t.Context(), fleet, "scratch", "")
	if out.Failure != nil {
		require.Equal(t, state.ReasonUnreadable, out.Failure.Reason, "%v", out.Failure)
	}
	require.Len(t, out.Results, len(packs))
	said := make([]verdict, len(packs))
	for i, r := range out.Results {
		require.Equal(t, 1, r.Items)
		said[i] = verdictOf(t, r)
	}
	return said
}

// run runs a judge's command on the machine. It returns what was printed, both streams apart, and whether it succeeded.
func (m machine) run(t testing.TB, stdin string, argv ...string) (stdout, stderr string, ok bool) {
	argv = append(append([]string{}, m.as...), argv...)
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Env = append(append(os.Environ(), "LC_ALL=C"), m.env...)
	cmd.Dir = "/"
	cmd.Stdin = strings.NewReader(stdin)
	var out, diagnosis bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diagnosis
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err, "%q", argv)
	}
	return strings.TrimSuffix(out.String(), "\n"), strings.TrimSuffix(diagnosis.String(), "\n"), err == nil
}

// root ends a test that lacks the right to make machines.
func root(t testing.TB) {
	if os.Getuid() != 0 {
		testenv.Missing(t, "root, to make files of several owners, and namespaces")
	}
}

// nobody is what a command line begins with that nobody runs.
func nobody(t testing.TB) []string { return asUser(t, "65534", "65534") }

func asUser(t testing.TB, uid, gid string) []string {
	return []string{testenv.Program(t, "setpriv", "util-linux"), "--reuid=" + uid, "--regid=" + gid, "--clear-groups"}
}

// openDir is a scratch directory that everybody may enter.
func openDir(t testing.TB) string {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// busyboxUserland is a PATH with nothing but the applets of BusyBox.
func busyboxUserland(t testing.TB) string {
	busybox := testenv.Program(t, "busybox", "busybox")
	dir := openDir(t)
	out, err := exec.CommandContext(t.Context(), busybox, "--install", "-s", dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}
