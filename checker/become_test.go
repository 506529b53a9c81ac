package checker_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

func TestBecomeAnotherUserThanRoot(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	other, home := s.NewUser(t)
	require.NoError(t, os.Chmod(home, 0o700))
	ownedBy := func(path, reference string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(path, []byte("x"), mode))
		info, err := os.Stat(reference)
		require.NoError(t, err)
		chownLike(t, path, info)
	}
	ownedBy(filepath.Join(home, "mine"), home, 0o600)
	ownedBy(filepath.Join(home, ".profile"), home, 0o600)
	require.NoError(t, os.WriteFile(filepath.Join(home, ".profile"), []byte("export EDITOR=vi\n"), 0o600))
	writeHome(t, s, map[string]string{"motd": "x", ".profile": "export EDITOR=vim\n"})
	require.NoError(t, os.Chmod(s.Home, 0o755))
	roots := filepath.Join(t.TempDir(), "roots")
	require.NoError(t, os.WriteFile(roots, []byte("x"), 0o600))
	for dir := filepath.Dir(roots); dir != os.TempDir(); dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755))
	}
	m := machineOf(s)
	m.Become, m.BecomeUser = true, other
	mine := "  files: [{path: " + filepath.Join(home, "mine") + ", owner: " + other + ", content: x}]\n"
	ofTheLogin := "  files: [{path: ~/motd, owner: " + s.User + ", content: x}]\n"
	editor := "  settings: [{key: EDITOR, expected: vi, type: env_var}]\n"

	for name, refuse := range map[string]func(){
		"nothing is allowed": func() { s.RefuseSudo(t) }, "another user is": func() { s.AllowSudoAs(t, "nobody") },
		"it asks for a password": func() { s.AskSudo(t) },
	} {
		t.Run(name, func(t *testing.T) {
			refuse()
			out := checkReal(t, m, mine)
			require.NotNil(t, out.Failure)
			assert.Equal(t, state.ReasonBecome, out.Failure.Reason, out.Failure.Message)
			assert.Contains(t, out.Failure.Message, "(sudoers must allow "+s.User+" ("+other+") NOPASSWD: /bin/sh)")
		})
	}

	s.AllowSudoAs(t, other)
	out := checkReal(t, m, mine+editor)
	require.NotNil(t, out.Failure, "whose variables are meant is the login's user, whom only root can become")
	assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason)
	assert.Equal(t, []string{"error EDITOR: only root can ask the login shell of another user"}, summary(out))

	out = checkReal(t, m, mine)
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Empty(t, summary(out))
	assert.Equal(t, s.User, out.Facts.User)

	out = checkReal(t, m, ofTheLogin)
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Empty(t, summary(out), "~ is the login's")
	require.NoError(t, os.Chmod(s.Home, 0o700))
	out = checkReal(t, m, ofTheLogin)
	require.NotNil(t, out.Failure, "what the other user cannot read is not missing")
	assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason)

	out = checkReal(t, m, "  files: [{path: "+roots+", content: x}]\n")
	require.NotNil(t, out.Failure, "nor is it root")
	assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason)

	m.ConfigUser = other
	out = checkReal(t, m, "  files: [{path: ~/mine, owner: "+other+", content: x}]\n"+editor)
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Empty(t, summary(out), "~ and the variables are of config_user")
	assert.Equal(t, home, out.Facts.Home)

	m.BecomeUser = "" // root
	out = checkReal(t, m, mine)
	require.NotNil(t, out.Failure)
	assert.Equal(t, state.ReasonBecome, out.Failure.Reason, "sudo allows the other user only")
}

// chownLike gives a file to the owner of another.
func chownLike(t *testing.T, path string, of os.FileInfo) {
	t.Helper()
	owner, ok := of.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	require.NoError(t, os.Chown(path, int(owner.Uid), int(owner.Gid)))
}
