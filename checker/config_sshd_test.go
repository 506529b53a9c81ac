package checker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readSSHD is what a configuration of sshd says of a keyword, on a machine that has no other files.
func readSSHD(content, key string) string {
	reading := configReading{answers: Answers{}}
	value, err := reading.sshd(key, content)
	if err != nil {
		return "error: " + err.Error()
	}
	return value.String()
}

func TestSSHD(t *testing.T) {
	always := "stands in a block for all connections: what counts then is not judged"
	for _, c := range []struct{ content, key, want string }{
		{"PermitRootLogin no\nPermitRootLogin yes\n", "PermitRootLogin", "no"},
		{"permitrootlogin no\n", "PERMITROOTLOGIN", "no"},
		{"  PermitRootLogin\tno  \r\n", "PermitRootLogin", "no"},
		{"PermitRootLogin=no\n", "PermitRootLogin", "no"},
		{"PermitRootLogin = no # x\n", "PermitRootLogin", "no"},
		{"#PermitRootLogin yes\n", "PermitRootLogin", "(unset)"},
		{"\"PermitRootLogin\" no\n", "PermitRootLogin", "no"},
		{"Banner \"/etc/my banner\"\n", "Banner", "/etc/my banner"},
		{"Banner /etc/my\\ banner#x\n", "Banner", "/etc/my banner#x"},
		{"AcceptEnv LANG LC_*\nAcceptEnv FOO # BAR\n", "AcceptEnv", "LANG LC_* FOO"},
		{"Port 22\nPort 2222\n", "Port", "22 2222"},
		{"Ciphers a,b\nCiphers c\n", "Ciphers", "a,b"},
		{"ForceCommand echo \"a # b\"\n", "ForceCommand", `echo "a # b"`},
		{"ChallengeResponseAuthentication yes\nKbdInteractiveAuthentication no\n", "KbdInteractiveAuthentication", "yes"},
		{"Match User x\nPermitRootLogin no\n", "PermitRootLogin", "(unset)"},
		{"PermitRootLogin yes\nMatch User x\nPermitRootLogin no\n", "PermitRootLogin", "yes"},
		{"PermitRootLogin yes\nMatch all\nPermitRootLogin no\n", "PermitRootLogin", "error: line 3: " + always},
		{"PermitRootLogin yes\nMatch User x\nMatch all\nPort 22\n", "PermitRootLogin", "yes"},
		{"Host *\nForwardAgent yes\n", "ForwardAgent", "error: line 2: " + always},
		{"Match all\nInclude /x\n", "PermitRootLogin", "error: line 2: " + always},
		{"PermitRootLogin \"no\n", "PermitRootLogin", "error: line 1: a quote is not closed"},
		{"Banner \"x\nPermitRootLogin no\n", "PermitRootLogin", "no"},
		{"PermitRootLogin # no\n", "PermitRootLogin", "error: line 1: has no value"},
		{"Include /etc/x\nPermitRootLogin no\n", "PermitRootLogin", "error: " + errUndecided.Error()},
		{"PermitRootLogin no\nInclude /etc/x\n", "PermitRootLogin", "error: " + errUndecided.Error()},
		{"Match User x\nInclude /etc/x\n", "PermitRootLogin", "(unset)"},
		{"", "PermitRootLogin", "(unset)"},
	} {
		assert.Equal(t, c.want, readSSHD(c.content, c.key), "%q %s", c.content, c.key)
	}
}

// sshd says itself what it makes of a file.
func TestSSHDIsReadAsSSHDReadsIt(t *testing.T) {
	sshd, keygen := need(t, "sshd"), need(t, "ssh-keygen")
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	out, err := exec.CommandContext(t.Context(), keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput()
	require.NoError(t, err, "%s", out)
	for i, content := range []string{
		"MaxAuthTries 3\nmaxauthtries 4\nX11Forwarding=yes\nBanner \"/etc/my banner\"\nPort 2222\nPort 2223\n",
		"AcceptEnv A B\nAcceptEnv=C # D\n\"LoginGraceTime\" 7\nLogLevel  =  ERROR\r\nAllowUsers a b\nAllowUsers c\n\tDenyGroups x\\ y z\n",
		"ChallengeResponseAuthentication yes\nKbdInteractiveAuthentication no\nMatch User x\nMaxAuthTries 9\nMatch Address 10.0.0.0/8\nX11Forwarding yes\n",
		"ForceCommand echo 'a # b'  \nVersionAddendum x y\nAuthorizedKeysFile .a '.b c'\nAuthorizedKeysFile .d\nPermitRootLogin forced-commands-only\n",
		"PermitRootLogin no\nMatch User x\nPermitRootLogin yes\nAllowAgentForwarding no\nMatch Group y\nPort_ 1\n",
		"MaxStartups \"10:30:60\"\nUseDNS 'yes'\nClientAliveInterval\t5\f\nTCPKeepAlive no\nKeepAlive yes\nSetEnv A=1 B=2\nSetEnv C=3\n",
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			file := filepath.Join(dir, fmt.Sprint(i))
			content = strings.ReplaceAll(content, "Port_ 1\n", "")
			require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
			out, err := exec.CommandContext(t.Context(), sshd, "-T", "-f", file, "-h", key).CombinedOutput()
			require.NoError(t, err, "%s", out)
			said := map[string][]string{}
			for line := range strings.Lines(string(out)) {
				keyword, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				said[keyword] = append(said[keyword], value)
			}
			compared := 0
			for keyword, values := range said {
				if got := readSSHD(content, keyword); got != "(unset)" {
					compared++
					assert.Equal(t, strings.Join(values, " "), got, keyword)
				}
			}
			assert.Positive(t, compared)
		})
	}
}

func TestSSHDIncludes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		return path
	}
	last := write("last", "Port 4\nMaxAuthTries 4\n", 0o644)
	second := write("second", "MaxSessions 2\nInclude "+last+"\nPort 3\n", 0o600)
	first := write("first", "Port 2\nMatch User x\nPermitRootLogin yes\nInclude /nonexistent/a\n", 0o644)
	main := write("sshd_config", "MaxStartups 1\nPort 1\nInclude "+first+" /nonexistent/b "+second+"\nPermitRootLogin no\nMaxAuthTries 6\n", 0o644)
	deep := write("deep", "Include "+main+"\n", 0o644)
	self := write("self", "Port 1\nInclude "+filepath.Join(dir, "self")+"\n", 0o644)
	items := "  settings:\n"
	for _, key := range []string{"MaxStartups", "Port", "PermitRootLogin", "MaxSessions", "MaxAuthTries", "X11Forwarding"} {
		items += "    - {type: config, path: " + main + ", format: sshd, sensitive: false, key: " + key + ", expected: x}\n"
	}
	items += "    - {type: config, path: " + main + ", format: sshd, key: port, state: absent}\n"
	eachShell(t, func(t *testing.T, sh shell) {
		assert.Equal(t, []string{
			"wrong_setting " + main + " MaxStartups: x → 1", "wrong_setting " + main + " Port: x → 1 2 4 3", "wrong_setting " + main + " PermitRootLogin: x → no",
			"wrong_setting " + main + " MaxSessions: x → 2", "wrong_setting " + main + " MaxAuthTries: x → 4", "wrong_setting " + main + " X11Forwarding: x → (unset)",
			"wrong_setting " + main + " port: (sensitive) → (sensitive)", // one of the files is only for its owner
		}, brief(checkOne(t, sh, items).Mismatches))
		out := check(t, sh, onePack(t, "  settings:\n    - {type: config, path: "+deep+", format: sshd, key: Port, expected: 1}\n    - {type: config, path: "+self+", format: sshd, key: Port, expected: 1}", nil))
		require.Len(t, out.Results[0].Errors, 2)
		for _, e := range out.Results[0].Errors {
			assert.Contains(t, e.Error, "files that are included by more than 2 others are not followed")
		}
	})
}

// Debian's sshd_config begins with such a line: what it includes counts before all that follows.
func TestSSHDIncludesByPattern(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"sshd_config": "Include " + dir + "/d/*.conf " + dir + "/none/*.conf\nPermitRootLogin yes\nMaxAuthTries 6\nMaxSessions 9\n",
		"d/20.conf":   "PermitRootLogin prohibit-password\nMaxAuthTries 2\n", "d/10.conf": "PermitRootLogin no\nInclude " + dir + "/e/[a-c].*\n", "d/00.other": "PermitRootLogin never\n",
		"e/b.x": "MaxAuthTries 1\n", "e/d.x": "MaxAuthTries 0\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	path := filepath.Join(dir, "sshd_config")
	items := "  settings:\n"
	for _, key := range []string{"PermitRootLogin", "MaxAuthTries", "MaxSessions"} {
		items += "    - {type: config, path: " + path + ", key: " + key + ", expected: x}\n"
	}
	eachShell(t, func(t *testing.T, sh shell) {
		assert.Equal(t, []string{
			"wrong_setting " + path + " PermitRootLogin: x → no", "wrong_setting " + path + " MaxAuthTries: x → 1", "wrong_setting " + path + " MaxSessions: x → 9",
		}, brief(checkOne(t, sh, items).Mismatches))
	})
}
