package ssh

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// marked is a known_hosts line with a marker about the public key beside a file.
func marked(t testing.TB, marker, pattern, file string) string {
	t.Helper()
	public, err := os.ReadFile(file + ".pub")
	require.NoError(t, err)
	return marker + " " + pattern + " " + string(public)
}

func TestRealHostCertificates(t *testing.T) {
	ca, stranger := newPair(t, "ed25519"), newPair(t, "rsa")
	server := testsshd.Start(t, testsshd.Options{})
	hostKey := filepath.Join(t.TempDir(), "host")
	writeFile(t, hostKey+".pub", server.HostKey("ed25519")+"\n")
	authority := marked(t, "@cert-authority", "*", ca)
	plain := server.KnownHosts()
	valid := []string{"-n", server.Host + ",web1"}
	tests := []struct {
		name  string
		sign  []string // how the certificate is made
		ca    string
		known []string // files
		text  string   // of the failure
	}{
		{"valid", valid, ca, []string{authority}, ""},
		{"for its port", valid, ca, []string{marked(t, "@cert-authority", "["+server.Host+"]:*,"+strings.Fields(plain)[0], ca)}, ""},
		{"the authority is in the second file", valid, ca, []string{marked(t, "@cert-authority", "*", stranger), authority}, ""},
		{"the plain key is known as well", []string{"-n", "elsewhere"}, ca, []string{plain + authority}, ""},
		{"for everybody", nil, ca, []string{authority}, ""},
		{"for another host", []string{"-n", "web2"}, ca, []string{authority}, "not in the set of valid principals"},
		{"expired", append(valid, "-V", "20200101:20210101"), ca, []string{authority}, "has expired"},
		{"not valid yet", append(valid, "-V", "20900101:20910101"), ca, []string{authority}, "not yet valid"},
		{"of an authority that is not known", valid, stranger, []string{authority}, "no authorities for hostname"},
		{"of an authority for other hosts", valid, ca, []string{marked(t, "@cert-authority", "*.example.com", ca)}, "is not known"},
		{"signed with SHA-1", append(valid, "-t", "ssh-rsa"), stranger, []string{marked(t, "@cert-authority", "*", stranger)}, "SHA-1"},
		{"the authority is revoked", valid, ca, []string{authority + marked(t, "@revoked", "*", ca)}, "is revoked"},
		{"the authority is revoked in another file", valid, ca, []string{authority, marked(t, "@revoked", "*", ca)}, "is revoked"},
		{"the key is revoked in another file", valid, ca, []string{marked(t, "@revoked", "*", hostKey), authority}, "is revoked"},
		{"a user's", []string{"user"}, ca, []string{authority}, "type 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"-h"}, tt.sign...)
			if len(tt.sign) == 1 && tt.sign[0] == "user" {
				args = []string{"-n", server.Host}
			}
			server.Configure("HostCertificate " + certify(t, tt.ca, hostKey, args...))
			for _, policy := range []config.HostKeyPolicy{config.HostKeyStrict, config.HostKeyAcceptNew} {
				m := machineOf(server)
				m.SSH.HostKeyPolicy, m.SSH.KnownHostsFiles = policy, nil
				for _, text := range tt.known {
					m.SSH.KnownHostsFiles = append(m.SSH.KnownHostsFiles, writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), text))
				}
				logins := server.Logins()
				err := start(t, contextOf(t), m)
				if tt.text == "" || tt.text == "is not known" && policy == config.HostKeyAcceptNew {
					require.NoError(t, err)
					continue
				}
				requireFailure(t, err, state.ReasonHostKey, false, tt.text)
				assert.Equal(t, logins, server.Logins())
			}
		})
	}
}
