package fleetbench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// Those who start OpenSSH's client run the floor's script on each machine.
var (
	xargs = contestant{
		name: "xargs", shown: "xargs -P with OpenSSH's ssh", packages: map[string]string{"xargs": "findutils", "ssh": "openssh-client"},
		command: func(_ programs, f Fleet) *exec.Cmd {
			return clean(exec.Command("xargs", "-a", f.hostsFile(), "-P", strconv.Itoa(Concurrency), "-I{}",
				"ssh", "-F", f.sshConfigFile(), "{}", f.Items.Script()), f.Dir)
		},
		agrees: func(f Fleet, status int, output string) bool {
			return status == 0 && output == strings.Repeat(AsWanted, f.Machines)
		},
		finds: func(f Fleet, status int, output string) bool {
			return status == 123 && strings.Count(output, "  "+planted(f.Items)+"\n") == f.Machines
		},
	}
	clush = contestant{
		name: "clush", shown: "clush", packages: map[string]string{"clush": "clustershell", "ssh": "openssh-client"},
		command: func(_ programs, f Fleet) *exec.Cmd {
			return clean(exec.Command("clush", "-S", "-n", "-f", strconv.Itoa(Concurrency), "--hostfile="+f.hostsFile(),
				"-o", "-F "+f.sshConfigFile(), f.Items.Script()), f.Dir)
		},
		agrees: func(f Fleet, status int, output string) bool {
			return status == 0 && strings.Count(output, ": "+AsWanted) == f.Machines && strings.Count(output, "\n") == f.Machines
		},
		finds: func(f Fleet, status int, output string) bool {
			return status == 1 && strings.Count(output, "  "+planted(f.Items)+"\n") == f.Machines
		},
	}
)

// ansible has a playbook of its own, as one would write it: it makes files what they have to be, and with --check only
// tells whether it would.
var ansible = contestant{
	name: "ansible", shown: "ansible-playbook --check", packages: map[string]string{"ansible-playbook": "ansible-core", "ssh": "openssh-client"},
	command: func(_ programs, f Fleet) *exec.Cmd {
		cmd := clean(exec.Command("ansible-playbook", "--check", "-f", strconv.Itoa(Concurrency), "-i", f.hostsFile(), f.playbookFile()), f.Dir)
		cmd.Env = append(cmd.Env, "ANSIBLE_CONFIG="+f.ansibleConfigFile(), "ANSIBLE_PIPELINING=1", "ANSIBLE_NOCOLOR=1", "ANSIBLE_NOCOWS=1",
			"ANSIBLE_SSH_COMMON_ARGS=-F "+f.sshConfigFile(), "ANSIBLE_SSH_CONTROL_PATH_DIR="+controlPaths(f))
		return cmd
	},
	agrees: func(f Fleet, status int, output string) bool {
		return status == 0 && recaps(output, "changed=0") == f.Machines
	},
	finds: func(f Fleet, status int, output string) bool {
		return status == 0 && recaps(output, "changed=1") == f.Machines && strings.Contains(output, "item="+planted(f.Items))
	},
	after: func(t testing.TB, f Fleet) {
		// Connections that it keeps for the next time, which would be none of a check's.
		sockets, err := filepath.Glob(filepath.Join(controlPaths(f), "*"))
		require.NoError(t, err)
		for _, socket := range sockets {
			_ = exec.Command("ssh", "-F", f.sshConfigFile(), "-o", "ControlPath="+socket, "-O", "exit", "none").Run() // it may have ended
		}
		require.NoError(t, os.RemoveAll(controlPaths(f)))
	},
}

// ansibleMachines is how many machines it has at most.
const ansibleMachines = 20

// controlPaths is short, since a socket's path must be.
func controlPaths(f Fleet) string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("fleetbench-%d", f.Port))
}

// recaps counts the lines of Ansible's recap for machines on which all was judged, and as much changed.
func recaps(output, changed string) int {
	n := 0
	for line := range strings.Lines(output) {
		words := strings.Fields(line)
		if len(words) > 6 && words[1] == ":" && words[2] == fmt.Sprintf("ok=%d", ansibleTasks) && words[3] == changed &&
			words[4] == "unreachable=0" && words[5] == "failed=0" && words[6] == "skipped=0" {
			n++
		}
	}
	return n
}

// installed tells whether a contestant's programs are there; missing ones skip a test or fail it.
func (c contestant) installed(t testing.TB) {
	t.Helper()
	for program, debianPackage := range c.packages {
		testenv.Program(t, program, debianPackage)
	}
}
