package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// maxDetail bounds an entry of the bucket detail, and maxChange one of the bucket history, in bytes of JSON.
const (
	maxDetail = 256 << 10
	maxChange = 16 << 10
)

// maxValue bounds a mismatch's expected and actual value, and an error's text, where an entry is too long.
const maxValue = 200

// fitDetail returns d, or if it is longer than limit a copy that is not, marked as Cut. What was only seen makes
// room first, and for nothing that counts is anything given up before all of that is. Then go the diffs that do not
// fit, then the length of values, then definitions, then the last of the mismatches, errors and waived mismatches.
func fitDetail(d *Detail, limit int) *Detail {
	if size(d) <= limit {
		return d
	}
	if len(d.Seen) > 0 {
		return fitSeen(d, limit)
	}
	c := &Detail{
		Mismatches: short(d.Mismatches, noDiff), Waived: short(d.Waived, noDiff),
		Errors: d.Errors, Definitions: d.Definitions, Cut: true,
	}
	if room := limit - size(c); room >= 0 {
		addDiffs(c.Mismatches, d.Mismatches, room)
		return c
	}
	c.Mismatches, c.Waived = short(c.Mismatches, shortenValues), short(c.Waived, shortenValues)
	c.Errors = make([]ItemError, len(d.Errors))
	for i, e := range d.Errors {
		e.Error, e.Item, e.Source = cut(e.Error, maxValue), cut(e.Item, maxItem), cut(e.Source, maxItem)
		c.Errors[i] = e
	}
	if size(c) > limit && size(c.Definitions) > limit/2 {
		c.Definitions = nil
	}
	room := limit - size(&Detail{Definitions: c.Definitions, Cut: true}) - 64 // the lists' names and brackets
	c.Mismatches = firstThatFit(c.Mismatches, &room)
	c.Errors = firstThatFit(c.Errors, &room)
	c.Waived = firstThatFit(c.Waived, &room)
	return c
}

// fitSeen is fitDetail of a detail that is too long, but perhaps only because of Seen. That gives up the diffs that
// do not fit, then the length of values, then the last of them.
func fitSeen(d *Detail, limit int) *Detail {
	c := *d
	c.Seen, c.Cut = nil, true
	const name = len(`"seen":[],`)
	room := limit - size(&c) - name
	if room < 0 {
		return fitDetail(&c, limit)
	}
	c.Seen = short(d.Seen, noDiff)
	if left := limit - size(&c); left >= 0 {
		addDiffs(c.Seen, d.Seen, left)
		return &c
	}
	c.Seen = firstThatFit(short(c.Seen, shortenValues), &room)
	return &c
}

// short is a copy of a list with each of it made shorter.
func short(list []Mismatch, shorten func(*Mismatch)) []Mismatch {
	out := slices.Clone(list)
	for i := range out {
		shorten(&out[i])
	}
	return out
}

func noDiff(m *Mismatch) { m.Diff = "" }

// maxItem bounds an item's name where an entry is too long; it is longer than any path.
const maxItem = 4096

func shortenValues(m *Mismatch) {
	m.Expected, m.Actual = cut(m.Expected, maxValue), cut(m.Actual, maxValue)
	m.Waiver, m.Source = cut(m.Waiver, maxValue), cut(m.Source, maxItem)
	m.Item = cut(m.Item, maxItem)
}

// addDiffs gives mismatches their diffs back, as far as there is room.
func addDiffs(to, from []Mismatch, room int) {
	const name = len(`,"diff":`)
	for i, m := range from {
		if need := size(m.Diff) + name; m.Diff != "" && need <= room {
			to[i].Diff = m.Diff
			room -= need
		}
	}
}

// firstThatFit returns the first elements of a list, as many as there is room for.
func firstThatFit[T any](list []T, room *int) []T {
	for i := range list {
		need := size(list[i]) + 1
		if need > *room {
			return list[:i:i]
		}
		*room -= need
	}
	return list
}

// storedDetail is a detail as it is stored, and where.
type storedDetail struct {
	detail   *Detail // nil: as before, and not read
	revision uint64
	digest   Digest
	written  bool // it is not what was stored before
}

// putDetail stores a detail unless it is what is stored. A nil one leaves what is stored.
func (t *transition) putDetail(ctx context.Context, d *Detail) (storedDetail, error) {
	var prev storedDetail
	if r := t.cur.record; r != nil {
		prev = storedDetail{detail: r.Detail, revision: r.DetailRevision, digest: r.DetailDigest}
	}
	if d == nil || d == prev.detail {
		return prev, nil
	}
	value, err := encodeDetail(d, t.s.maxDetail())
	if err != nil {
		return prev, err
	}
	digest := digestOf(value)
	if prev.revision != 0 && digest == prev.digest && !t.s.lost.has(t.k) {
		return prev, nil
	}
	if err := t.loadDetail(ctx); err != nil { // what is written over is compared, for the history
		return prev, err
	}
	if prev.revision != 0 && bytes.Equal(value, t.cur.detail) {
		prev.digest = digest // it is from before there were any
		return prev, nil
	}
	next := storedDetail{detail: &Detail{}, digest: digest, written: true}
	if err := decode(value, next.detail); err != nil {
		return storedDetail{}, fmt.Errorf("detail: %w", err)
	}
	if next.revision, err = t.s.buckets.detail.kv.Put(ctx, t.key, value); err != nil {
		return storedDetail{}, fmt.Errorf("write detail: %w", err)
	}
	return next, nil
}

// encodeDetail is a detail as it is stored: as much of it as there is room for.
func encodeDetail(d *Detail, limit int) ([]byte, error) {
	value, err := encode(d)
	if err != nil || len(value) <= limit {
		return value, err
	}
	return encode(fitDetail(d, limit))
}

// loadDetail reads the revision of a pair's detail that a state entry points to. The state is what was
// committed: a detail that is gone (lost with the power, or corrupt) is not replaced by one that the state does
// not point to, but by an empty one that says Cut.
func (s *Store) loadDetail(ctx context.Context, key string, of *stored) error {
	of.record.Detail = &Detail{}
	revision := of.record.DetailRevision
	if revision == 0 {
		of.loaded = true
		return nil
	}
	e, err := s.buckets.detail.kv.GetRevision(ctx, key, revision)
	if err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
		return fmt.Errorf("read detail: %w", err)
	}
	of.loaded, of.gone = true, err != nil
	if err == nil {
		if err = decode(e.Value(), of.record.Detail); err == nil {
			of.detail = e.Value()
			return nil
		}
		s.log.Error("ignoring a corrupt stored detail", "key", key, "revision", revision, "err", err)
	}
	of.record.Detail = &Detail{Cut: true}
	s.lost.add(of.record.Key)
	return nil
}

// Detail reads a pair's record with its Detail. It returns ErrNotFound if the pair has none, and ErrUnreachable.
func (s *Store) Detail(ctx context.Context, k Key) (*Record, error) {
	cur, err := s.load(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("detail of %s: %w", k, reached(err))
	}
	if cur.record == nil {
		return nil, fmt.Errorf("detail of %s: %w", k, ErrNotFound)
	}
	return cur.record, nil
}
