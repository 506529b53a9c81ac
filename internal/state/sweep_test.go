package state

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A process that dies between removing the state entry and the rest leaves a detail and a history of nobody.
func TestOpenRemovesWhatBelongsToNoPair(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	store(t, s, drifted(pair, 1))
	key, err := encodeKey(pair)
	require.NoError(t, err)
	for _, b := range []*bucket{s.buckets.detail, s.buckets.history} {
		_, err := b.kv.Put(t.Context(), "gone.base", []byte("{}"))
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())

	s = open(t, dir)
	require.NoError(t, s.Restore(t.Context(), func(Key, []Change) *Record { return nil }))
	for _, b := range []*bucket{s.buckets.detail, s.buckets.history} {
		keys, err := b.keys(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{key}, keys, b.name)
	}
	r, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.Len(t, r.Detail.Mismatches, 1)
}

func TestOpenTakesAnOlderWindowForDuplicatesBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	config := bucketKind{name: bucketState, about: "as it was", history: 1, markerTTL: defaultMarkerTTL}.stream(Options{})
	config.Duplicates = 1200 * duplicatesWindow
	_, err := s.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	require.NoError(t, s.Close())

	info, err := open(t, dir).buckets.state.stream.Info(t.Context())
	require.NoError(t, err)
	assert.Equal(t, duplicatesWindow, info.Config.Duplicates)
}
