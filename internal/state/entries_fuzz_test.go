package state

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever a server holds, or another replica has written: an entry is refused, or it is one that can be stored again and is then
// the same, and it is never another's.
func FuzzEntries(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a","facts":{"os":"debian"},"retrying":{"at":"2026-01-29T06:00:00Z"}}`, `{"id":"a","total":3,"machines":["x",null],"ended_at":null}`,
		`{"generation":1,"digest":"x","replicas":-1}`, `{"name":"a","role":"all","sites":[""],"fleet":"x"}`, `{"address":"a","key":"AAAA","by":"\ud800"}`, `{"address":"a","key":""}`,
		"null", "[]", `{"name":"b"}`, "\xff", `{"id":"a","id":"b"}`,
	} {
		f.Add("a", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		if m, err := decodeMachine(key, value); err == nil {
			require.Equal(t, key, m.Name)
			again(t, m, func(value []byte) (*Machine, error) { return decodeMachine(key, value) })
		}
		if r, err := decodeRunEntry(key, value); err == nil {
			require.Equal(t, key, r.ID)
			again(t, r, func(value []byte) (*Run, error) { return decodeRunEntry(key, value) })
		}
		if r, err := decodeRoster(key, value); err == nil {
			again(t, r, func(value []byte) (*Roster, error) { return decodeRoster(key, value) })
		}
		if r, err := decodeReplica(key, value); err == nil {
			again(t, r, func(value []byte) (*Replica, error) { return decodeReplica(key, value) })
		}
		if h, err := decodeHostKey(key, value); err == nil {
			require.Equal(t, key, encodeAddress(h.Address))
			require.NotEmpty(t, h.Key)
			again(t, h, func(value []byte) (*hostKey, error) { return decodeHostKey(key, value) })
		}
		var j Job
		if decode(value, &j) == nil {
			again(t, &j, func(value []byte) (*Job, error) { var j Job; return &j, decode(value, &j) })
		}
	})
}

// again demands that what was decoded is stored and read as the same.
func again[V any](t *testing.T, v V, read func([]byte) (V, error)) {
	t.Helper()
	stored, err := encode(v)
	require.NoError(t, err)
	got, err := read(stored)
	require.NoError(t, err, "%s", stored)
	restored, err := encode(got)
	require.NoError(t, err)
	require.Equal(t, string(stored), string(restored))
}
