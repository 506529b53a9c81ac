// Package target_test installs what a machine needs to be checked with little privilege, in a throw-away copy of this one.
package target_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testroot"
)

const helperPath = "/usr/local/libexec/drift_exporter_helper"

// newTarget is a copy of this machine with sshd, the exporter, its key and what is to be installed.
func newTarget(t *testing.T) *testroot.Root {
	t.Helper()
	for program, debianPackage := range map[string]string{
		"sshd": "openssh-server", "ssh": "openssh-client", "sudo": "sudo", "dash": "dash", "busybox": "busybox", "curl": "curl",
	} {
		testenv.Program(t, program, debianPackage)
	}
	root := testroot.New(t)
	for name, mode := range map[string]os.FileMode{"install.sh": 0o755, "sudoers": 0o644, "authorized_keys": 0o644} {
		root.Put(name, "/opt/target/"+name, mode)
	}
	put(t, root, "/opt/helper", checker.Helper(checker.HelperOptions{}))
	root.Run(`ssh-keygen -q -t ed25519 -N '' -C drift_exporter -f /opt/key`)
	return root
}

// put writes a file in the copy.
func put(t *testing.T, root *testroot.Root, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(root.Path(name)), 0o755))
	require.NoError(t, os.WriteFile(root.Path(name), []byte(text), 0o644))
}

// startSSHD starts sshd on port 2222 of the copy, which takes no other login than by key, and forwards what a key allows.
func startSSHD(t *testing.T, root *testroot.Root) {
	t.Helper()
	root.Run(`mkdir -p /run/sshd
		ssh-keygen -q -t ed25519 -N '' -f /opt/host`)
	config := "Port 2222\nListenAddress 127.0.0.1\nHostKey /opt/host\nUsePAM no\nPasswordAuthentication no\nPidFile none\nLogLevel DEBUG1\n" +
		"X11Forwarding yes\nAllowAgentForwarding yes\nAllowTcpForwarding yes\nPermitUserEnvironment yes\nAcceptEnv *\nMaxStartups 100\n" +
		"Subsystem sftp internal-sftp\n"
	put(t, root, "/opt/sshd_config", config)
	sshd := root.Command(`exec /usr/sbin/sshd -D -f /opt/sshd_config -E /opt/sshd.log`)
	require.NoError(t, sshd.Start())
	t.Cleanup(func() {
		_, _ = root.Try(`pkill -x sshd`)
		_ = sshd.Wait()
	})
	root.Run(`tries=0
		until ssh-keyscan -p 2222 127.0.0.1 >/opt/known_hosts 2>/dev/null && [ -s /opt/known_hosts ]; do
			tries=$((tries + 1)); [ "$tries" -lt 3000 ]
		done`)
}

// ssh is how the copy's clients log in.
const ssh = `ssh -F none -i /opt/key -p 2222 -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=/opt/known_hosts -o GlobalKnownHostsFile=none -o LogLevel=VERBOSE `

// traces lists what an installation leaves behind, where the whole snapshot would take long.
const traces = `find /etc/sudoers.d /home /usr/local/libexec 2>/dev/null || true; cat /etc/passwd /etc/group /etc/shadow`

// snapshot lists every file of the directories that an installation may touch, with its owner and mode.
const snapshot = `find /etc /home /usr/local /var/mail /var/spool -xdev -path /usr/local/go -prune -o \( -name '*-' -o -name .pwd.lock -o -path /home \) -o -printf '%p %M %U %G %l\n' 2>/dev/null | sort
	cat /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/subuid /etc/subgid`

func TestInstalledUnderAnyShellAndRemovedWithoutATrace(t *testing.T) {
	for _, shell := range []string{"dash", "busybox sh", "bash --posix"} {
		t.Run(shell, func(t *testing.T) {
			root := newTarget(t)
			before := root.Run(snapshot)
			install := shell + " /opt/target/install.sh "
			assert.Contains(t, root.Run(install+"/opt/key.pub /opt/helper"), "installed: drift may start "+helperPath)
			once := root.Run(snapshot)
			root.Run(`ln -s /opt/victim /home/drift/.ssh/authorized_keys.new; ln -s /opt/victim ` + helperPath + `.new`)
			root.Run(install + "/opt/key.pub /opt/helper")
			assert.Equal(t, once, root.Run(snapshot), "it may be run again, after one that was interrupted, too")
			assert.NoFileExists(t, root.Path("/opt/victim"))

			owned := root.Run(`stat -c '%n %U:%G %a' "$@"`, helperPath, "/etc/sudoers.d/drift_exporter", "/home/drift", "/home/drift/.ssh", "/home/drift/.ssh/authorized_keys")
			assert.Equal(t, helperPath+" root:root 755\n/etc/sudoers.d/drift_exporter root:root 440\n/home/drift root:root 755\n"+
				"/home/drift/.ssh root:root 755\n/home/drift/.ssh/authorized_keys root:root 644\n", owned)
			assert.Equal(t, checker.Helper(checker.HelperOptions{}), root.Run(`cat `+helperPath))
			assert.Contains(t, root.Run(`getent shadow drift`), "drift:*:")
			keys := root.Run(`cat /home/drift/.ssh/authorized_keys`)
			assert.True(t, strings.HasPrefix(keys, `restrict,command="sudo -n -u root -- `+helperPath+`" ssh-ed25519 AAAA`), keys)
			assert.Equal(t, 1, strings.Count(keys, "\n"))

			assert.Equal(t, "removed\n", root.Run(install+"--uninstall"))
			assert.Equal(t, before, root.Run(snapshot))
			assert.Equal(t, "removed\n", root.Run(install+"--uninstall"), "that may be run again, too")
		})
	}
}

func TestNothingIsInstalledOfWhatIsWrong(t *testing.T) {
	root := newTarget(t)
	before := root.Run(traces)
	for says, prepare := range map[string]string{
		"usage: install.sh":        `set --`,
		"holds 2 keys":             `cat key.pub key.pub >two; set -- two helper`,
		"holds no public key":      `{ printf 'command="id" '; cat key.pub; } >options; set -- options helper`,
		"ssh-keygen cannot":        `echo 'ssh-ed25519 AAAAC3Nza' >short; set -- short helper`,
		"not what":                 `head -c 9000 helper >cut; set -- key.pub cut`,
		"cannot be read":           `set -- key.pub missing`,
		"was not made by this":     `useradd drift; trap 'userdel drift' EXIT; set -- key.pub helper`,
		"must be run by root":      `set -- key.pub helper; run="setpriv --reuid 65534 --regid 65534 --clear-groups"`,
		"there is /home/drift":     `mkdir /home/drift; trap 'rmdir /home/drift' EXIT; set -- key.pub helper`,
		"is not root's alone":      `chmod o+w /usr/local; trap 'chmod o-w /usr/local' EXIT; set -- key.pub helper`,
		"does not restrict":        `cp -r target loose; echo ssh-ed25519 AAAA >loose/authorized_keys; from=loose; set -- key.pub helper`,
		"allow drift more":         `echo 'ALL ALL=(ALL) NOPASSWD: /bin/id' >/etc/sudoers.d/zz; trap 'rm /etc/sudoers.d/zz' EXIT; set -- key.pub helper`,
		"sudo does not understand": `cp -r target broken; echo nonsense >>broken/sudoers; from=broken; set -- key.pub helper`,
	} {
		out, err := root.Try(`cd /opt; run= from=target; ` + prepare + `; $run "./$from/install.sh" "$@"`)
		require.Error(t, err, says)
		assert.Contains(t, out, says)
		assert.NotContains(t, out, "installed: drift may")
		root.Run(`/opt/target/install.sh --uninstall`)
		assert.Equal(t, before, root.Run(traces), says)
	}
}

// Whoever has stolen the key may hold a session open.
func TestTheKeyIsTakenAwayWhileItIsUsed(t *testing.T) {
	root := newTarget(t)
	root.Run(`/opt/target/install.sh /opt/key.pub /opt/helper`)
	session := root.Command(`exec setpriv --reuid drift --regid drift --clear-groups sleep 600`)
	require.NoError(t, session.Start())
	root.Run(`until pgrep -u drift -x sleep; do :; done`)
	out, err := root.Try(`/opt/target/install.sh --uninstall`)
	require.Error(t, err)
	assert.Contains(t, out, "install.sh: the account drift was not removed")
	assert.Empty(t, root.Run(`find /home/drift /etc/sudoers.d/drift_exporter `+helperPath+` -type f 2>/dev/null || :`))
	root.Run(`pkill -u drift`)
	require.Error(t, session.Wait())
	assert.Contains(t, root.Run(`/opt/target/install.sh --uninstall`), "removed\n")
}

// Not even what the machine's own sudoers keeps of a session gets to the script.
func TestSudoKeepsNothingOfTheSession(t *testing.T) {
	root := newTarget(t)
	root.Run(`/opt/target/install.sh /opt/key.pub /opt/helper
		echo 'Defaults env_keep += "KEPT", env_check += "CHECKED"' >/etc/sudoers.d/kept
		useradd -s /bin/sh -p '*' plain; echo 'plain ALL=(root) NOPASSWD: /usr/bin/env' >/etc/sudoers.d/plain
		printf '#!/bin/sh\nenv\n' >` + helperPath)
	as := `KEPT=1 CHECKED=1 setpriv --reuid "$1" --regid "$1" --clear-groups sudo -n -u root -- "$2"`
	assert.Regexp(t, `(?m)^KEPT=1$`, root.Run(as, "plain", "/usr/bin/env"))
	assert.NotRegexp(t, `KEPT|CHECKED`, root.Run(as, "drift", helperPath))
}

// probes are what a key might be used for beside being checked, each a script that fails where it is refused.
var probes = map[string]string{
	"another command": `out=$(` + ssh + `"$1"@127.0.0.1 id -u </dev/null 2>/dev/null) || true; case $out in [0-9]*) ;; *) exit 1 ;; esac`,
	"a shell":         `out=$(echo 'echo uid=$(id -u)' | ` + ssh + `-T "$1"@127.0.0.1 2>/dev/null) || true; case $out in *uid=*) ;; *) exit 1 ;; esac`,
	"a terminal":      `out=$(` + ssh + `-tt "$1"@127.0.0.1 </dev/null 2>&1 tty) || true; case $out in *"PTY allocation request failed"*) exit 1 ;; esac`,
	"sftp":            `echo pwd | sftp -q -F none -i /opt/key -P 2222 -o BatchMode=yes -o UserKnownHostsFile=/opt/known_hosts "$1"@127.0.0.1 2>/dev/null | grep -q 'working directory'`,
	"a forward":       `echo garbage | ` + ssh + `-W 127.0.0.1:2222 "$1"@127.0.0.1 2>/dev/null | grep -q SSH-2.0`,
	"a remote forward": `out=$(` + ssh + `-o ExitOnForwardFailure=yes -R 127.0.0.1:2299:127.0.0.1:2222 "$1"@127.0.0.1 true </dev/null 2>&1) || true
		case $out in *"remote port forwarding failed"*) exit 1 ;; esac`,
	"an agent": `: >/opt/sshd.log; eval "$(ssh-agent)" >/dev/null; ` + ssh + `-A "$1"@127.0.0.1 true </dev/null >/dev/null 2>&1 || true; kill "$SSH_AGENT_PID"
		! grep -q 'agent forwarding disabled' /opt/sshd.log`,
	"a file of its own":                `setpriv --reuid "$1" --regid "$1" --clear-groups env HOME="$2" sh -c 'echo >>~/.ssh/authorized_keys' 2>/dev/null`,
	"sudo sh":                          `setpriv --reuid "$1" --regid "$1" --clear-groups sudo -n /bin/sh -c : 2>/dev/null`,
	"sudo -i":                          `setpriv --reuid "$1" --regid "$1" --clear-groups sudo -n -i true 2>/dev/null`,
	"sudo the helper with an argument": `setpriv --reuid "$1" --regid "$1" --clear-groups sudo -n ` + helperPath + ` - </dev/null 2>&1 | grep -q ready`,
	"sudo with a variable":             `setpriv --reuid "$1" --regid "$1" --clear-groups sudo -n ENV=/x ` + helperPath + ` </dev/null 2>&1 | grep -q ready`,
	"sudo as another user":             `setpriv --reuid "$1" --regid "$1" --clear-groups sudo -n -u daemon ` + helperPath + ` </dev/null 2>&1 | grep -q ready`,
}

func TestTheKeyIsGoodForBeingCheckedOnly(t *testing.T) {
	root := newTarget(t)
	root.Put(testroot.Binary(t), "/usr/bin/drift_exporter", 0o755)
	// The other account is what "become: true" without a helper asks for. It proves that each probe can succeed. No other
	// test has its uid: one that ends all processes of its user would end those in the copy, too.
	root.Run(`/opt/target/install.sh /opt/key.pub /opt/helper
		useradd -m -u 54399 -s /bin/sh -p '*' plain
		echo 'plain ALL=(ALL) NOPASSWD:SETENV: ALL' >/etc/sudoers.d/plain
		mkdir ~plain/.ssh; cp /opt/key.pub ~plain/.ssh/authorized_keys; chown -R plain: ~plain/.ssh`)
	startSSHD(t, root)

	for name, probe := range probes {
		_, err := root.Try(probe, "plain", "/home/plain")
		require.NoError(t, err, "%s: the probe proves nothing", name)
		_, err = root.Try(probe, "drift", "/home/drift")
		require.Error(t, err, name)
	}
	sameVerdicts(t, root)
}

// sameVerdicts checks the machine through the helper and through a root shell.
func sameVerdicts(t *testing.T, root *testroot.Root) {
	t.Helper()
	config := `
check: {retries: 0}
packs_dir: packs
ssh: {port: 2222, identity_files: [/opt/key], known_hosts_files: [/opt/known_hosts], config_file: ""}
machines:
  - {name: helper, address: 127.0.0.1, packs: [p], become: true, config_user: root, ssh: {user: drift, helper: ` + helperPath + `}}
  - {name: shell, address: 127.0.0.1, packs: [p], become: true, config_user: root, ssh: {user: plain}}
`
	pack := `
items:
  files:
    - {path: /etc/shadow, mode: "0600", owner: root, contains: [nothing]}
    - {path: ~/.profile, contains: ["/PATH/"]}
    - {path: /opt/helper, content: "x\n"}
    - {path: /etc/sudoers.d/drift_exporter, mode: "0440"}
  packages: [{name: dpkg}, {name: no-such-package}]
  settings: [{key: HOME, expected: /root, type: env_var}, {key: kernel.ostype, expected: Minix, type: sysctl}]
  users: [{name: drift, shell: /bin/sh}, {name: no-such-user}]
  ports: [{port: 2222, process: sshd}]
  mounts: [{path: /proc, fstype: tmpfs}]
`
	put(t, root, "/opt/config.yaml", config)
	put(t, root, "/opt/packs/p.yaml", pack)
	root.Run(`touch /opt/before`)
	cmd := root.Command(`cd /opt; drift_exporter check --format=json --diff`)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 1, exit.ExitCode(), "drift, and all could be observed: %s %s", out, &said)
	var got struct {
		Results []struct {
			Machine    string
			Verdict    string
			Mismatches []json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal(out, &got))
	require.Len(t, got.Results, 2)
	require.Equal(t, "helper", got.Results[0].Machine)
	assert.Equal(t, "drifted", got.Results[0].Verdict)
	assert.GreaterOrEqual(t, len(got.Results[0].Mismatches), 7, "%s", out)
	assert.Equal(t, got.Results[1].Mismatches, got.Results[0].Mismatches)
	upper := filepath.Join(root.Path("/"), "..", "upper") // what was written in the copy
	changed, err := exec.Command("find", upper, "-type", "f", "-cnewer", filepath.Join(upper, "opt/before"),
		"!", "-path", upper+"/var/log/*", "!", "-name", "sshd.log").CombinedOutput()
	require.NoError(t, err, "%s", changed)
	assert.Empty(t, string(changed), "no check changes anything")
}
