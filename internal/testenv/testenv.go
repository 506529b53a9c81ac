// Package testenv says what a test does where a part that it needs is missing: it is skipped, and with CI=true in the
// environment it fails, since a test that did not run has shown nothing. It is for tests only.
package testenv

import (
	"os"
	"os/exec"
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
