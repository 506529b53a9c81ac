package ssh

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// keygen runs OpenSSH's ssh-keygen.
func keygen(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.Command(testenv.Program(t, "ssh-keygen", "openssh-client"), append([]string{"-q"}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// newPair makes a key pair in a directory of its own.
func newPair(t testing.TB, keyType string, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "id_"+keyType)
	keygen(t, append([]string{"-t", keyType, "-N", "", "-f", file}, args...)...)
	return file
}

// certify signs the public key beside file, which makes file-cert.pub.
func certify(t testing.TB, ca, file string, args ...string) string {
	t.Helper()
	keygen(t, append(append([]string{"-s", ca, "-I", "the id"}, args...), file+".pub")...)
	return file + "-cert.pub"
}

func readCertificate(t testing.TB, file string) *ssh.Certificate {
	t.Helper()
	c, err := parseCertificate(file)
	require.NoError(t, err)
	require.NotNil(t, c.cert, c.problem)
	return c.cert
}

func move(t testing.TB, from, to string) string {
	t.Helper()
	require.NoError(t, os.Rename(from, to))
	return to
}

func TestUserCertificates(t *testing.T) {
	ca := newPair(t, "ed25519")
	server := testsshd.Start(t, testsshd.Options{Config: []string{"TrustedUserCAKeys " + ca + ".pub", "AuthorizedKeysFile none"}})
	for _, keyType := range []string{"ed25519", "ecdsa", "rsa"} {
		key := newPair(t, keyType)
		certificate := certify(t, ca, key, "-n", server.User)
		private, public := readKey(t, key), readCertificate(t, certificate)
		elsewhere := t.TempDir()
		tests := []struct {
			name string
			set  func(m *config.Machine, o *Options)
		}{
			{"beside the key", func(m *config.Machine, _ *Options) { m.SSH.IdentityFiles = []string{key} }},
			{"beside the public key of a key in the agent", func(m *config.Machine, o *Options) {
				m.SSH.IdentityFiles = []string{key + ".pub"}
				o.AgentSocket, _ = serveAgent(t, ring(t, private))
			}},
			{"in the agent", func(m *config.Machine, o *Options) {
				m.SSH.IdentityFiles = nil
				keys := ring(t, newPrivateKey(t, "ed25519"), private)
				require.NoError(t, keys.Add(agent.AddedKey{PrivateKey: private, Certificate: public, Comment: "c"}))
				o.AgentSocket, _ = serveAgent(t, keys)
			}},
			{"in the agent, where only keys of files count", func(m *config.Machine, o *Options) {
				m.SSH.IdentityFiles = []string{key + ".pub"}
				m.SSH.ConfigFile = writeFile(t, filepath.Join(t.TempDir(), "c"), "IdentitiesOnly yes\n")
				keys := agent.NewKeyring()
				require.NoError(t, keys.Add(agent.AddedKey{PrivateKey: private, Certificate: public}))
				o.AgentSocket, _ = serveAgent(t, keys)
			}},
			{"of ssh_config", func(m *config.Machine, o *Options) {
				moved := filepath.Join(elsewhere, server.User+"-cert.pub")
				data, err := os.ReadFile(certificate)
				require.NoError(t, err)
				writeFile(t, moved, string(data))
				bare := filepath.Join(t.TempDir(), "id")
				data, err = os.ReadFile(key)
				require.NoError(t, err)
				m.SSH.IdentityFiles, o.Home = []string{writeFile(t, bare, string(data))}, elsewhere
				m.SSH.ConfigFile = writeFile(t, filepath.Join(t.TempDir(), "c"), "Host *\n CertificateFile %d/none-cert.pub\n CertificateFile ~/%r-cert.pub\n")
			}},
		}
		for _, tt := range tests {
			t.Run(keyType+" "+tt.name, func(t *testing.T) {
				m, transport := machineOf(server), newTransport(t)
				tt.set(m, &transport.o)
				out, err := run(t, transport, m, "id", "-un")
				require.NoError(t, err)
				assert.Equal(t, server.User+"\n", out)
			})
		}
	}
}

func TestCertificateComesBeforeItsKey(t *testing.T) {
	ca := newPair(t, "ed25519")
	server := testsshd.Start(t, testsshd.Options{Config: []string{"TrustedUserCAKeys " + ca + ".pub", "MaxAuthTries 1"}})
	certify(t, ca, server.KeyFile, "-n", server.User)
	_, err := run(t, newTransport(t), machineOf(server), "true")
	require.NoError(t, err)
	assert.Contains(t, server.Log(), "ED25519-CERT SHA256:")

	certify(t, newPair(t, "ed25519"), server.KeyFile, "-n", server.User)
	server.Configure("MaxAuthTries 6")
	_, err = run(t, newTransport(t), machineOf(server), "true")
	require.NoError(t, err, "the key counts where its certificate does not")
}

func TestRefusedCertificates(t *testing.T) {
	ca := newPair(t, "ed25519")
	server := testsshd.Start(t, testsshd.Options{Config: []string{"TrustedUserCAKeys " + ca + ".pub", "AuthorizedKeysFile none"}})
	tests := []struct {
		name  string
		make  func(key string)
		texts []string
	}{
		{"for somebody else", func(key string) { certify(t, ca, key, "-n", "ann,bob") }, []string{`(ssh-ed25519-cert-v01@openssh.com SHA256:`, `certificate "the id" for ann bob`}},
		{"expired", func(key string) { certify(t, ca, key, "-n", server.User, "-V", "20200101000000Z:20210101000000Z") },
			[]string{"from 2020-01-01T00:00:00Z until 2021-01-01T00:00:00Z"}},
		{"of another authority", func(key string) { certify(t, newPair(t, "ed25519"), key, "-n", server.User) }, []string{"-cert.pub (ssh-ed25519-cert"}},
		{"of a host", func(key string) { certify(t, ca, key, "-h", "-n", server.Host) }, []string{"-cert.pub cannot be used: a certificate for hosts"}},
		{"of another key", func(key string) {
			move(t, certify(t, ca, newPair(t, "ed25519"), "-n", server.User), key+"-cert.pub")
		}, []string{"-cert.pub cannot be used: nothing here has its private key"}},
		{"no certificate", func(key string) { writeFile(t, key+"-cert.pub", "hello") }, []string{"-cert.pub cannot be used: not a certificate"}},
		{"not a file", func(key string) { require.NoError(t, os.Mkdir(key+"-cert.pub", 0o700)) }, []string{"-cert.pub cannot be used: read "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key := newPair(t, "ed25519")
			tt.make(key)
			m := machineOf(server)
			m.SSH.IdentityFiles = []string{key}
			err := start(t, contextOf(t), m)
			requireFailure(t, err, state.ReasonAuth, false, append(tt.texts, "it accepted no key")...)
		})
	}
	t.Run("one of ssh_config that is missing", func(t *testing.T) {
		m := machineOf(server)
		m.SSH.ConfigFile = writeFile(t, filepath.Join(t.TempDir(), "c"), "CertificateFile /no/such-cert.pub\n")
		requireFailure(t, start(t, contextOf(t), m), state.ReasonAuth, false, "/no/such-cert.pub cannot be used: no such file")
	})
}

func TestIdentitiesOnly(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{})
	m, transport := machineOf(server), newTransport(t)
	transport.o.AgentSocket, _ = serveAgent(t, ring(t, readKey(t, server.KeyFile)))
	m.SSH.IdentityFiles = []string{newPair(t, "ed25519")}
	_, err := run(t, transport, m, "true")
	require.NoError(t, err, "the agent's keys count")
	m.SSH.ConfigFile = writeFile(t, filepath.Join(t.TempDir(), "c"), "Host *\n IdentitiesOnly yes\n")
	_, err = run(t, transport, m, "true")
	requireFailure(t, err, state.ReasonAuth, false, "it accepted no key")
	m.SSH.IdentityFiles = append(m.SSH.IdentityFiles, server.KeyFile+".pub")
	_, err = run(t, transport, m, "true")
	require.NoError(t, err, "a file names the agent's key")
}

func TestNoPanicAboutHostileTimes(t *testing.T) {
	for _, seconds := range []uint64{0, 1, 1 << 38, 1<<63 - 1, 1 << 63, ssh.CertTimeInfinity} {
		assert.NotEmpty(t, certTime(seconds))
		assert.NotEmpty(t, terms(&ssh.Certificate{ValidAfter: seconds, ValidBefore: seconds, KeyId: "\x1b[2J"}))
	}
}
