// Package testenv says what a test does where a part that it needs is missing: it is skipped, and with CI=true in the
// environment it fails, since a test that did not run has shown nothing. It is for tests only.
package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Missing ends a test that lacks something. The text says exactly what, and where to get it.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: "+format, args...)
	}
	t.Skipf("missing: "+format, args...)
}

// Program is the path of a program that a Debian package brings.
func Program(t testing.TB, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "%s (Debian package %s)", name, debianPackage)
	}
	return path
}

// Built is the path of a program that the Makefile builds: bin/name of this repository, or, for alertmanager for one, what
// DRIFT_TEST_ALERTMANAGER names.
func Built(t testing.TB, name string) string {
	t.Helper()
	variable := "DRIFT_TEST_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	file := os.Getenv(variable)
	if file == "" {
		file = filepath.Join(Repository(t), "bin", name)
	}
	if info, err := os.Stat(file); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
		Missing(t, "%s is not an executable (make bin/%s builds %s; or set %s)", file, name, name, variable)
	}
	return file
}

// Repository is the folder with go.mod, upwards from where the test runs.
func Repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = parent
	}
}
