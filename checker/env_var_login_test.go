package checker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestLinesOfEnvironmentFiles(t *testing.T) {
	const none = "(none)"
	cases := []struct{ line, want string }{
		{`PLAIN=x`, "PLAIN=x"},
		{`_a1=x`, "_a1=x"},
		{`EMPTY=`, "EMPTY="},
		{`EQ=a=b=c`, "EQ=a=b=c"},
		{"  \t LEAD=x", "LEAD=x"},
		{"TRAIL=x \t", "TRAIL=x \t"},
		{`export EXP=x`, "EXP=x"},
		{` export EXP=x`, "EXP=x"},
		{`export  EXP=x`, none},
		{`exportEXP=x`, "exportEXP=x"},
		{`# comment`, none},
		{`  #A=x`, none},
		{`HASH=a#b`, "HASH=a"},
		{`HASH="a#b"`, "HASH=a"},
		{`HASH="a" # b`, `HASH=a" `},
		{`A#=x`, none},
		{`Q="a b"`, "Q=a b"},
		{`Q='a b'`, "Q=a b"},
		{`Q=""`, "Q="},
		{`Q="`, "Q="},
		{`Q="a'`, "Q=a"},
		{`Q=""x""`, `Q="x"`},
		{`Q="a'b"c"`, `Q=a'b"c`},
		{`Q="a" `, `Q=a" `},
		{`Q=a"`, `Q=a"`},
		{`Q=a"b"`, `Q=a"b"`},
		{"Q=\"a\"\r", "Q=a\"\r"},
		{``, none},
		{`  `, none},
		{`NAME`, none},
		{`=x`, none},
		{`NA-ME=x`, none},
		{`NAME =x`, none},
		{`1A=x`, none},
		{`ÄÖ=x`, none},
		{`$(touch canary)=x`, none},
		{`-i=x`, none},
		{`V=$(touch canary)`, "V=$(touch canary)"},
		{"V=`touch canary`", "V=`touch canary`"},
		{`V='; touch canary; '`, "V=; touch canary; "},
		{`V="$HOME * ~ ?"`, "V=$HOME * ~ ?"},
		{`V=a\nb\\c\"`, `V=a\nb\\c\"`},
		{`V=%s -n`, "V=%s -n"},
		{`V=ü` + "\xff\x80", "V=ü\xff\x80"},
		{"V=a\\\nb", "V=ab"},
		{"V=a\\\n  b\\\n\"", "V=a  b\""},
		{"V=a\\\n", "V=a"},
		{`END=x\`, "END=x"}, // the last line, and without an end
	}
	var lines, want []string
	for _, c := range cases {
		lines, want = append(lines, c.line), append(want, c.want)
	}
	read := "{\n" + scriptCommon + envVarKind{}.Shell() + `
while pam_line; do
  if pam_variable; then put "$d_line"; else put "(none)"; fi
done <"$ENVIRONMENT_FILE"
exit
}
`
	file := filepath.Join(t.TempDir(), "environment")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644))
	assertHarmless(t, "canary", func(sh shell) {
		sh.env = append(sh.env, "ENVIRONMENT_FILE="+file)
		stdout, err := runShell(t, sh, read)
		require.NoError(t, err)
		assert.Equal(t, want, strings.Split(strings.TrimSuffix(stdout, "\n"), "\n"))
	})
}

// rewriting sends a script in which paths are others: a machine that has files of its own there.
type rewriting struct {
	Session
	paths *strings.Replacer
}

func (r rewriting) Write(p []byte) (int, error) {
	_, err := r.Session.Write([]byte(r.paths.Replace(string(p))))
	return len(p), err
}

// etc is a machine's directory /etc, with these files.
func etc(t *testing.T, tr Transport, files map[string]string) Transport {
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	return transportFunc(func(_ Transport, s Session) Session {
		var pairs []string
		for _, name := range []string{"/environment", "/default/locale", "/pam.d"} {
			pairs = append(pairs, "/etc"+name, dir+name)
		}
		return rewriting{s, strings.NewReplacer(pairs...)}
	}).over(tr)
}

func TestEnvironmentFilesCountWherePAMReadsThem(t *testing.T) {
	f := onePack(t, `  settings:
    - {key: EDITOR, expected: vim, type: env_var}
    - {key: LANG, expected: C.UTF-8, type: env_var}
    - {key: BOTH, expected: locale, type: env_var}
    - {key: PROFILE, expected: profile, type: env_var}
    - {key: ODD, expected: "$(touch canary) 'a' * \\", type: env_var}
    - {key: USER, expected: me, type: env_var}
`, nil)
	files := map[string]string{
		"environment":    "# of all users\nexport EDITOR=\"vim\"\nBOTH=environment\nPROFILE=environment\nODD=\"$(touch canary) 'a' * \\\"\nno line of it",
		"default/locale": "BOTH=locale\nLANG='C.UTF-8'",
	}
	pam := map[string]string{"pam.d/su": ""}
	for name, text := range files {
		pam[name] = text
	}
	a := newAccount(t, "1000", need(t, "dash"), "export PROFILE=profile\n")
	assertHarmless(t, "canary", func(sh shell) {
		out := check(t, etc(t, a.over(sh), pam), f)
		require.Nil(t, out.Failure, "%v", out.Failure)
		assert.Empty(t, brief(out.Results[0].Mismatches))
	})
	out := check(t, etc(t, a.over(shells(t)[0]), files), f)
	require.Nil(t, out.Failure)
	assert.Equal(t, []string{
		"wrong_setting EDITOR: vim → (unset)", "wrong_setting LANG: C.UTF-8 → (unset)",
		"wrong_setting BOTH: locale → (unset)", "wrong_setting ODD: $(touch canary) 'a' * \\ → (unset)",
	}, brief(out.Results[0].Mismatches), "without PAM nobody reads these files")
}

func TestRealSu(t *testing.T) {
	if os.Getuid() != 0 {
		testenv.Missing(t, "root: su asks anybody else for a password")
	}
	need(t, "su")
	fleet := func(become bool, user string) *Fleet {
		return onePack(t, "  settings: [{key: LOGNAME, expected: root, type: env_var}, {key: FROM_SESSION, expected: x, type: env_var}, {key: TERM, expected: x, type: env_var}]",
			func(m *config.Machine) { m.Become, m.ConfigUser = become, user })
	}
	sh := shells(t)[0]
	sh.env = []string{"FROM_SESSION=x", "TERM=x", "LOGNAME=other"}
	for _, become := range []bool{true, false} {
		out := check(t, sh, fleet(become, "root"))
		require.Nil(t, out.Failure)
		assert.Equal(t, []string{"wrong_setting FROM_SESSION: x → (unset)", "wrong_setting TERM: x → (unset)"}, brief(out.Results[0].Mismatches))
	}
	out := check(t, sh, fleet(true, "nobody"))
	require.NotNil(t, out.Failure)
	assert.Equal(t, "the login shell of nobody (/usr/sbin/nologin) did not say what it exports", out.Results[0].Errors[0].Error)
}
