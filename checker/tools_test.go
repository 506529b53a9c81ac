package checker

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// toolbox is a PATH with just these programs, each a link to the real one.
func toolbox(t testing.TB, programs ...string) string {
	dir := filepath.Join(t.TempDir(), "bin")
	require.NoError(t, os.Mkdir(dir, 0o755))
	for _, program := range programs {
		require.NoError(t, os.Symlink(need(t, program), filepath.Join(dir, program)))
	}
	return dir
}

// fakeTool puts a shell script in the place of a program.
func fakeTool(t testing.TB, dir, program, script string) {
	file := filepath.Join(dir, program)
	_ = os.Remove(file)
	require.NoError(t, os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

// countingTools is a PATH with these programs, each of which adds its name to a file when it is started.
func countingTools(t testing.TB, file string, programs ...string) string {
	dir := toolbox(t)
	for _, program := range programs {
		fakeTool(t, dir, program, "echo "+program+" >>'"+file+"'\nexec "+need(t, program)+` "$@"`)
	}
	return dir
}
