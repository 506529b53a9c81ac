package state

import "slices"

// table holds the newest known entry of every key of a bucket. Entries reach it twice, from the writer and
// from the watcher, in any order between the two; revisions decide, so that it never goes backwards.
type table[K comparable, V any] struct {
	rows    map[K]*row[K, V]
	compare func(a, b K) int
	sorted  []*row[K, V] // nil: to be built
	// watched is the highest revision that the watcher has delivered.
	watched uint64
}

// row is an entry. A nil value is a tombstone: we removed the entry, and the watcher may still have to
// deliver revisions of before that.
type row[K comparable, V any] struct {
	key      K
	revision uint64
	value    *V
}

func newTable[K comparable, V any](compare func(a, b K) int) table[K, V] {
	return table[K, V]{rows: map[K]*row[K, V]{}, compare: compare}
}

// expect makes room for so many keys, if there are none yet.
func (t *table[K, V]) expect(keys int) {
	if len(t.rows) == 0 {
		t.rows = make(map[K]*row[K, V], keys)
	}
}

func (t *table[K, V]) get(k K) (*V, bool) {
	r := t.rows[k]
	if r == nil || r.value == nil {
		return nil, false
	}
	return r.value, true
}

// find is get with the revision of the entry, 0 if there is none.
func (t *table[K, V]) find(k K) (*V, uint64) {
	r := t.rows[k]
	if r == nil || r.value == nil {
		return nil, 0
	}
	return r.value, r.revision
}

// fresh tells whether a revision is newer than what the table holds.
func (t *table[K, V]) fresh(k K, revision uint64) bool {
	r := t.rows[k]
	return r == nil || r.revision < revision
}

// put stores a value and tells whether it was news.
func (t *table[K, V]) put(k K, revision uint64, v *V) bool {
	r := t.rows[k]
	switch {
	case r == nil:
		t.rows[k] = &row[K, V]{key: k, revision: revision, value: v}
		t.sorted = nil
	case r.revision >= revision:
		return false
	default:
		if r.value == nil {
			t.sorted = nil
		}
		r.revision, r.value = revision, v
	}
	return true
}

// removed notes that we removed an entry whose revision was the given one.
func (t *table[K, V]) removed(k K, revision uint64) bool {
	r := t.rows[k]
	if r == nil {
		if t.watched < revision {
			t.rows[k] = &row[K, V]{key: k, revision: revision}
		}
		return false
	}
	if r.revision > revision || r.value == nil {
		return false
	}
	r.revision, r.value = revision, nil
	t.sorted = nil
	return true
}

// marker notes that the watcher delivered, with this revision, that an entry is gone.
func (t *table[K, V]) marker(k K, revision uint64) bool {
	r := t.rows[k]
	if r == nil || r.revision >= revision {
		return false
	}
	delete(t.rows, k)
	t.sorted = nil
	return r.value != nil
}

// sweep drops what a full replay, begun when the bucket's last revision was upTo, did not deliver, and returns it.
func (t *table[K, V]) sweep(seen map[K]struct{}, upTo uint64) map[K]*V {
	gone := map[K]*V{}
	for k, r := range t.rows {
		if _, ok := seen[k]; !ok && r.revision <= upTo {
			delete(t.rows, k)
			gone[k] = r.value
			t.sorted = nil
		}
	}
	return gone
}

// rebase makes every row older than whatever comes: the bucket is not the one that the rows are of, or it lost what it
// had last. They are shown until a replay replaces or drops them.
func (t *table[K, V]) rebase() {
	for _, r := range t.rows {
		r.revision = 0
	}
	t.watched = 0
}

// lost notes that a replay, begun when the bucket's last revision was upTo, delivered an older entry of a key than the
// one that is shown, which therefore the bucket has lost.
func (t *table[K, V]) lost(k K, revision, upTo uint64) {
	if r := t.rows[k]; r != nil && r.revision > revision && r.revision <= upTo {
		r.revision = 0
	}
}

// all returns the values in the order of their keys, in a slice of its own.
func (t *table[K, V]) all() []*V {
	if t.sorted == nil {
		t.sorted = make([]*row[K, V], 0, len(t.rows))
		for _, r := range t.rows {
			if r.value != nil {
				t.sorted = append(t.sorted, r)
			}
		}
		slices.SortFunc(t.sorted, func(a, b *row[K, V]) int { return t.compare(a.key, b.key) })
	}
	values := make([]*V, len(t.sorted))
	for i, r := range t.sorted {
		values[i] = r.value
	}
	return values
}
