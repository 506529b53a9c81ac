package ssh

import (
	"bytes"
	"net"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// KeyStore keeps the keys of hosts that were accepted for several processes at once. Keys are in SSH's wire format,
// addresses as in a known_hosts file: a host, or [host]:port.
type KeyStore interface {
	// Known returns the key of an address, or nil. It is asked at every connection.
	Known(address string) []byte
	// Learn keeps the first key of an address, and returns the one that is kept.
	Learn(address string, key []byte) ([]byte, error)
}

// accepted is what accept-new has learnt, wherever it is kept.
type accepted interface {
	keysOf(addr string) ([]knownKey, error)
	// ask says what is known of a host's key.
	ask(addr string, remote net.Addr, key ssh.PublicKey) (opinion, error)
	// learn records a host's first key. The opinion that it returns is not to trust the key if the host has become
	// known by another one.
	learn(addr string, remote net.Addr, key ssh.PublicKey) (opinion, error)
	where() string // for people
}

func newAccepted(o Options) accepted {
	if o.AcceptedKeys != nil {
		return &sharedKeys{o.AcceptedKeys}
	}
	return &acceptedKeys{path: o.AcceptedKeysFile}
}

// sharedKeys are the accepted keys of a KeyStore.
type sharedKeys struct{ store KeyStore }

func (s *sharedKeys) where() string { return "the keys that replicas accepted" }

func (s *sharedKeys) keysOf(addr string) ([]knownKey, error) {
	kept := s.store.Known(knownhosts.Normalize(addr))
	if kept == nil {
		return nil, nil
	}
	known, err := s.parse(addr, kept)
	if err != nil {
		return nil, err
	}
	return []knownKey{known}, nil
}

func (s *sharedKeys) parse(addr string, kept []byte) (knownKey, error) {
	key, err := ssh.ParsePublicKey(kept)
	if err != nil {
		return knownKey{}, internal(err, "the accepted host key of %s cannot be used", addr)
	}
	return knownKey{key: key, file: s.where()}, nil
}

func (s *sharedKeys) ask(addr string, _ net.Addr, key ssh.PublicKey) (opinion, error) {
	known, err := s.keysOf(addr)
	if err != nil || len(known) == 0 {
		return opinion{}, err
	}
	return opinion{trusted: bytes.Equal(known[0].key.Marshal(), key.Marshal()), known: known}, nil
}

func (s *sharedKeys) learn(addr string, _ net.Addr, key ssh.PublicKey) (opinion, error) {
	kept, err := s.store.Learn(knownhosts.Normalize(addr), key.Marshal())
	if err != nil {
		return opinion{}, internal(err, "the host key of %s cannot be recorded", addr)
	}
	known, err := s.parse(addr, kept)
	if err != nil {
		return opinion{}, err
	}
	return opinion{trusted: bytes.Equal(kept, key.Marshal()), known: []knownKey{known}}, nil
}
