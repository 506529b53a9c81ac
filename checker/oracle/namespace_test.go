package oracle_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// inNamespace is this machine with a namespace of its own, "net" or "mount", that a command has prepared: what is
// changed there, the host does not see. It lasts until the test ends, since its keeper's standard input does.
func inNamespace(t testing.TB, name, namespace, prepare string, args ...string) machine {
	root(t)
	keeper := exec.Command(testenv.Program(t, "unshare", "util-linux"),
		append([]string{"--" + namespace, "sh", "-c", "set -e; " + prepare + "; echo ready; exec cat", "sh"}, args...)...)
	var diagnosis strings.Builder
	keeper.Stderr = &diagnosis
	stdin, err := keeper.StdinPipe()
	require.NoError(t, err)
	stdout, err := keeper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, keeper.Start())
	t.Cleanup(func() {
		assert.NoError(t, stdin.Close())
		assert.NoError(t, keeper.Wait())
	})
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	require.Equal(t, "ready\n", line, "%s", &diagnosis)
	file := map[string]string{"net": "net", "mount": "mnt"}[namespace]
	inside := []string{testenv.Program(t, "nsenter", "util-linux"), fmt.Sprintf("--%s=/proc/%d/ns/%s", namespace, keeper.Process.Pid, file)}
	return here(name, inside, []string{testenv.Program(t, "dash", "dash")})
}

// twoNames is a machine that knows the number 54322 by two names each, as user and as group. It has a whole /etc of its
// own: a mount on one file there would vanish as soon as somebody else replaces that file.
func twoNames(t testing.TB) machine {
	m := inNamespace(t, "two names for a number", "mount", `cp -a /etc "$1"
		for name in oracle oraclealias; do
			echo "$name:x:54322:54322::/:/bin/sh" >>"$1/etc/passwd"
			echo "$name:x:54322:" >>"$1/etc/group"
		done
		mount --bind "$1/etc" /etc`, openDir(t))
	m.ids = []int{54322, 54322, 54322, 54322, 54322}
	return m
}
