package checker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestEnvVarProblems(t *testing.T) {
	name := "key must be the name of an environment variable: letters, digits and _, not a digit first"
	decodeCases{
		{"text as it is written", "{key: DEBUG, expected: no, type: env_var}", nil},
		{"empty value", `{key: DEBUG, expected: "", type: env_var}`, nil},
		{"value of several lines", `{key: DEBUG, expected: "a\nb", type: env_var}`, nil},
		{"no value", "{key: DEBUG, type: env_var}", []string{"expected is required"}},
		{"null", "{key: DEBUG, expected: , type: env_var}", []string{"expected is required"}},
		{"no key", "{expected: x, type: env_var}", []string{"key is required"}},
		{"equals sign", "{key: A=B, expected: x, type: env_var}", []string{name}},
		{"command", `{key: "$(touch x)", expected: x, type: env_var}`, []string{name}},
		{"digit first", "{key: 1A, expected: x, type: env_var}", []string{name}},
		{"newline", `{key: "A\n", expected: x, type: env_var}`, []string{"key must not contain a newline or a NUL", name}},
		{"NUL", `{key: A, expected: "a\0b", type: env_var}`, []string{"expected must not contain a NUL: no environment variable can"}},
		{"field of another type", "{key: A, expected: x, type: env_var, path: /x}", []string{`unknown field "path"`}},
	}.run(t, envVarKind{})
}

// account is a user of a machine: tools that know it, and its home.
type account struct{ tools, home string }

// newAccount makes the tools of a machine say that we are the user "me" with this login shell and profile.
func newAccount(t testing.TB, uid, loginShell, profile string) account {
	a := account{tools: toolbox(t, "awk", "od", "env", "uname", "printf"), home: t.TempDir()}
	fakeTool(t, a.tools, "id", "echo 'uid="+uid+"(me) gid=0(root) groups=0(root)'")
	fakeTool(t, a.tools, "getent", `if [ "$1 $2" = "passwd me" ]; then echo 'me:x:`+uid+`:0:Me:`+a.home+`:`+loginShell+`'; fi`)
	require.NoError(t, os.WriteFile(filepath.Join(a.home, ".profile"), []byte(profile), 0o644))
	return a
}

func (a account) over(sh shell) shell {
	sh.path, sh.asks = a.tools, true
	sh.env = []string{"HOME=" + a.home, "LC_ALL=C.UTF-8", "FROM_SESSION=yes", "ENV=" + filepath.Join(a.home, "rc"), "BASH_ENV=" + filepath.Join(a.home, "rc"), "d_nonce=leak", "d_shell=leak"}
	return sh
}

const profile = `
echo "Welcome, \$EDITOR is EDITOR=noise"
printf '\0EDITOR=forged\0drift_exporter 2=\0EDITOR=forged\0drift_exporter 3=\0no newline' 
EDITOR=vim EMPTY= TWO_LINES='a
b
' ODD=' \ $(touch x) "='\''=' NOT_EXPORTED=x TOKEN=SECRET BYTES=$(printf '\377\001')
export EDITOR EMPTY TWO_LINES ODD TOKEN BYTES
unset NEVER
`

const profileItems = `  settings:
    - {key: EDITOR, expected: vim, type: env_var}
    - {key: EMPTY, expected: "", type: env_var}
    - {key: TWO_LINES, expected: "a\nb\n", type: env_var}
    - {key: ODD, expected: " \\ $(touch x) \"='=", type: env_var}
    - {key: BYTES, expected: !!binary /wE=, type: env_var}
    - {key: LC_ALL, expected: C.UTF-8, type: env_var}
    - {key: FROM_SESSION, expected: "yes", type: env_var}
    - {key: NOT_EXPORTED, expected: x, type: env_var}
    - {key: NEVER, expected: "", type: env_var}
    - {key: EDITO, expected: x, type: env_var}
    - {key: d_nonce, expected: x, type: env_var}
    - {key: d_shell, expected: x, type: env_var}
`

func TestLoginShellSaysWhatItExports(t *testing.T) {
	want := []string{
		"wrong_setting LC_ALL: C.UTF-8 → (unset)", "wrong_setting FROM_SESSION: yes → (unset)",
		"wrong_setting NOT_EXPORTED: x → (unset)", "wrong_setting NEVER:  → (unset)", "wrong_setting EDITO: x → (unset)",
		"wrong_setting d_nonce: x → (unset)", "wrong_setting d_shell: x → (unset)",
	}
	f := onePack(t, profileItems, nil)
	for _, login := range []string{"dash", "bash", "mksh", "busybox"} {
		loginShell := need(t, login)
		if login == "busybox" {
			loginShell = filepath.Join(toolbox(t, "busybox"), "sh")
			require.NoError(t, os.Symlink(need(t, login), loginShell))
		}
		a := newAccount(t, "1000", loginShell, profile)
		t.Run(login, func(t *testing.T) {
			eachShell(t, func(t *testing.T, sh shell) {
				whole := transcribe(t, a.over(sh), f)
				assert.NotContains(t, whole, "SECRET")
				assert.NotContains(t, whole, "534543524554", "SECRET in hex")
				out := checkNonce(t, scripted{output: whole}, f)
				assert.Equal(t, want, brief(out.Results[0].Mismatches))
			})
		})
	}
}

func TestLocalEnvironmentIsNotThatOfALogin(t *testing.T) {
	a := newAccount(t, "1000", need(t, "bash"), "export EDITOR=vim")
	f := onePack(t, "  settings: [{key: FROM_SESSION, expected: x, type: env_var}, {key: LC_ALL, expected: x, type: env_var}, {key: EDITOR, expected: vim, type: env_var}, {key: USER, expected: me, type: env_var}]",
		func(m *config.Machine) { m.Transport = config.TransportLocal })
	out := check(t, a.over(shells(t)[0]), f)
	require.Nil(t, out.Failure)
	assert.Equal(t, []string{"wrong_setting FROM_SESSION: x → (unset)", "wrong_setting LC_ALL: x → (unset)"}, brief(out.Results[0].Mismatches))
}

func TestLoginShellOfAnotherUserIsReachedBySu(t *testing.T) {
	a := newAccount(t, "0", need(t, "bash"), "export EDITOR=vim")
	fakeTool(t, a.tools, "id", "echo 'uid=0(root) gid=0(root)'")
	fakeTool(t, a.tools, "su", `[ "$*" = "-l me" ] && exec env -i HOME='`+a.home+`' `+need(t, "bash")+" -l")
	for _, user := range []string{"me", ""} { // given, or who called sudo
		f := onePack(t, "  settings: [{key: EDITOR, expected: vim, type: env_var}, {key: SUDO_USER, expected: x, type: env_var}]",
			func(m *config.Machine) { m.ConfigUser = user })
		sh := a.over(shells(t)[0])
		sh.env = append(sh.env, "SUDO_USER=me")
		become := transportFunc(func(_ Transport, s Session) Session { return s }).over(sh)
		m, _ := f.Machine("m1")
		m.Become = true
		out := check(t, become, f)
		require.Nil(t, out.Failure, "%v", out.Failure)
		assert.Equal(t, []string{"wrong_setting SUDO_USER: x → (unset)"}, brief(out.Results[0].Mismatches))
		assert.Equal(t, "me", out.Facts.User)
	}
}

func TestLoginShellsThatSayNothing(t *testing.T) {
	answer := "the login shell of me (SHELL) did not say what it exports"
	begin, end := `printf '\0drift_exporter 1=\0'; env -0; printf '\0drift_exporter 2=\0'; `, `env -0; printf '\0drift_exporter 3=\0'`
	cases := []struct{ name, shell, want string }{
		{"nologin", "echo 'This account is currently not available.'; exit 1", answer},
		{"another language", "cat >/dev/null; echo 'Unknown command: env' >&2; exit 127", answer},
		{"cut off in the middle", begin + "env -0 | head -c 10; exit 0", answer},
		{"killed at the end", begin + "env -0; kill -9 $$", answer},
		{"noise in between", begin + "NOISE=$RANDOM; EDITOR=x$EDITOR; export EDITOR; " + end, "changed while it was observed"},
		{"noise at the edge of an entry", `printf '\0drift_exporter 1=\0noise'; printf 'EDITOR=vim\0'; printf '\0drift_exporter 2=\0EDITOR=vim\0'; printf '\0drift_exporter 3=\0'`, "changed while it was observed"},
		{"all is well", begin + end, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			login := filepath.Join(t.TempDir(), "login")
			require.NoError(t, os.WriteFile(login, []byte("#!/bin/sh\n"+c.shell+"\n"), 0o755))
			a := newAccount(t, "1000", login, "")
			out := check(t, a.over(shells(t)[0]), onePack(t, "  settings: [{key: EDITOR, expected: vim, type: env_var}]", nil))
			if c.want == "" {
				require.Nil(t, out.Failure)
				return
			}
			require.NotNil(t, out.Failure)
			want := strings.ReplaceAll(c.want, "SHELL", login)
			assert.Equal(t, editorError(want), out.Results[0].Errors)
		})
	}
}

// editorError is the error of a pack's one setting.
func editorError(text string) []state.ItemError {
	return []state.ItemError{{Kind: "env_var", Item: "EDITOR", Error: text, Source: "packs/p.yaml:2"}}
}

func TestUsersWhoseLoginShellCannotBeAsked(t *testing.T) {
	for _, c := range []struct{ name, uid, user, remove, want string }{
		{"unknown user", "1000", "stranger", "", "the machine knows no user stranger"},
		{"another user without root", "1001", "me", "", "only root can ask the login shell of another user"},
		{"no su", "0", "me", "", "su is missing"},
		{"no od", "1000", "", "od", "od is missing"},
		{"no awk", "1000", "", "awk", "awk is missing"},
		{"no env", "1000", "", "env", "env is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAccount(t, "1000", need(t, "bash"), "export EDITOR=vim")
			if c.uid != "1000" {
				fakeTool(t, a.tools, "id", "echo 'uid="+c.uid+"(other) gid=0(root)'")
			}
			if c.remove != "" {
				require.NoError(t, os.Remove(filepath.Join(a.tools, c.remove)))
			}
			f := onePack(t, "  settings: [{key: EDITOR, expected: vim, type: env_var}]", func(m *config.Machine) { m.ConfigUser = c.user })
			out := check(t, a.over(shells(t)[0]), f)
			require.NotNil(t, out.Failure)
			assert.Equal(t, editorError(c.want), out.Results[0].Errors)
		})
	}
}
