package ssh

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skeema/knownhosts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestLinesThatCannotBeUnderstoodAreSkipped(t *testing.T) {
	var logged bytes.Buffer
	k := newHostKeys(newAccepted(Options{}), slog.New(slog.NewTextHandler(&logged, nil)))
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	file := filepath.Join(t.TempDir(), "known_hosts")
	key := newSigner(t, "ed25519").PublicKey()
	authority := "@cert-authority *.example " + string(ssh.MarshalAuthorizedKey(key))
	good := knownhosts.Line([]string{"web1"}, key)
	for _, bad := range []string{
		"x", "x y z", "web1 ssh-ed25519", "web1 ssh-ed25519 !!!!", "web1 ssh-ed25519 AAAA", "\x00\xff", "<<<<<<< HEAD",
		"|1|x|y " + strings.TrimPrefix(good, "web1 "), "web1 ssh-rsa " + strings.Fields(good)[2], "web1:22:33, " + good, "\t x \t",
	} {
		t.Run(bad, func(t *testing.T) {
			logged.Reset()
			writeFile(t, file, "# of all\n\n"+bad+"\r\n"+good+"\n"+authority+bad+" again")
			for range 3 {
				for addr, want := range map[string]int{"web1:22": 1, "a.example:22": 1, "other:22": 0} {
					keys, err := k.keysOf([]string{file}, addr)
					require.NoError(t, err)
					assert.Len(t, keys, want, addr)
				}
			}
			assert.Equal(t, 1, strings.Count(logged.String(), "level=WARN"), logged.String())
			assert.Contains(t, logged.String(), "file="+file+" line=3 lines=2 err=")
			left, err := os.ReadDir(temporary)
			require.NoError(t, err)
			assert.Empty(t, left)
		})
	}
}

func TestMarkersThatCannotBeUnderstoodAreErrors(t *testing.T) {
	f := startFake(t, nil)
	good := knownhosts.Line([]string{f.addr()}, f.keys[0].PublicKey()) + "\n"
	for _, line := range []string{"@revoked * ssh-ed25519 AAAA", " @revoked", "@cert-authority * x", "@revokd " + good} {
		t.Run(line, func(t *testing.T) {
			m := f.machine()
			m.SSH.HostKeyPolicy = config.HostKeyAcceptNew
			file := writeFile(t, filepath.Join(t.TempDir(), "k"), good+"x\n"+line+"\n")
			m.SSH.KnownHostsFiles = []string{file}
			requireFailure(t, start(t, contextOf(t), m), state.ReasonHostKey, false, "line 3 of the known_hosts file "+file, "correct or remove it")
		})
	}
	t.Run("another kind of file", func(t *testing.T) {
		m := f.machine()
		m.SSH.KnownHostsFiles = []string{writeFile(t, filepath.Join(t.TempDir(), "k"), good+strings.Repeat("text\n", maxSkipped+1))}
		requireFailure(t, start(t, contextOf(t), m), state.ReasonHostKey, false, fmt.Sprintf("line %d of", maxSkipped+2))
	})
	t.Run("no place for a copy", func(t *testing.T) {
		t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
		m := f.machine()
		m.SSH.KnownHostsFiles = []string{writeFile(t, filepath.Join(t.TempDir(), "k"), "text\n"+good)}
		requireFailure(t, start(t, contextOf(t), m), state.ReasonHostKey, false, "line 1 of")
	})
	assert.Zero(t, f.attempts.Load(), "no attempt to log in")
}
