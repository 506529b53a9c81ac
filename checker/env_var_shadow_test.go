package checker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// What a profile may call like the programs and builtins that a check could be thought to use.
const (
	posixFunctions = "env() { printf 'FOO=bar\\0BAZ=x\\0'; }\nREAL=yes; export REAL\n"
	posixAliases   = "alias env=true printf=true exit=true command=true exec=true\nREAL=yes; export REAL\n"
	printfFunction = "printf() { :; }\nexit() { :; }\nexec() { :; }\ncommand() { :; }\nREAL=yes; export REAL\n"
	cshAliases     = "alias env true\nalias printf true\nalias exit true\nsetenv REAL yes\n"
	fishFunctions  = "function env; command printf 'FOO=bar\\0BAZ=x\\0'; end\nfunction printf; end\nalias exit=true\nset -gx REAL yes\n"
)

func TestNamesThatAProfileTakesChangeNothing(t *testing.T) {
	f := onePack(t, "  settings: [{key: FOO, expected: bar, type: env_var}, {key: BAZ, expected: x, type: env_var}, {key: REAL, expected: \"yes\", type: env_var}]", nil)
	for _, c := range []struct{ name, program, debianPackage, file, text string }{
		{"function in dash", "dash", "dash", ".profile", posixFunctions},
		{"function in bash", "bash", "bash", ".profile", posixFunctions},
		{"function in mksh", "mksh", "mksh", ".profile", posixFunctions},
		{"function in zsh", "zsh", "zsh", ".zprofile", posixFunctions},
		{"aliases in dash", "dash", "dash", ".profile", posixAliases},
		{"aliases in bash", "bash", "bash", ".profile", "shopt -s expand_aliases\n" + posixAliases},
		{"aliases in mksh", "mksh", "mksh", ".profile", posixAliases},
		{"aliases in zsh", "zsh", "zsh", ".zprofile", "setopt aliases\n" + posixAliases},
		{"alias of the path in zsh", "zsh", "zsh", ".zprofile", "alias PATH_OF_ENV=true\n" + posixAliases},
		{"functions in bash", "bash", "bash", ".profile", printfFunction},
		{"functions in zsh", "zsh", "zsh", ".zprofile", printfFunction},
		{"functions in fish", "fish", "fish", ".config/fish/config.fish", fishFunctions},
		{"aliases in tcsh", "tcsh", "tcsh", ".tcshrc", cshAliases},
		{"aliases in csh", "csh", "tcsh", ".cshrc", cshAliases},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAccount(t, "1000", testenv.Program(t, c.program, c.debianPackage), "")
			file := filepath.Join(a.home, c.file)
			text := []byte(strings.ReplaceAll(c.text, "PATH_OF_ENV", filepath.Join(a.tools, "env")))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, text, 0o644))
			eachShell(t, func(t *testing.T, sh shell) {
				out := check(t, a.over(sh), f)
				require.Nil(t, out.Failure, "%v", out.Failure)
				assert.Equal(t, []string{"wrong_setting FOO: bar → (unset)", "wrong_setting BAZ: x → (unset)"}, brief(out.Results[0].Mismatches))
			})
		})
	}
}

func TestPathOfEnvMustBePlain(t *testing.T) {
	a := newAccount(t, "1000", need(t, "dash"), "export EDITOR=vim")
	odd := filepath.Join(t.TempDir(), "odd; exit")
	require.NoError(t, os.Rename(a.tools, odd))
	a.tools = odd
	eachShell(t, func(t *testing.T, sh shell) {
		out := check(t, a.over(sh), onePack(t, "  settings: [{key: EDITOR, expected: vim, type: env_var}]", nil))
		require.NotNil(t, out.Failure)
		assert.Equal(t, "env is not in a directory of PATH whose name any shell could be told", out.Results[0].Errors[0].Error)
	})
}
