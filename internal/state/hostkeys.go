package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// hostKey is the first key that a host showed, as it is stored.
type hostKey struct {
	Address    string    `json:"address"`
	Key        []byte    `json:"key"` // in SSH's wire format
	AcceptedAt time.Time `json:"accepted_at"`
	By         string    `json:"by"` // the replica
}

func decodeHostKey(key string, value []byte) (*hostKey, error) {
	h := &hostKey{}
	if err := decode(value, h); err != nil {
		return nil, err
	}
	if encodeAddress(h.Address) != key {
		return nil, fmt.Errorf("it is %.100q's", h.Address)
	}
	if len(h.Key) == 0 {
		return nil, errors.New("it is empty")
	}
	return h, nil
}

// encodeAddress turns an address into a key: what a key may not hold becomes '=' and two hexadecimal digits.
func encodeAddress(address string) string {
	var b strings.Builder
	for i := range len(address) {
		if c := address[i]; isAlnum(c) || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

// HostKeys are the keys of hosts that replicas accepted, which all of them know.
type HostKeys struct{ s *Store }

// HostKeys returns the keys that replicas share; nil where nobody shares the state, and keys are kept elsewhere.
func (s *Store) HostKeys() *HostKeys {
	if s.member == nil {
		return nil
	}
	return &HostKeys{s}
}

// Known returns the key of an address in SSH's wire format, or nil if there is none. It asks nobody: a key that another
// replica accepted this moment is found by Learn.
func (k *HostKeys) Known(address string) []byte {
	view := k.s.view
	view.mu.Lock()
	defer view.mu.Unlock()
	if h, ok := view.hostKeys.table.get(encodeAddress(address)); ok {
		return h.Key
	}
	return nil
}

// Learn keeps the first key of an address, and returns the one that is kept: another one, if another replica was faster
// and met another.
func (k *HostKeys) Learn(address string, key []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	s, at := k.s, encodeAddress(address)
	value, err := encode(hostKey{address, key, s.view.clock.Now().UTC(), s.member.self.Name})
	if err != nil {
		return nil, err
	}
	after, err := s.buckets.hostKeys.compareAndSet(ctx, at, func(cur entry) (change, error) {
		if cur.revision != 0 {
			return change{}, nil
		}
		return change{op: opPut, value: value}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("store the host key of %.100q: %w", address, err)
	}
	kept, err := decodeHostKey(at, after.value)
	if err != nil { // never written over: it may be of a host that has changed its key
		return nil, fmt.Errorf("the stored host key of %.100q is corrupt: %w", address, err)
	}
	s.view.hostKeys.put(at, after.revision, kept)
	return kept.Key, nil
}
