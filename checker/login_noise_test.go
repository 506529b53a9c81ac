package checker_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// loginNoise is what happens at a login beside what is asked for.
type loginNoise struct {
	name   string
	banner string            // of sshd, before anybody is logged in
	config []string          // of sshd
	files  map[string]string // of the user
	none   bool              // there can be no verdict; else it must be the right one
	silent bool              // the same, as nothing comes any more until the time is over
	either bool              // chance decides whether there is one
}

// forever prints in the background for as long as the check takes.
func forever(line string) string {
	return "(trap '' PIPE; i=0; while [ $i -lt 3000 ] && printf '" + line + "'; do i=$((i+1)); sleep 0.01; done) 2>/dev/null &\n"
}

var loginNoises = []loginNoise{
	{name: "a banner", banner: "Authorized use only.\n\x1b[2J\x1b]0;hello\x07\n"},
	{name: "a banner of 100 KiB", banner: strings.Repeat("Authorized use only. ", 5000)},
	{name: "the message of the day", config: []string{"PrintMotd yes", "PrintLastLog yes"}},
	{name: "rc prints", files: map[string]string{".ssh/rc": "echo Welcome; echo careful >&2\n"}},
	{name: "rc prints what looks like answers", files: map[string]string{
		".ssh/rc": "printf '\\ndrift_exporter/1 ready\\n00000000000000000000000000000000 stage 0\\n'\n",
	}},
	{name: "rc fails", files: map[string]string{".ssh/rc": "echo Welcome; exit 7\n"}},
	{name: "rc prints more than is listened to", files: map[string]string{".ssh/rc": "head -c 3000000 /dev/zero\n"}, none: true},
	{name: "bashrc prints to both", files: map[string]string{".bashrc": "echo Welcome; echo careful >&2\n"}},
	{name: "bashrc prints no newline", files: map[string]string{".bashrc": "printf 'Welcome to \\033[1mweb1\\033[0m '\n"}},
	{name: "bashrc prints what looks like an answer", files: map[string]string{
		".bashrc": "printf '\\ndrift_exporter/1 ready\\n00000000000000000000000000000000 bye 0\\n'\n",
	}},
	{name: "bashrc prints all bytes", files: map[string]string{".bashrc": "head -c 50000 /dev/urandom; head -c 50000 /dev/urandom >&2\n"}},
	{name: "bashrc prints on while the script runs", files: map[string]string{".bashrc": forever("noise\\n")}, either: true},
	{name: "bashrc prints on without newlines", files: map[string]string{".bashrc": forever("noise ")}, either: true},
	{name: "bashrc prints more than is listened to", files: map[string]string{".bashrc": "head -c 3000000 /dev/zero\n"}, none: true},
	{name: "bashrc fails", files: map[string]string{".bashrc": "if fi )\nfalse\n"}},
	{name: "bashrc changes how words are split", files: map[string]string{".bashrc": "export IFS=/e; set -f -u; export POSIXLY_CORRECT=1 LC_ALL=tr_TR.UTF-8 CDPATH=/tmp\n"}},
	{name: "bashrc has the wrong programs come first", files: map[string]string{
		".bashrc": "export PATH=$HOME/bin:$PATH; echo Welcome\n", "bin/uname": "#!/bin/sh\necho Welcome\n", "bin/stat": "#!/bin/sh\nexit 0\n",
	}, none: true},
	{name: "bashrc exits", files: map[string]string{".bashrc": "echo This account is closed.; exit 0\n"}, none: true},
	{name: "bashrc runs another program", files: map[string]string{".bashrc": "exec true\n"}, none: true},
	{name: "bashrc reads the first line that is sent, which says nothing", files: map[string]string{".bashrc": "read -r line; echo \"$line\"\n"}},
	{name: "bashrc reads all that is sent", files: map[string]string{".bashrc": "timeout 3 cat\n"}, silent: true},
	{name: "bashrc closes the output", files: map[string]string{".bashrc": "exec >&-\n"}, silent: true},
	{name: "bashrc sends the output elsewhere", files: map[string]string{".bashrc": "exec >/dev/null\n"}, silent: true},
	{name: "bashrc kills itself", files: map[string]string{".bashrc": "kill -9 $$\n"}, none: true},
	{name: "profile prints", files: map[string]string{".bash_profile": "export EDITOR=vim; echo EDITOR=ed; echo careful >&2\n"}},
	{name: "profile holds the output open, and prints on while the script runs", files: map[string]string{".bash_profile": "export EDITOR=vim\n" + forever("noise\\n")}, silent: true},
	{name: "rc, bashrc and profile print", banner: "Hello\n", files: map[string]string{
		".ssh/rc": "echo rc\n", ".bashrc": "echo bashrc\n", ".bash_profile": "export EDITOR=vim; echo profile\n",
	}},
}

// A login that prints, or does worse, changes no verdict: it is that of the quiet machine, or there is none.
func TestFaultLoginPrints(t *testing.T) {
	const items = `  files:
    - {path: ~/motd, mode: "0600", content: "hello\nworld\n"}
    - {path: ~/calm, contains: [calm]}
    - {path: ~/missing}
    - {path: /etc/passwd, owner: root, type: file}
  settings:
    - {key: kernel.ostype, expected: Linux, type: sysctl}
    - {key: kernel.osrelease, expected: Minix, type: sysctl}
    - {key: EDITOR, expected: vim, type: env_var}
`
	quiet := map[string]string{"motd": "hello\n", "calm": "calm\n", ".bash_profile": "export EDITOR=vim\n"}
	bash := testenv.Program(t, "bash", "bash")
	first := testsshd.Start(t, testsshd.Options{Shell: bash})
	writeHome(t, first, quiet)
	out := checkReal(t, machineOf(first), items)
	require.Nil(t, out.Failure, "%v", out.Failure)
	want := summary(out)
	require.Len(t, want, 4, "two of the first file, one of the missing, one setting: %v", want)

	judged, unknown := 0, 0
	for i, noise := range loginNoises {
		if !testfaults.Full() && (noise.silent || i%3 != 0 && !noise.none) {
			continue
		}
		timeout := time.Minute
		if noise.silent {
			timeout = 10 * time.Second
		}
		t.Run(noise.name, func(t *testing.T) {
			lines := noise.config
			if noise.banner != "" {
				file := filepath.Join(t.TempDir(), "banner")
				require.NoError(t, os.WriteFile(file, []byte(noise.banner), 0o644))
				lines = append(lines, "Banner "+file)
			}
			s := testsshd.Start(t, testsshd.Options{Shell: bash, Config: lines})
			writeHome(t, s, quiet)
			writeHome(t, s, noise.files)
			for name := range noise.files {
				if filepath.Dir(name) == "bin" {
					require.NoError(t, os.Chmod(filepath.Join(s.Home, name), 0o755))
				}
			}
			out := checkRealWithin(t, timeout, machineOf(s), items)
			require.Len(t, out.Results, 1)
			got := out.Results[0]
			if got.Status == state.Unknown {
				unknown++
				t.Logf("no verdict: %v %v", out.Failure, got.Errors)
				assert.True(t, noise.none || noise.silent || noise.either, "it could have been judged: %v %v", out.Failure, got.Errors)
				return
			}
			judged++
			assert.False(t, noise.none || noise.silent, "how did it come to this: %v", summary(out))
			assert.Equal(t, state.Drifted, got.Status)
			assert.Equal(t, want, summary(out))
		})
	}
	testfaults.Survived(t, "a real login that prints, and is judged rightly", judged)
	testfaults.Survived(t, "a real login that prints, or does worse, and is not judged", unknown)
}
