package ssh

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const sshConfig = `
Host web1
    HostName 10.0.0.7
    User conf
    Port 2200
    IdentityFile ~/.ssh/%h-%r
    IdentityFile "%d/second key"
    ProxyJump bastion,ann@gate:23

Host bastion
    HostName bastion.example.org
    User jumper
    Port 2022

Host plain
    ProxyJump none
    IdentityFile none

Host dev-*
    HostName %h.example.org
`

func TestPrecedence(t *testing.T) {
	home := t.TempDir()
	file := writeFile(t, filepath.Join(home, "config"), sshConfig)
	transport := New(Options{Home: home, User: "me"})
	second := hop{user: "ann", host: "gate", port: 23, identityFiles: []string{"/k"}}
	bastion := hop{user: "jumper", host: "bastion.example.org", port: 2022, identityFiles: []string{"/k"}}
	tests := []struct {
		name    string
		address string
		ssh     config.SSH
		want    []hop
	}{
		{"nothing is said", "other", config.SSH{}, []hop{{user: "me", host: "other", port: 22}}},
		{"the defaults", "other", config.SSH{User: "drift", Port: 2222, IdentityFiles: []string{"/k"}, ConfigFile: file},
			[]hop{{user: "drift", host: "other", port: 2222, identityFiles: []string{"/k"}}}},
		{"ssh_config comes before the defaults", "web1",
			config.SSH{User: "drift", Port: 2222, IdentityFiles: []string{"/k"}, ProxyJump: "x", ConfigFile: file},
			[]hop{bastion, second, {
				user: "conf", host: "10.0.0.7", port: 2200,
				identityFiles: []string{filepath.Join(home, ".ssh/10.0.0.7-conf"), filepath.Join(home, "second key")},
			}}},
		{"the machine's own comes before ssh_config", "web1",
			config.SSH{User: "own", Port: 1, IdentityFiles: []string{"/own"}, ProxyJump: "", ConfigFile: file, Explicit: map[string]bool{
				"user": true, "port": true, "identity_files": true, "proxy_jump": true,
			}},
			[]hop{{user: "own", host: "10.0.0.7", port: 1, identityFiles: []string{"/own"}}}},
		{"none", "plain", config.SSH{User: "drift", IdentityFiles: []string{"/k"}, ProxyJump: "x", ConfigFile: file},
			[]hop{{user: "drift", host: "plain", port: 22, identityFiles: []string{}}}},
		{"a host name that is made of the alias", "dev-1", config.SSH{User: "drift", ConfigFile: file},
			[]hop{{user: "drift", host: "dev-1.example.org", port: 22}}},
		{"a jump host has its own port, and the machine's user and keys", "other",
			config.SSH{User: "drift", Port: 2222, IdentityFiles: []string{"/k"}, ProxyJump: "gate,bastion:24", ConfigFile: file},
			[]hop{
				{user: "drift", host: "gate", port: 22, identityFiles: []string{"/k"}},
				{user: "jumper", host: "bastion.example.org", port: 24, identityFiles: []string{"/k"}},
				{user: "drift", host: "other", port: 2222, identityFiles: []string{"/k"}},
			}},
		{"a file that is missing says nothing", "web1", config.SSH{ConfigFile: filepath.Join(home, "missing")},
			[]hop{{user: "me", host: "web1", port: 22}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := transport.resolve(&config.Machine{Name: "m", Address: tt.address, SSH: tt.ssh})
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.hops)
		})
	}
}

func TestUnusableSSHConfig(t *testing.T) {
	for text, want := range map[string]string{
		"Host *\n Port x\n":                                  "1 to 65535",
		"Host *\n IdentityFile ~/%Z\n":                       "%Z is not supported",
		"Host *\n IdentityFile ~/x%\n":                       "ends in %",
		"Host *\n IdentityFile ${HOME}/id\n":                 "environment variables",
		"Host *\n IdentityFile relative\n":                   "not an absolute path",
		"Host *\n HostName %p\n":                             "%p is not supported",
		"Host *\n ProxyJump a:b\n":                           "proxy_jump cannot be used",
		"Host *\n User \"a b\"\n":                            "user name",
		"Match user\n":                                       "has no value",
		"Host *\n HostName \"a\n":                            "quote is not closed",
		"Host *\n Port\n":                                    "without a value",
		"Host *\n IdentitiesOnly perhaps\n":                  "neither yes nor no",
		"Host *\n CertificateFile x\n":                       "not an absolute path",
		"Host *\n ProxyCommand nc %h %p\n":                   "no command is run",
		"Host *\n ProxyJump %Z\n":                            "%Z is not supported",
		"Host *\n ProxyJump j\n":                             "round in circles: web1, j, j",
		"Host web1\n ProxyJump a\nHost a\n ProxyJump web1\n": "round in circles: web1, a, web1",
		"Host web1\n ProxyJump a\nHost a\n ProxyCommand x\n": "no command is run",
		"Include [\n":                                        "syntax error",
		"Host *\n HostName \"a b\"\n":                        "neither a host name",
	} {
		m := &config.Machine{Name: "m", Address: "web1", SSH: config.SSH{
			User: "u", ConfigFile: writeFile(t, filepath.Join(t.TempDir(), "config"), text),
		}}
		_, err := New(Options{Home: "/home/x"}).resolve(m)
		requireFailure(t, err, state.ReasonInternal, false, want)
	}
	_, err := New(Options{}).resolve(&config.Machine{Name: "m", Address: "web1"})
	requireFailure(t, err, state.ReasonInternal, false, "no user")
}

func TestIncludedConfigIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	included := writeFile(t, filepath.Join(dir, "more"), "Host web1\n Port 1\n")
	file := writeFile(t, filepath.Join(dir, "config"), "Include "+included+"\n")
	synctest.Test(t, func(t *testing.T) {
		transport := New(Options{User: "me"})
		m := &config.Machine{Name: "m", Address: "web1", SSH: config.SSH{ConfigFile: file}}
		port := func() int {
			tg, err := transport.resolve(m)
			require.NoError(t, err)
			return tg.hops[0].port
		}
		assert.Equal(t, 1, port())
		require.NoError(t, os.WriteFile(included, []byte("Host web1\n Port 2\n"), 0o600))
		assert.Equal(t, 1, port(), "it is cached")
		time.Sleep(configMaxAge)
		assert.Equal(t, 2, port())
		require.NoError(t, os.WriteFile(file, []byte("Host web1\n Port 3\n"), 0o600))
		assert.Equal(t, 3, port(), "its own change shows at once")
	})
}
