package state

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHostKeysAreKnownToAllOnceOneAcceptedThem(t *testing.T) {
	srv := natsServer(t, nil)
	r1, r2 := join(t, srv, "r1"), join(t, srv, "r2")
	const address = "[web1.example.com]:2222"
	assert.Nil(t, r1.HostKeys().Known(address))
	kept, err := r1.HostKeys().Learn(address, []byte("one"))
	require.NoError(t, err)
	assert.Equal(t, "one", string(kept))
	assert.Equal(t, "one", string(r1.HostKeys().Known(address)), "at once")

	kept, err = r2.HostKeys().Learn(address, []byte("two"))
	require.NoError(t, err)
	assert.Equal(t, "one", string(kept), "whatever its view shows by then")
	require.Eventually(t, func() bool { return string(r2.HostKeys().Known(address)) == "one" }, eventually, tick)
	assert.Equal(t, "one", string(join(t, srv, "r3").HostKeys().Known(address)), "who joins later")
	assert.Nil(t, open(t, t.TempDir()).HostKeys())

	require.NoError(t, r1.buckets.hostKeys.kv.Delete(t.Context(), encodeAddress(address)), "the machine was reinstalled")
	require.Eventually(t, func() bool { return r2.HostKeys().Known(address) == nil }, eventually, tick)
	kept, err = r2.HostKeys().Learn(address, []byte("two"))
	require.NoError(t, err)
	assert.Equal(t, "two", string(kept))
}

func TestTheFirstOfManyHostKeysWins(t *testing.T) {
	srv := natsServer(t, nil)
	stores := []*Store{join(t, srv, "r1"), join(t, srv, "r2"), join(t, srv, "r3")}
	kept := make([]string, 12)
	var wg sync.WaitGroup
	for i := range kept {
		wg.Go(func() {
			key, err := stores[i%len(stores)].HostKeys().Learn("a", fmt.Append(nil, i))
			kept[i] = string(key)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	for _, key := range kept {
		assert.Equal(t, kept[0], key)
	}
}

func TestCorruptHostKeysAreNeitherKnownNorReplaced(t *testing.T) {
	srv := natsServer(t, nil)
	s := join(t, srv, "r1")
	for address, value := range map[string]string{"a": "{", "b": `{"address":"c","key":"AAAA"}`, "d": `{"address":"d"}`} {
		_, err := s.buckets.hostKeys.kv.Put(t.Context(), encodeAddress(address), []byte(value))
		require.NoError(t, err)
		_, err = s.HostKeys().Learn(address, []byte("new"))
		require.ErrorContains(t, err, "is corrupt")
		assert.Nil(t, s.HostKeys().Known(address))
	}
}

func TestAddressesAsKeysAreDistinct(t *testing.T) {
	seen := map[string]string{}
	for _, address := range []string{"a.b", "a=2Eb", "a-b", "[::1]:22", "::1", "a b", "ä", "a_b", "*", ">"} {
		key := encodeAddress(address)
		assert.Regexp(t, `^[-/_=.a-zA-Z0-9]+$`, key)
		assert.Empty(t, seen[key])
		seen[key] = address
	}
}
