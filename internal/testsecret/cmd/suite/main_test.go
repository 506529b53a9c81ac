package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

// suite runs a package's test and returns what is printed of it.
func suite(t *testing.T, test string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module x\n\ngo 1.26\n", "x_test.go": "package x\n\nimport \"testing\"\n\n" + test,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	var out strings.Builder
	err := run([]string{"go", "test", "-C", dir, "-json", "-count=1", "./..."}, &out)
	return out.String(), err
}

func TestASuiteFailsWithItsTestsOrWithWhatTheyGiveAway(t *testing.T) {
	_, err := exec.LookPath("go")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		test, says, not, err string
	}{
		"all is well":             {`func TestA(t *testing.T) { t.Log("quiet") }`, "ok  \tx\t", "quiet", ""},
		"a test fails":            {`func TestA(t *testing.T) { t.Error("loud") }; func TestB(t *testing.T) { t.Log("quiet") }`, "loud", "quiet", "go test: exit status 1"},
		"it does not build":       {`func TestA(t *testing.T) { nothing() }`, "undefined: nothing", "", "go test: exit status 1"},
		"it panics":               {`func TestA(t *testing.T) { t.Log("quiet"); panic("loud") }`, "loud", "", "go test: exit status 1"},
		"a secret in a good test": {`func TestA(t *testing.T) { t.Log("` + testsecret.Of("x") + `") }`, "planted secret in the output of x TestA", "", "1 lines of the tests' output hold planted secrets"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := suite(t, c.test)
			if c.err == "" {
				require.NoError(t, err, out)
			} else {
				require.EqualError(t, err, c.err, out)
			}
			assert.Contains(t, out, c.says)
			if c.not != "" {
				assert.NotContains(t, out, c.not)
			}
		})
	}
}
