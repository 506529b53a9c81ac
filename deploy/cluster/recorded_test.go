package cluster_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
)

// answers are what a shell writes in one dialogue, by its steps.
type answers struct{ facts, compliant, drifted, bye string }

// recordedNonce is that of the recording; each session's own takes its place.
const recordedNonce = "00112233445566778899aabbccddeeff"

// recordAnswers has the real script look at a file, with the mode that the pack wants and with another.
func recordAnswers(t *testing.T) (said *answers, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "app.conf")
	require.NoError(t, os.WriteFile(file, []byte("x\n"), 0o600))
	drifted := record(t, file)
	require.NoError(t, os.Chmod(file, 0o644))
	compliant := record(t, file)
	require.NotEqual(t, compliant[2], drifted[2])
	return &answers{facts: compliant[0] + compliant[1], compliant: compliant[2], drifted: drifted[2], bye: compliant[3]}, file
}

// record runs the script. What is asked follows once it is ready: before, the shell might take it for more of the script.
func record(t *testing.T, file string) (parts [4]string) {
	t.Helper()
	cmd := exec.Command("/bin/sh")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = io.WriteString(stdin, checker.Script(checker.AllOps()...))
	require.NoError(t, err)
	ends := []string{" ready", recordedNonce + " facts", recordedNonce + " stage 1", recordedNonce + " bye 1"}
	part, out := 0, bufio.NewScanner(stdout)
	for part < len(parts) && out.Scan() {
		parts[part] += out.Text() + "\n"
		if !strings.HasSuffix(out.Text(), ends[part]) {
			continue
		}
		if part == 0 {
			_, err = io.WriteString(stdin, recordedNonce+"\nlogin\n\nfile\n="+file+"\n.\nstage\nbye\n")
			require.NoError(t, err)
		}
		part++
	}
	require.NoError(t, cmd.Wait())
	require.Len(t, parts, part, "%q", parts)
	return parts
}
