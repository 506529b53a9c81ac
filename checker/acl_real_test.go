package checker_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// An account without any privilege sees what access control lists let it see; the rest is unreadable, and no verdict.
func TestAccessControlListsLetAnAccountReadWhatTheyName(t *testing.T) {
	setfacl := testenv.Program(t, "setfacl", "acl")
	s := testsshd.Start(t, testsshd.Options{})
	dir := filepath.Join(t.TempDir(), "etc")
	for above := filepath.Dir(dir); above != os.TempDir(); above = filepath.Dir(above) {
		require.NoError(t, os.Chmod(above, 0o755))
	}
	require.NoError(t, os.Mkdir(dir, 0o700))
	file := filepath.Join(dir, "app.conf")
	write := func(path string) { require.NoError(t, os.WriteFile(path, []byte("hello\n"), 0o600)) }
	write(file)
	grant := func(args ...string) {
		out, err := exec.Command(setfacl, args...).CombinedOutput()
		if err != nil {
			testenv.Missing(t, "a file system with POSIX access control lists below %s: %s", os.TempDir(), out)
		}
	}
	content := "  files: [{path: " + file + ", content: \"hello\\n\"}]\n"
	unreadable := func(why string) {
		t.Helper()
		out := checkReal(t, machineOf(s), content)
		require.NotNil(t, out.Failure, why)
		assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason)
		assert.Equal(t, state.Unknown, out.Results[0].Status)
		assert.Empty(t, out.Results[0].Mismatches)
	}
	compliant := func(why, items string) {
		t.Helper()
		out := checkReal(t, machineOf(s), items)
		require.Nil(t, out.Failure, "%s: %v", why, out.Failure)
		assert.Empty(t, summary(out), why)
	}

	unreadable("nothing is allowed")
	grant("-m", "u:"+s.User+":r", file)
	unreadable("the directory above it is not")
	grant("-m", "u:"+s.User+":x", dir)
	compliant("the file and the way to it", content)
	compliant("what is shown as the group's mode is the mask of the list", "  files: [{path: "+file+", mode: \"0640\", owner: root}]\n")

	replaced := file + ".new"
	write(replaced)
	require.NoError(t, os.Rename(replaced, file))
	unreadable("what replaces the file has no list")
	grant("-d", "-m", "u:"+s.User+":rX", dir)
	require.NoError(t, os.WriteFile(replaced, []byte("hello\n"), 0o644))
	require.NoError(t, os.Rename(replaced, file))
	compliant("the directory's default list is what new files get", content)
	require.NoError(t, os.Chmod(file, 0o600))
	unreadable("chmod takes the mask away")
}
