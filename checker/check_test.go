package checker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const passwdOwner = "  files: [{path: /etc/passwd, owner: root}]"

// failing is a transport that cannot start anything.
type failing struct{ err error }

func (f failing) Start(context.Context, *config.Machine, []string) (Session, error) {
	return nil, f.err
}

// unused is a transport that must not be used.
type unused struct{ t testing.TB }

func (u unused) Start(context.Context, *config.Machine, []string) (Session, error) {
	u.t.Error("a connection was made")
	return nil, errors.New("not wanted")
}

func TestMachinesThatAreNotToBeCheckedAreNotConnectedTo(t *testing.T) {
	f := onePack(t, passwdOwner, func(m *config.Machine) { m.Enabled = false })
	out := check(t, unused{t}, f)
	assert.Equal(t, "internal: drift detection is disabled for the machine", out.Failure.Error())
	assert.Empty(t, out.Results)

	out = checkerOf(unused{t}).Check(t.Context(), f, "stranger", "")
	assert.Equal(t, "internal: the machine is not in the fleet", out.Failure.Error())
	assert.Empty(t, out.Results)

	f = onePack(t, passwdOwner, func(m *config.Machine) { m.Packs = nil })
	out = check(t, unused{t}, f)
	assert.Nil(t, out.Failure)
	assert.Empty(t, out.Results)
}

func TestFailuresOfTheTransportAreKept(t *testing.T) {
	f := onePack(t, passwdOwner, nil)
	refused := &state.Failure{Reason: state.ReasonConnect, Message: "connection refused\x1b[0m", Retry: true}
	for _, c := range []struct {
		err    error
		reason state.Reason
		text   string
	}{
		{refused, state.ReasonConnect, `connection refused\x1b[0m`},
		{fmt.Errorf("m1: %w", refused), state.ReasonConnect, `connection refused\x1b[0m`},
		{&state.Failure{Reason: state.ReasonHostKey, Message: "changed"}, state.ReasonHostKey, "changed"},
		{errors.New("surprise"), state.ReasonInternal, "surprise"},
	} {
		out := check(t, failing{c.err}, f)
		require.NotNil(t, out.Failure)
		assert.Equal(t, c.reason, out.Failure.Reason)
		assert.Equal(t, c.text, out.Failure.Message)
		assert.Equal(t, c.reason == state.ReasonConnect, out.Failure.Retry)
		assert.Equal(t, out.Failure, out.Results[0].Failure)
		assert.Equal(t, state.Unknown, out.Results[0].Status)
		assert.Equal(t, 1, out.Results[0].Items)
	}
}

func TestSessionsThatBreakOff(t *testing.T) {
	lost := &state.Failure{Reason: state.ReasonTimeout, Message: "no keepalive", Retry: true}
	for _, c := range []struct {
		name   string
		s      scripted
		become bool
		reason state.Reason
		want   string
	}{
		{"nothing at all", scripted{}, false, state.ReasonProtocol, "the login ended before the script was ready"},
		{"a login that runs no commands", scripted{output: "not available\n", ended: &ExitError{Status: 1}}, false, state.ReasonProtocol, "the login ended before the script was ready: exit status 1"},
		{"no shell", scripted{stderr: "sh: not found\n", ended: &ExitError{Status: 127}}, false, state.ReasonProtocol, "the login ended before the script was ready: exit status 127: sh: not found"},
		{"killed later", scripted{output: "\n" + readyLine + "\n", ended: &ExitError{Status: -1, Signal: "KILL"}}, false, state.ReasonProtocol, "the output broke off: ended by signal KILL"},
		{"connection lost", scripted{output: "\n" + readyLine + "\n", ended: fmt.Errorf("read: %w", lost)}, false, state.ReasonTimeout, "no keepalive"},
		{"sudo wants a password", scripted{stderr: "sudo: a password is required\n", ended: &ExitError{Status: 1}}, true, state.ReasonBecome, "sudo refused: sudo: a password is required (sudoers must allow the user who logs in NOPASSWD: /bin/sh)"},
		{"sudo refuses in French", scripted{stderr: "Désolé, l'utilisateur jean n'est pas autorisé à exécuter « /bin/sh » en tant que root sur web1.\n", ended: &ExitError{Status: 1}}, true, state.ReasonBecome, "sudo refused: Désolé, l'utilisateur jean n'est pas autorisé à exécuter « /bin/sh » en tant que root sur web1. (sudoers must allow the user who logs in NOPASSWD: /bin/sh)"},
		{"sudo is not there", scripted{stderr: "bash: sudo: command not found\n", ended: &ExitError{Status: 127}}, true, state.ReasonBecome, "sudo refused: bash: sudo: command not found (sudoers must allow the user who logs in NOPASSWD: /bin/sh)"},
		{"nologin, before sudo", scripted{output: "not available\n", ended: &ExitError{Status: 1}}, true, state.ReasonProtocol, "the login ended before the script was ready: exit status 1"},
		{"something else than sudo", scripted{stderr: "quota exceeded\n", ended: &ExitError{Status: 1}}, true, state.ReasonProtocol, "the login ended before the script was ready: exit status 1: quota exceeded"},
		{"the shell under sudo is killed", scripted{output: "\n" + readyLine + "\n", stderr: "sudo: noise", ended: &ExitError{Status: 1}}, true, state.ReasonProtocol, "the output broke off: exit status 1: sudo: noise"},
		{"endless noise", scripted{output: strings.Repeat("noise\n", maxNoise/5)}, false, state.ReasonProtocol, errNoise.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := check(t, c.s, onePack(t, passwdOwner, func(m *config.Machine) { m.Become = c.become }))
			require.NotNil(t, out.Failure)
			assert.Equal(t, c.reason, out.Failure.Reason)
			assert.Equal(t, c.want, out.Failure.Message)
			assert.Equal(t, state.Unknown, out.Results[0].Status)
		})
	}
}

func TestRefusingSudo(t *testing.T) {
	tools := toolbox(t)
	fakeTool(t, tools, "sudo", `echo "$*" >'`+tools+`/args'; echo "sudo: a password is required" >&2; exit 1`)
	f := onePack(t, passwdOwner, func(m *config.Machine) { m.Become, m.BecomeUser = true, "admin" })
	out := check(t, realCommand{path: tools + ":"}, f)
	require.NotNil(t, out.Failure)
	assert.Equal(t, "become: sudo refused: sudo: a password is required (sudoers must allow the user who logs in (admin) NOPASSWD: /bin/sh)", out.Failure.Error())
	args, err := os.ReadFile(filepath.Join(tools, "args"))
	require.NoError(t, err)
	assert.Equal(t, "-n -u admin -- /bin/sh\n", string(args))
}

func TestWillingSudo(t *testing.T) {
	tools := toolbox(t)
	fakeTool(t, tools, "sudo", `shift 4; SUDO_USER=nobody exec "$@"`)
	f := onePack(t, passwdOwner, func(m *config.Machine) { m.Become = true })
	out := check(t, realCommand{path: tools + ":"}, f)
	require.Nil(t, out.Failure)
	assert.Equal(t, "nobody", out.Facts.User, "~ is of who logged in, not of root")
}

func TestCommandsAreMadeOfPlainWords(t *testing.T) {
	for _, change := range []func(*config.Machine){
		func(m *config.Machine) { m.Become, m.BecomeUser = true, "$(x)" },
		func(m *config.Machine) { m.Become, m.BecomeUser = true, "-x" },
		func(m *config.Machine) { m.Become, m.BecomeUser = true, "" },
		func(m *config.Machine) { m.SSH.Helper = "/usr/bin/my helper" },
	} {
		out := check(t, unused{t}, onePack(t, passwdOwner, change))
		require.NotNil(t, out.Failure)
		assert.Equal(t, state.ReasonInternal, out.Failure.Reason)
	}
}

// silent is a machine that takes everything and says nothing until its context ends.
type silent struct{}

func (silent) Start(ctx context.Context, _ *config.Machine, _ []string) (Session, error) {
	return startProcess(ctx, []string{"/bin/sleep", "1000"}, nil)
}

func TestSilentMachineTimesOut(t *testing.T) {
	f := onePack(t, passwdOwner, nil)
	f.Config.Check.Timeout = 50 * time.Millisecond
	out := check(t, silent{}, f)
	require.NotNil(t, out.Failure)
	assert.Equal(t, state.ReasonTimeout, out.Failure.Reason)
	assert.True(t, out.Failure.Retry)
}

func TestCancelledCheckGivesNoVerdict(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := checkerOf(silent{}).Check(ctx, onePack(t, passwdOwner, nil), "m1", "")
	require.NotNil(t, out.Failure)
	require.ErrorIs(t, out.Failure, context.Canceled)
	assert.Equal(t, state.Unknown, out.Results[0].Status)
}

func TestResultsCarryWhatTheJudgeNeeds(t *testing.T) {
	f := fleetOf(t, map[string]string{"a.yaml": "items:\n" + passwdOwner, "b.yaml": "items:\n  files:\n    - path: /nope\n"}, nil)
	clock := clockwork.NewFakeClockAt(time.Date(2026, 1, 29, 6, 0, 3, 120_456_789, time.FixedZone("x", 3600)))
	c := checkerOf(shells(t)[0])
	c.clock = clock
	out := c.Check(t.Context(), f, "m1", "2026-01-29T05:00:00Z")
	require.Nil(t, out.Failure)
	require.Len(t, out.Results, 2)
	a, b := out.Results[0], out.Results[1]
	assert.Equal(t, state.Key{Machine: "m1", Pack: "a"}, a.Key)
	assert.Equal(t, state.Compliant, a.Status)
	assert.Equal(t, time.Date(2026, 1, 29, 5, 0, 3, 120_000_000, time.UTC), a.At)
	assert.Equal(t, "2026-01-29T05:00:00Z", a.Run)
	assert.Equal(t, state.Drifted, b.Status)
	assert.Equal(t, []state.Mismatch{{Type: "missing_file", Kind: "file", Item: "/nope", Expected: "present", Actual: "absent", Source: "packs/b.yaml:3"}}, b.Mismatches)
	assert.Len(t, b.PackDigest, 64)
	assert.Len(t, b.Definitions["file /nope"], 16)
	assert.NotEmpty(t, out.Facts.OS)
}
