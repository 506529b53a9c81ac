package ssh

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// keyStore is what replicas share. A late one shows keys only to who learns.
type keyStore struct {
	mu   sync.Mutex
	keys map[string][]byte
	late bool
	err  error
}

func (s *keyStore) Known(address string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.late {
		return nil
	}
	return s.keys[address]
}

func (s *keyStore) Learn(address string, key []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[address] == nil && s.err == nil {
		s.keys[address] = key
	}
	return s.keys[address], s.err
}

func TestAcceptedKeysThatAreShared(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{})
	shared := &keyStore{keys: map[string][]byte{}}
	replica := func() *Transport {
		o := newTransport(t).o
		o.AcceptedKeys = shared
		return New(o)
	}
	r1, r2 := replica(), replica()
	strict := machineOf(server)
	strict.SSH.KnownHostsFiles = nil
	accept := machineOf(server)
	accept.SSH.KnownHostsFiles, accept.SSH.HostKeyPolicy = nil, config.HostKeyAcceptNew

	_, err := run(t, r2, strict, "true")
	requireFailure(t, err, state.ReasonHostKey, false, "is not known")
	_, err = run(t, r1, accept, "true")
	require.NoError(t, err)
	assert.NoFileExists(t, r1.o.AcceptedKeysFile)
	assert.NoDirExists(t, filepath.Dir(r1.o.AcceptedKeysFile))
	_, err = run(t, r2, strict, "true")
	require.NoError(t, err, "what one accepted is known to all")

	server.RotateHostKeys()
	for _, r := range []*Transport{r1, r2} {
		_, err = run(t, r, accept, "true")
		requireFailure(t, err, state.ReasonHostKey, false, "has changed", "the keys that replicas accepted")
	}
	shared.late = true
	_, err = run(t, r2, accept, "true")
	requireFailure(t, err, state.ReasonHostKey, false, "has changed")

	shared.keys, shared.err = map[string][]byte{}, assert.AnError
	_, err = run(t, r2, accept, "true")
	requireFailure(t, err, state.ReasonInternal, false, "cannot be recorded")
	shared.late, shared.keys = false, map[string][]byte{"[" + server.Host + "]:" + "1": {1}}
	for address := range shared.keys {
		known, err := r1.hostKeys.accepted.keysOf(address)
		require.Error(t, err, "a key that makes no sense is not one that is not there")
		assert.Empty(t, known)
	}
}
