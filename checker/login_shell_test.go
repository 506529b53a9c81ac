package checker_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// loginShell is a login shell, with files that print as soon as it starts, for a command too where it reads any then,
// and that export EDITOR, EMPTY and TEXT to a login.
type loginShell struct {
	program, debianPackage string
	files                  map[string]string
}

const (
	posixProfile = "echo Welcome; echo careful >&2\nexport EDITOR=vim EMPTY= TEXT='a \"b\" $c \\d'\n"
	cshLogin     = "setenv EDITOR vim\nsetenv EMPTY ''\nsetenv TEXT 'a \"b\" $c \\d'\n"
	cshRun       = "echo Welcome\nsh -c 'echo careful >&2'\nset prompt = '% '\n"
)

var loginShells = []loginShell{
	{"dash", "dash", map[string]string{".profile": posixProfile}},
	{"bash", "bash", map[string]string{".bash_profile": posixProfile, ".bashrc": "echo Hello; echo careful >&2; export EDITOR=ed\n"}},
	{"zsh", "zsh", map[string]string{".zprofile": posixProfile, ".zshenv": "echo Hello; print -u2 careful; export EDITOR=ed\n"}},
	{"mksh", "mksh", map[string]string{".profile": posixProfile}},
	{"fish", "fish", map[string]string{".config/fish/config.fish": "echo Welcome\necho careful >&2\n" +
		"set -gx EDITOR vim\nset -gx EMPTY ''\nset -gx TEXT 'a \"b\" $c \\\\d'\nfunction fish_greeting; echo hi; end\n"}},
	{"tcsh", "tcsh", map[string]string{".tcshrc": cshRun, ".login": cshLogin}},
	{"csh", "tcsh", map[string]string{".cshrc": cshRun, ".login": cshLogin}},
}

func TestVerdictsAreTheSameUnderEveryLoginShell(t *testing.T) {
	const items = `  files:
    - {path: ~/motd, mode: "0600", content: "hello\nworld\n"}
    - {path: "~/it's \"odd\" $HOME", content: "x"}
    - {path: ~/missing}
    - {path: /etc/passwd, owner: root, type: file}
  packages:
    - {name: dpkg, min_version: "1.0"}
    - {name: bash, min_version: "999"}
    - {name: no-such-package}
  settings:
    - {key: kernel.ostype, expected: Linux, type: sysctl}
    - {key: kernel.osrelease, expected: Minix, type: sysctl}
    - {key: EDITOR, expected: vim, type: env_var}
    - {key: EMPTY, expected: "", type: env_var}
    - {key: TEXT, expected: "a \"b\" $c \\d", type: env_var}
    - {key: UNSET, expected: "", type: env_var}
    - {key: SSH_CONNECTION, expected: none, type: env_var}
`
	var first []string
	for _, shell := range loginShells {
		t.Run(shell.program, func(t *testing.T) {
			s := testsshd.Start(t, testsshd.Options{Shell: testenv.Program(t, shell.program, shell.debianPackage)})
			files := map[string]string{"motd": "hello\n", "it's \"odd\" $HOME": "x"}
			for name, text := range shell.files {
				files[name] = text
			}
			writeHome(t, s, files)
			for _, become := range []bool{false, true} {
				m := machineOf(s)
				if m.Become = become; become {
					s.AllowSudo(t)
				}
				out := checkReal(t, m, items)
				require.Nil(t, out.Failure, "become %t: %v", become, out.Failure)
				got := summary(out)
				if first == nil {
					first = got
					assert.Len(t, got, 8, "%v", got)
				}
				assert.Equal(t, first, got, "become %t", become)
				assert.Equal(t, s.User, out.Facts.User)
			}
			assert.Equal(t, 2, s.Connections(), s.Log())
		})
	}
}

// writeHome writes files of the server's user.
func writeHome(t *testing.T, s *testsshd.Server, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(s.Home, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		for f := file; f != s.Home; f = filepath.Dir(f) {
			require.NoError(t, s.Chown(f))
		}
	}
}

func summary(out checker.Outcome) []string {
	var lines []string
	for _, r := range out.Results {
		for _, m := range r.Mismatches {
			line := m.Type + " " + m.Item + ": " + m.Expected
			if m.Type != "wrong_version" { // which depends on the system
				line += " → " + m.Actual
			}
			lines = append(lines, line+m.Diff)
		}
		for _, e := range r.Errors {
			lines = append(lines, "error "+e.Item+": "+e.Error)
		}
	}
	return lines
}
