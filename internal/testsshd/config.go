package testsshd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// writeConfig writes sshd_config: the test's lines and those of the harness that they do not replace.
func (s *Server) writeConfig() (string, error) {
	address := loopback
	if s.o.AllLoopbacks {
		address = "0.0.0.0"
	}
	lines := []string{
		"Port " + strconv.Itoa(s.Port),
		"ListenAddress " + address,
		"AllowUsers " + s.User,
		"AuthenticationMethods publickey",
		"PubkeyAuthentication yes",
		"PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
		"PermitRootLogin no",
		"UsePAM no",
		"UseDNS no",
		"StrictModes no", // the harness may live below a directory that others can write to
		"AuthorizedKeysFile .ssh/authorized_keys",
		"PidFile none",
		"PrintMotd no",
		"PrintLastLog no",
		"MaxStartups 2000",
		"MaxSessions 2000",
		"LoginGraceTime 60",
		"LogLevel VERBOSE",
	}
	if penalizes() {
		lines = append(lines, "PerSourcePenalties no") // all tests come from the same few addresses
	}
	lines = append(append([]string{}, s.o.Config...), slices.DeleteFunc(lines, s.replaced)...)
	for _, keyType := range s.o.HostKeyTypes {
		lines = append(lines, "HostKey "+s.hostKeyFile(keyType))
	}
	file := filepath.Join(s.dir, "sshd_config")
	return file, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// replaced reports whether the test has a line of its own in place of this one.
func (s *Server) replaced(line string) bool {
	keyword, _, _ := strings.Cut(line, " ")
	return slices.ContainsFunc(s.o.Config, func(own string) bool {
		name, _, _ := strings.Cut(own, " ")
		return strings.EqualFold(name, keyword)
	})
}

var versionPattern = regexp.MustCompile(`OpenSSH_(\d+)\.(\d+)`)

// penalizes reports whether sshd has PerSourcePenalties, which came with 9.8; older ones refuse the keyword.
var penalizes = sync.OnceValue(func() bool {
	out, _ := exec.Command(sshdPath, "-V").CombinedOutput() // exits 1 in old versions, after printing it
	m := versionPattern.FindStringSubmatch(string(out))
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return major > 9 || major == 9 && minor >= 8
})

func (s *Server) hostKeyFile(keyType string) string {
	return filepath.Join(s.dir, "ssh_host_"+keyType+"_key")
}

// makeHostKeys makes a new host key of each type.
func (s *Server) makeHostKeys() error {
	for _, keyType := range s.o.HostKeyTypes {
		if err := keygen(keyType, s.hostKeyFile(keyType)); err != nil {
			return err
		}
	}
	return nil
}

// HostKey is the server's present public host key of a type (ed25519, ecdsa, rsa) as known_hosts writes it:
// the algorithm and the key.
func (s *Server) HostKey(keyType string) string {
	s.t.Helper()
	data, err := os.ReadFile(s.hostKeyFile(keyType) + ".pub")
	s.check("read host key", err)
	fields := strings.Fields(string(data))
	return fields[0] + " " + fields[1]
}

// KnownHosts are known_hosts lines of the server's present host keys of the given types (none: all of them).
func (s *Server) KnownHosts(keyTypes ...string) string {
	s.t.Helper()
	if len(keyTypes) == 0 {
		keyTypes = s.o.HostKeyTypes
	}
	host := loopback
	if s.o.AllLoopbacks {
		host = "127.*"
	}
	var b strings.Builder
	for _, keyType := range keyTypes {
		fmt.Fprintf(&b, "[%s]:%d %s\n", host, s.Port, s.HostKey(keyType))
	}
	return b.String()
}

// WriteKnownHosts writes the server's present host keys into KnownHostsFile.
func (s *Server) WriteKnownHosts() {
	s.t.Helper()
	s.check("write known_hosts", os.WriteFile(s.KnownHostsFile, []byte(s.KnownHosts()), 0o600))
}

// keygen makes a key pair without a passphrase, replacing the one that is there.
func keygen(keyType, file string) error {
	for _, f := range []string{file, file + ".pub"} {
		if err := os.Remove(f); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	args := []string{"-q", "-t", keyType, "-N", "", "-C", "testsshd", "-f", file}
	if keyType == "rsa" {
		args = append(args, "-b", "2048") // the smallest that is accepted, since it is the fastest
	}
	return command("ssh-keygen", args...)
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
