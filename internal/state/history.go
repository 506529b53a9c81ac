package state

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// historyEntry is a Change as it is stored. Previous links it to the one before, so that the state entry, which
// points to the latest, decides what is history: an entry that was written by a process that then died, or lost
// the race to commit, is on no chain.
type historyEntry struct {
	Change
	Previous uint64 `json:"previous,omitempty"`
}

// putChange writes a history entry if a verdict differs from the one before, and returns the revision of the
// pair's latest entry.
func (t *transition) putChange(ctx context.Context, next *Verdict, d storedDetail) (uint64, error) {
	t.changed = false
	if t.restores != 0 {
		return t.restores, nil
	}
	prev := t.cur.record
	var latest uint64
	if prev != nil {
		latest = prev.HistoryRevision
	}
	if !isChange(prev, next, d) && (!isVerdict(prev, next) || !t.s.missed.has(t.k)) {
		return latest, nil
	}
	if d.detail == nil { // the judge left what is stored
		if err := t.loadDetail(ctx); err != nil {
			return 0, err
		}
		d.detail = &Detail{}
		if prev != nil {
			d.detail = prev.Detail
		}
	}
	c := Change{Verdict: *next, Mismatches: fitDetail(&Detail{Mismatches: d.detail.Mismatches}, maxChange).Mismatches}
	if forgotten(prev) && prev.Verdict.Status == next.Status {
		same, err := t.isLatest(ctx, latest, c)
		if err != nil || same {
			return latest, err
		}
	}
	value, err := encode(historyEntry{c, latest})
	if err != nil {
		return 0, err
	}
	revision, err := t.s.buckets.history.kv.Put(ctx, t.key, value)
	if err != nil {
		return 0, fmt.Errorf("write history: %w", err)
	}
	t.changed = true
	return revision, nil
}

// isChange tells whether a verdict differs from prev's: another status, other mismatches, or the first since the pair is back in the
// fleet, which has no alert.
func isChange(prev *Record, next *Verdict, d storedDetail) bool {
	switch {
	case !isVerdict(prev, next):
		return false
	case prev == nil || prev.Verdict == nil || prev.Verdict.Status != next.Status || !prev.Retired.IsZero():
		return true
	}
	return d.written && !slices.Equal(mismatchSet(prev.Detail), mismatchSet(d.detail))
}

// forgotten tells whether nothing is left of what a verdict said: its detail was lost with the power.
func forgotten(r *Record) bool {
	return r != nil && r.Verdict != nil && r.Verdict.Mismatches > 0 && r.Detail != nil && len(r.Detail.Mismatches) == 0
}

// isLatest tells whether a change says what the latest entry of the history does. One that is gone says nothing.
func (t *transition) isLatest(ctx context.Context, latest uint64, c Change) (bool, error) {
	if latest == 0 {
		return false, nil
	}
	stored, err := t.s.buckets.history.kv.GetRevision(ctx, t.key, latest)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read history: %w", err)
	}
	var h historyEntry
	if decode(stored.Value(), &h) != nil {
		return false, nil // corrupt
	}
	return h.Verdict.Status == c.Verdict.Status && slices.Equal(
		mismatchSet(&Detail{Mismatches: h.Mismatches}), mismatchSet(&Detail{Mismatches: c.Mismatches})), nil
}

// isVerdict tells whether there is a new verdict: not after an attempt without, or a change of the alert.
func isVerdict(prev *Record, next *Verdict) bool {
	return next != nil && (prev == nil || next != prev.Verdict)
}

// mismatchSet is what a detail's mismatches say, in an order of its own. Where the pack demands an item, and how
// a difference is drawn, is not part of what differs.
func mismatchSet(d *Detail) []string {
	if d == nil {
		return nil
	}
	set := make([]string, len(d.Mismatches))
	for i, m := range d.Mismatches {
		set[i] = strings.Join([]string{m.Type, m.Kind, m.Item, m.Expected, m.Actual}, "\x00")
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// History returns the changes of a pair's verdict, the newest first, at most 64. A pair without any has none;
// that is not an error. While it cannot be read the error is ErrUnreachable.
func (s *Store) History(ctx context.Context, k Key) ([]Change, error) {
	changes, err := s.history(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", k, reached(err))
	}
	return changes, nil
}

func (s *Store) history(ctx context.Context, k Key) ([]Change, error) {
	key, err := encodeKey(k)
	if err != nil {
		return nil, err
	}
	head, err := s.buckets.state.read(ctx, key)
	if err != nil || head.revision == 0 {
		return nil, err
	}
	record, _ := decodeRecord(k, head.value)
	if record == nil {
		return nil, nil // corrupt, and logged where it is met first
	}
	changes, _, err := s.chain(ctx, k, key, record.HistoryRevision)
	return changes, err
}

// chain reads the changes of a pair that a link leads to, the newest first, and the revision of that.
func (s *Store) chain(ctx context.Context, k Key, key string, link uint64) (changes []Change, first uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout) // an entry that has become damaged meanwhile never comes
	defer cancel()
	stored, err := s.buckets.history.kv.History(ctx, key)
	if err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, 0, err
	}
	for at := linked(stored, link, math.MaxUint64); at != nil; {
		var h historyEntry
		if err := decode(at.Value(), &h); err != nil {
			s.log.Error("ignoring a corrupt stored change", "machine", k.Machine, "pack", k.Pack,
				"revision", at.Revision(), "err", err)
			break
		}
		if changes = append(changes, h.Change); first == 0 {
			first = at.Revision()
		}
		at = linked(stored, h.Previous, at.Revision())
	}
	return changes, first, nil
}

// linked is the stored entry that a link leads to, nil if there is none; before is the revision of the entry that has the
// link. A loss of power may take an entry and leave a link to it, and its revision is given anew then, perhaps to the very
// entry that has the link. So a link that leads nowhere, or not back, means the latest entry that is left before it.
func linked(stored []jetstream.KeyValueEntry, link, before uint64) (found jetstream.KeyValueEntry) {
	for _, e := range stored {
		if r := e.Revision(); r <= link && r < before && (found == nil || r > found.Revision()) {
			found = e
		}
	}
	return found
}
