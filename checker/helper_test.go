package checker

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// install writes an installed script, and makes a machine of it.
func install(t testing.TB, text string) func(*config.Machine) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "drift_exporter_helper")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o755))
	return func(m *config.Machine) { m.SSH.Helper = file }
}

// helperItems match and mismatch, in every way that content has.
func helperItems(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "motd"), []byte("hello\n"), 0o644))
	return strings.ReplaceAll(`  files:
    - {path: DIR/motd, content: "hello\n"}
    - {path: "DIR/*", content: "hello\nworld\n"}
    - {path: DIR/missing}
  settings:
    - {key: kernel.ostype, expected: Minix, type: sysctl}
`, "DIR", dir)
}

func TestHelperIsOneText(t *testing.T) {
	text := Helper(HelperOptions{})
	assert.True(t, strings.HasPrefix(text, "#!/bin/sh\n# drift_exporter_helper"))
	assert.Equal(t, text, Helper(HelperOptions{}))
	digest := regexp.MustCompile(`(?m)^# protocol 1, digest ([0-9a-f]{32})$`).FindStringSubmatch(text)
	require.NotNil(t, digest)
	assert.Equal(t, digest[1], shellDigest(strings.ReplaceAll(text, digest[1], "")))
	assert.Contains(t, helperDigests(), digest[1])
	for _, forbidden := range []string{"eval", "`", "source ", "\n. ", "<<"} {
		assert.NotContains(t, text, forbidden)
	}
	assert.NotContains(t, text, "op_command")
}

// under is the script as if another shell were the machine's /bin/sh.
func (s shell) under(text string) string {
	return strings.Replace(text, `/bin/sh "$0" -`, strings.Join(s.argv, " ")+` "$0" -`, 1)
}

func TestHelperAnswersAsTheScriptUnderEveryShell(t *testing.T) {
	items := helperItems(t)
	want := check(t, realCommand{}, onePack(t, items, nil))
	require.Nil(t, want.Failure)
	require.Len(t, want.Results[0].Mismatches, 3)
	eachShell(t, func(t *testing.T, sh shell) {
		got := check(t, realCommand{}, onePack(t, items, install(t, sh.under(Helper(HelperOptions{})))))
		require.Nil(t, got.Failure, "%v", got.Failure)
		assert.Equal(t, want.Results[0].Mismatches, got.Results[0].Mismatches)
	})
}

// runHelper runs an installed script over a text on its standard input, with that in its environment.
func runHelper(t testing.TB, text, stdin string, env, args []string) (stdout, stderr string, err error) {
	t.Helper()
	var m config.Machine
	install(t, text)(&m)
	cmd := exec.CommandContext(t.Context(), m.SSH.Helper, args...)
	cmd.Env, cmd.Stdin = append(os.Environ(), env...), strings.NewReader(stdin)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	return string(out), said.String(), err
}

func TestHelperEndsWhereItIsNotStartedAsTheExporterThinks(t *testing.T) {
	for name, c := range map[string]struct {
		stdin     string
		env, args []string
		says      string
	}{
		"with an argument":          {args: []string{"-c"}, says: "takes no arguments"},
		"with arguments":            {args: []string{"-c", "id"}, says: "takes no arguments"},
		"with one more":             {args: []string{"-", "id"}, says: "takes no arguments"},
		"when it is sent a script":  {stdin: Script(AllOps()...), says: "must name it as ssh.helper"},
		"without a nonce":           {stdin: "\nlogin\n\nstage\nbye\n", says: "must name it as ssh.helper"},
		"through sudo and not told": {stdin: "ab12\nlogin\n\nstage\nbye\n", env: []string{"SUDO_USER=drift"}, says: "must say become: true"},
		"when told nonsense":        {stdin: "ab12\nroot\n\nstage\nbye\n", says: "was not told how it was started"},
		"without a goodbye":         {stdin: "ab12\nlogin\n\nstage\n"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, err := runHelper(t, Helper(HelperOptions{}), c.stdin, c.env, c.args)
			require.Error(t, err)
			assert.Contains(t, stderr, c.says)
			assert.NotContains(t, stdout, " bye ")
			if c.says != "" {
				assert.NotContains(t, stdout, " fact")
			}
		})
	}
	stdout, _, err := runHelper(t, Helper(HelperOptions{}), "ab12\nlogin\n\nstage\nbye\n", nil, nil)
	require.NoError(t, err)
	assert.Contains(t, stdout, "\nab12 bye 0\n")
}

func TestHelperThatWasCutOffRunsNothing(t *testing.T) {
	text := strings.TrimSuffix(Helper(HelperOptions{}), "\n")
	for cut := len(text) - 1; cut > 600; cut -= 997 {
		stdout, _, err := runHelper(t, text[:cut]+"\n", "ab12\nlogin\n\nstage\nbye\n", nil, nil)
		if err == nil {
			assert.Less(t, cut, strings.Index(text, "\n{\n")+1, "only its comments were left")
		}
		assert.Empty(t, stdout, "cut at byte %d", cut)
	}
}

// Nothing that the environment says gets to what observes, nor is any of it run.
func TestHelperIsNotSteeredByItsEnvironment(t *testing.T) {
	canary := filepath.Join(t.TempDir(), "canary")
	bin := toolbox(t)
	for _, program := range []string{"stat", "sha256sum", "id", "env", "awk", "cat", "head", "sh", "dpkg-query"} {
		fakeTool(t, bin, program, "touch "+canary)
	}
	rc := filepath.Join(t.TempDir(), "rc")
	require.NoError(t, os.WriteFile(rc, []byte("touch "+canary+"\n"), 0o644))
	hostile := []string{
		"PATH=" + bin, "IFS=adeirst/", "ENV=" + rc, "BASH_ENV=" + rc, "LC_ALL=de_DE.UTF-8", "LANGUAGE=de", "QUOTING_STYLE=c", "POSIXLY_CORRECT=1",
		"DPKG_ADMINDIR=/nonexistent", "CDPATH=/etc", "d_installed=", "d_nonce=x", "GLOBIGNORE=*", "SHELLOPTS=noglob:xtrace", "PS4=$(touch " + canary + ")",
		"BASH_FUNC_stat%%=() { touch " + canary + "; }", "BASH_FUNC_[%%=() { touch " + canary + "; }",
		"BASH_FUNC_case%%=() { touch " + canary + "; }", "HOME=" + filepath.Dir(rc), "AWKPATH=" + bin, "LD_LIBRARY_PATH=" + bin,
	}
	dir := t.TempDir() // of its own: /etc changes while other tests add users
	require.NoError(t, os.WriteFile(filepath.Join(dir, "motd"), []byte("hello\n"), 0o644))
	questions := "ab12\nlogin\nroot\nfile\n=" + dir + "/motd\n.\nsum\n=" + dir + "/motd\n.\npackage_dpkg\n=dpkg\n.\nsysctl\n=kernel/ostype\n.\nglob\n=" + dir + "//mot*\n.\nstage\nbye\n"
	for _, sh := range shells(t)[:2] { // /bin/sh is one of them on most machines
		text := strings.Replace(sh.under(Helper(HelperOptions{})), "#!/bin/sh\n", "#!"+strings.Join(sh.argv, " ")+"\n", 1)
		want, _, err := runHelper(t, text, questions, nil, nil)
		require.NoError(t, err)
		require.Contains(t, want, "\nab12 bye 5\n")
		var m config.Machine
		install(t, text)(&m)
		cmd := exec.CommandContext(t.Context(), m.SSH.Helper)
		cmd.Env, cmd.Stdin = hostile, strings.NewReader(questions)
		got, err := cmd.Output()
		require.NoError(t, err, sh.name)
		assert.Equal(t, want, string(got), sh.name)
		assert.NoFileExists(t, canary, sh.name)
	}
}

func TestHelperDoesOnlyWhatItWasMadeTo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "motd")
	require.NoError(t, os.WriteFile(file, []byte("hello\n"), 0o644))
	differs := "  files: [{path: " + file + ", content: \"bye\\n\"}]\n"
	contains := "  files: [{path: " + file + ", contains: [hello]}]\n"
	command := "  commands: [{name: x, argv: [echo, hello], stdout: \"hello\\n\"}]\n"
	run := func(o HelperOptions, items string) Outcome {
		m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, BecomeUser: "root", Packs: []string{"p"}}
		install(t, Helper(o))(&m)
		cfg := &config.Config{Check: config.Check{Timeout: time.Minute, AllowCommands: true}, Machines: []config.Machine{m}}
		fleet, problems := NewFleet(cfg, loadPacks(t, map[string]string{"p.yaml": "items:\n" + items}))
		require.False(t, problems.Fatal(), "%v", problems)
		return check(t, realCommand{}, fleet)
	}
	refused := func(out Outcome, why string) {
		t.Helper()
		require.NotNil(t, out.Failure)
		assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason)
		require.Len(t, out.Results[0].Errors, 1)
		assert.Equal(t, "the installed helper "+why, out.Results[0].Errors[0].Error)
	}
	refused(run(HelperOptions{}, command), runsNoCommands)
	out := run(HelperOptions{AllowCommands: true}, command)
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Equal(t, state.Compliant, out.Results[0].Status)

	out = run(HelperOptions{}, differs)
	require.Nil(t, out.Failure)
	assert.NotEmpty(t, out.Results[0].Mismatches[0].Diff)
	out = run(HelperOptions{NoContent: true}, differs)
	require.Nil(t, out.Failure, "the hash has proven that it differs: %v", out.Failure)
	assert.Equal(t, "wrong_content", out.Results[0].Mismatches[0].Type)
	assert.Empty(t, out.Results[0].Mismatches[0].Diff)
	refused(run(HelperOptions{NoContent: true}, contains), tellsNoContent)
	refused(run(HelperOptions{NoContent: true}, "  settings: [{key: a, expected: b, type: config, path: "+file+", format: env}]\n"), tellsNoContent)
}

// What no exporter of ours asks, whoever holds its key may.
func TestHelperRefusesWhatIsNoQuestion(t *testing.T) {
	for section, want := range map[string]string{
		"sysctl\n=../../etc/passwd\n":           "err is no kernel parameter",
		"sysctl\n=kernel/../../../etc/passwd\n": "err is no kernel parameter",
		"port_table\n=../../etc/passwd\n":       "err is no table of sockets",
		"user\n=-spasswd:files\n":               "err is no name",
		"group\n=root\n=--service=/x\n":         "err is no name",
		"command\n=id\x1f\n":                    "err the installed helper runs no commands",
		"command_find\n=id\n":                   "err the installed helper is too old",
		"packages\n=dpkg; id\n":                 "err is no package manager",
	} {
		stdout, _, err := runHelper(t, Helper(HelperOptions{}), "ab12\nlogin\n\n"+section+".\nstage\nbye\n", nil, nil)
		require.NoError(t, err)
		assert.Contains(t, stdout, want, section)
		assert.NotContains(t, stdout, " val", section)
		assert.NotContains(t, stdout, " more", section)
	}
}
