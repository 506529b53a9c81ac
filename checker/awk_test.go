package checker

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Awks differ in what they take for a function, a regular expression or a broken file. Those that are installed are
// tried; mawk and BusyBox always are.
func TestEveryAwkGivesTheSameAnswers(t *testing.T) {
	need(t, "mawk")
	busybox := need(t, "busybox")
	for _, awk := range []string{"mawk", "gawk", "original-awk", "busybox"} {
		program, err := exec.LookPath(awk)
		if err != nil {
			continue
		}
		t.Run(awk, func(t *testing.T) {
			a := newAccount(t, "1000", need(t, "bash"), profile)
			require.NoError(t, os.Remove(filepath.Join(a.tools, "awk")))
			require.NoError(t, os.Symlink(program, filepath.Join(a.tools, "awk")))
			require.NoError(t, os.Symlink(busybox, filepath.Join(a.tools, "stat")))
			fakeTool(t, a.tools, "dpkg-query", dpkgList)
			r := checkOne(t, asDebian(a.over(shells(t)[0])), `
  packages: [{name: plain, min_version: 3}, {name: "pl*"}, {name: multi}]
  settings:
    - {key: EDITOR, expected: vim, type: env_var}
    - {key: TWO_LINES, expected: x, type: env_var}
    - {key: kernel.ostype, expected: Linux, type: sysctl}
    - {key: kernel.no_such_thing, expected: x, type: sysctl}
`)
			assert.Equal(t, []string{
				"wrong_version plain: >= 3 → 1:2.3.4-5", "missing_package pl*: installed → absent",
				`wrong_setting TWO_LINES: x → a\nb\n`, "wrong_setting kernel.no_such_thing: x → (absent)",
			}, brief(r.Mismatches))
		})
	}
}
