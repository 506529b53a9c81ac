package fleetbench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Concurrency is how many machines every contestant takes at a time.
const Concurrency = 32

// Fleet is where machines are and how to log in to them.
type Fleet struct {
	Dir        string // holds what is written for contestants
	Machines   int
	Port       int
	User       string
	KeyFile    string
	HostKey    string // of all of them, as in known_hosts
	Items      Items
	OutputFile string // what the hand-written script prints there if all is as wanted
}

// Files that every contestant may use.
func (f Fleet) hostsFile() string         { return filepath.Join(f.Dir, "hosts") }
func (f Fleet) knownHostsFile() string    { return filepath.Join(f.Dir, "known_hosts") }
func (f Fleet) hostKeyFile() string       { return filepath.Join(f.Dir, "host_key.pub") }
func (f Fleet) scriptFile() string        { return filepath.Join(f.Dir, "script.sh") }
func (f Fleet) sshConfigFile() string     { return filepath.Join(f.Dir, "ssh_config") }
func (f Fleet) playbookFile() string      { return filepath.Join(f.Dir, "playbook.yml") }
func (f Fleet) ansibleConfigFile() string { return filepath.Join(f.Dir, "ansible.cfg") }
func (f Fleet) configFile() string        { return filepath.Join(f.Dir, "config.yaml") }

// Packs are the ids of the packs of each machine. All of them hold the same items, so that they differ in what is judged and
// stored, not in what is asked.
func packIDs(n int) []string {
	ids := []string{"bench"}
	for i := 1; i < n; i++ {
		ids = append(ids, fmt.Sprintf("bench%d", i+1))
	}
	return ids
}

// Write writes the files, with so many packs for each machine.
func (f Fleet) Write(packs int) error {
	ids := packIDs(packs)
	var c strings.Builder
	fmt.Fprintf(&c, "schedule: {cron: \"0 0 1 1 *\"}\n") // the first start counts as a missed run; then none is due
	fmt.Fprintf(&c, "check: {concurrency: %d, retries: 0}\n", Concurrency)
	fmt.Fprintf(&c, "ssh: {user: %s, port: %d, identity_files: [%s], known_hosts_files: [%s], config_file: \"\"}\n",
		f.User, f.Port, f.KeyFile, f.knownHostsFile())
	fmt.Fprintf(&c, "machines:\n")
	for i := range f.Machines {
		fmt.Fprintf(&c, "  - {name: %s, address: %s, packs: [%s]}\n", Name(i), Address(i), strings.Join(ids, ", "))
	}
	files := map[string]string{
		f.configFile():        c.String(),
		f.hostsFile():         Hosts(f.Machines),
		f.knownHostsFile():    KnownHosts(f.Machines, f.Port, f.HostKey),
		f.hostKeyFile():       f.HostKey + "\n",
		f.scriptFile():        f.Items.Script(),
		f.sshConfigFile():     f.sshConfig(),
		f.playbookFile():      f.Items.Playbook(),
		f.ansibleConfigFile(): "", // so that no other one is found
	}
	for _, id := range ids {
		files[filepath.Join(f.Dir, "packs", id+".yaml")] = f.Items.Pack()
	}
	if err := os.MkdirAll(filepath.Join(f.Dir, "packs"), 0o755); err != nil {
		return err
	}
	for file, text := range files {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// sshConfig is what OpenSSH's client needs to know. It asks nobody anything and looks at no other file.
func (f Fleet) sshConfig() string {
	return fmt.Sprintf(`Host *
  User %s
  Port %d
  IdentityFile %s
  IdentitiesOnly yes
  UserKnownHostsFile %s
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
`, f.User, f.Port, f.KeyFile, f.knownHostsFile())
}
