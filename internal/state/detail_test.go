package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func largeDetail(mismatches, diff, value int) *Detail {
	d := &Detail{Definitions: map[string]string{}}
	for i := range mismatches {
		m := mismatch(i)
		m.Diff, m.Actual = strings.Repeat("d", diff), strings.Repeat("v", value)
		d.Mismatches = append(d.Mismatches, m)
		d.Definitions[m.ID()] = "0123456789abcdef"
	}
	return d
}

func requireFits(t *testing.T, d *Detail, limit int) *Detail {
	t.Helper()
	c := fitDetail(d, limit)
	b, err := encode(c)
	require.NoError(t, err)
	require.LessOrEqual(t, len(b), limit)
	return c
}

func TestFitDetail(t *testing.T) {
	t.Run("what fits is whole", func(t *testing.T) {
		d := largeDetail(10, 1000, 10)
		assert.Same(t, d, fitDetail(d, maxDetail))
	})
	t.Run("diffs go first, the ones that do not fit", func(t *testing.T) {
		d := largeDetail(100, 10_000, 10)
		d.Mismatches[3].Diff = strings.Repeat("d", maxDetail)
		c := requireFits(t, d, maxDetail)
		assert.True(t, c.Cut)
		require.Len(t, c.Mismatches, 100)
		assert.Equal(t, d.Mismatches[0], c.Mismatches[0])
		assert.Empty(t, c.Mismatches[3].Diff)
		assert.NotEmpty(t, c.Mismatches[4].Diff, "a large one does not keep others out")
		assert.Empty(t, c.Mismatches[99].Diff)
		assert.Equal(t, d.Definitions, c.Definitions)
	})
	t.Run("then the length of values", func(t *testing.T) {
		d := largeDetail(100, 100, 10_000)
		c := requireFits(t, d, maxDetail)
		require.Len(t, c.Mismatches, 100)
		assert.Len(t, c.Mismatches[99].Actual, maxValue)
		assert.Equal(t, d.Mismatches[99].Item, c.Mismatches[99].Item)
		assert.Equal(t, d.Definitions, c.Definitions)
	})
	t.Run("then definitions, if they are many, and the last mismatches", func(t *testing.T) {
		c := requireFits(t, largeDetail(4000, 10, 300), maxDetail)
		left := len(c.Definitions)
		assert.Zero(t, left)
		assert.Greater(t, len(c.Mismatches), 500)
		assert.Less(t, len(c.Mismatches), 4000)
	})
	t.Run("what was only seen goes before anything else: its diffs", func(t *testing.T) {
		d := largeDetail(100, 1000, 10)
		d.Seen = largeDetail(200, 1000, 10).Mismatches
		c := requireFits(t, d, maxDetail)
		assert.True(t, c.Cut)
		assert.Equal(t, d.Mismatches, c.Mismatches)
		assert.Equal(t, d.Definitions, c.Definitions)
		require.Len(t, c.Seen, 200)
		assert.Equal(t, d.Seen[0], c.Seen[0])
		assert.Empty(t, c.Seen[199].Diff)
	})
	t.Run("then the length of its values, and the last of it", func(t *testing.T) {
		d := largeDetail(100, 1000, 10)
		d.Errors = []ItemError{{Kind: "file", Item: "/etc/shadow", Error: strings.Repeat("e", 2*maxValue)}}
		d.Waived, d.Seen = largeDetail(10, 10, 10).Mismatches, largeDetail(2000, 10, 1000).Mismatches
		c := requireFits(t, d, maxDetail)
		require.NotEmpty(t, c.Seen)
		assert.Less(t, len(c.Seen), 2000)
		assert.Len(t, c.Seen[0].Actual, maxValue)
		c.Seen, d.Seen, d.Cut = nil, nil, true
		assert.Equal(t, d, c, "the rest is whole")
	})
	t.Run("all of it, if the rest is too long by itself", func(t *testing.T) {
		d := largeDetail(100, 10_000, 10)
		want := fitDetail(d, maxDetail)
		d.Seen = largeDetail(10, 10, 10).Mismatches
		assert.Equal(t, want, requireFits(t, d, maxDetail))
	})
	t.Run("whatever is in it", func(t *testing.T) {
		long := strings.Repeat("\x01\"\\", maxDetail/8)
		for _, d := range []*Detail{
			{Errors: []ItemError{{Kind: "file", Item: long, Error: long, Source: long}}},
			{Waived: []Mismatch{{Type: "t", Item: long, Expected: long, Waiver: long, Source: long, Diff: long}}},
			{Definitions: map[string]string{long: "x"}},
			{Seen: []Mismatch{{Type: long}, {Type: "t"}}},
			{Seen: []Mismatch{{Type: "t", Item: "i", Diff: long}}, Waived: []Mismatch{{Type: "t", Item: long}}},
			{Mismatches: []Mismatch{{Type: long}, {Type: "t"}}},
			{Mismatches: []Mismatch{{Type: "t", Item: "i", Diff: long}, {Type: "t", Diff: "short"}}},
		} {
			for _, limit := range []int{maxDetail, maxChange} {
				assert.True(t, requireFits(t, d, limit).Cut)
			}
		}
	})
	t.Run("the caller's is not changed", func(t *testing.T) {
		d := largeDetail(300, 100, 1000)
		fitDetail(d, maxDetail)
		assert.Equal(t, largeDetail(300, 100, 1000), d)
	})
}

func TestOversizedDetailIsStoredCut(t *testing.T) {
	s := open(t, t.TempDir())
	r := drifted(pair, 1000)
	r.Detail = largeDetail(1000, 1000, 1000)
	store(t, s, r)
	full, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.True(t, full.Detail.Cut)
	assert.Equal(t, 1000, full.Verdict.Mismatches, "the count is whole")
	changes, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	require.Len(t, changes, 1)
	assert.NotEmpty(t, changes[0].Mismatches)

	store(t, s, r)
	again, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, full.DetailRevision, again.DetailRevision, "cut the same way, it is the same")
	changes, err = s.History(t.Context(), pair)
	require.NoError(t, err)
	assert.Len(t, changes, 1)
}

func TestLostOrCorruptDetailIsEmptyAndSaysSo(t *testing.T) {
	s := open(t, t.TempDir())
	lost, corrupt := drifted(Key{"lost", "base"}, 3), drifted(Key{"corrupt", "base"}, 3)
	store(t, s, lost)
	store(t, s, corrupt)
	require.NoError(t, s.buckets.detail.purge(t.Context(), "lost.base", 1<<60))
	_, err := s.buckets.detail.kv.PutString(t.Context(), "lost.base", `{"mismatches":[{"type":"of nobody"}]}`)
	require.NoError(t, err)
	rev, err := s.buckets.detail.kv.PutString(t.Context(), "corrupt.base", "{")
	require.NoError(t, err)
	shown, _ := s.View().Record(corrupt.Key)
	b, err := s.buckets.state.read(t.Context(), "corrupt.base")
	require.NoError(t, err)
	pointing := strings.Replace(string(b.value),
		fmt.Sprintf(`"detail_revision":%d`, shown.DetailRevision), fmt.Sprintf(`"detail_revision":%d`, rev), 1)
	_, err = s.buckets.state.kv.PutString(t.Context(), "corrupt.base", pointing)
	require.NoError(t, err)

	for _, r := range []*Record{lost, corrupt} {
		full, err := s.Detail(t.Context(), r.Key)
		require.NoError(t, err)
		assert.Equal(t, &Detail{Cut: true}, full.Detail, "%s: not the detail of another commit", r.Key)
		assert.Equal(t, 3, full.Verdict.Mismatches)
		store(t, s, drifted(r.Key, 3))
		full, err = s.Detail(t.Context(), r.Key)
		require.NoError(t, err)
		assert.Len(t, full.Detail.Mismatches, 3, "the next transition repairs it")
	}
}
