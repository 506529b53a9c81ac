package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// stored is a pair's record with its Detail, as it was read.
type stored struct {
	record *Record // nil: absent, or corrupt
	state  []byte
	detail []byte
	gone   bool // the detail is not there
}

// Transition takes a pair from one record to the next. It reads the record, lets next judge, and stores what
// next returns unless someone else stored a record of the pair meanwhile: then it starts over, so that next may
// be called several times, and has no other effect than to return; nor does it call the Store. next gets nil if the pair is new, else the
// record with its Detail; neither may be changed. It returns
//
//   - (record, true) to store the record with its Detail. A nil Detail leaves the stored one as it is;
//   - (nil, true) to delete the pair with its detail and history;
//   - (_, false) to leave everything as it is.
//
// The state entry is the one point of commit. Detail and history are written before it, and count for nothing
// until it points to them; so whatever moment the process dies at, the pair is as before or as after. When
// Transition returns nil, the View shows the outcome.
func (s *Store) Transition(ctx context.Context, k Key, next func(prev *Record) (*Record, bool)) error {
	key, err := encodeKey(k)
	if err != nil {
		return fmt.Errorf("transition of %s: %w", k, err)
	}
	unlock, err := s.pairs.lock(ctx, key)
	if err != nil {
		return fmt.Errorf("transition of %s: %w", k, err)
	}
	defer unlock()
	var cur stored
	var op changeOp
	var gone uint64 // the last revision whose detail was gone
	after, err := s.buckets.state.compareAndSet(ctx, key, func(e entry) (change, error) {
		var err error
		if cur, err = s.decodeStored(ctx, k, key, e); err != nil {
			return change{}, err
		}
		if cur.gone && e.revision != gone {
			gone = e.revision
			return change{}, errReread // it may have been replaced meanwhile, and the state entry with it
		}
		rec, ok := next(cur.record)
		c, err := s.prepare(ctx, k, key, cur, rec, ok)
		op = c.op
		return c, err
	})
	if err != nil {
		return fmt.Errorf("transition of %s: %w", k, err)
	}
	return s.show(ctx, k, key, cur, op, after)
}

// prepare turns what a judge wants into a change of the state entry, and writes what that is to point to.
func (s *Store) prepare(ctx context.Context, k Key, key string, cur stored, rec *Record, ok bool) (change, error) {
	switch {
	case !ok:
		return change{}, nil
	case rec == nil:
		return change{op: opRemove}, nil
	case rec.Key != k:
		return change{}, fmt.Errorf("next returned a record of %s", rec.Key)
	}
	detail, err := s.putDetail(ctx, key, cur, rec.Detail)
	if err != nil {
		return change{}, err
	}
	c := *rec
	c.DetailRevision = detail.revision
	if c.HistoryRevision, err = s.putChange(ctx, key, cur.record, rec.Verdict, detail); err != nil {
		return change{}, err
	}
	value, err := fitRecord(&c)
	if err != nil || bytes.Equal(value, cur.state) {
		return change{}, err
	}
	if len(value) > maxRecord {
		s.log.Warn("labels make a state entry larger than it should be", "machine", k.Machine, "pack", k.Pack,
			"bytes", len(value), "limit", maxRecord)
	}
	return change{op: opPut, value: value}, nil
}

// show brings the view up to what was just stored, and cleans up after a removed pair.
func (s *Store) show(ctx context.Context, k Key, key string, cur stored, op changeOp, after entry) error {
	switch op {
	case opPut:
		// What was stored is what the view shows: cut to size, and sharing nothing with the caller.
		r, err := decodeRecord(k, after.value)
		if err != nil {
			return fmt.Errorf("transition of %s: %w", k, err)
		}
		s.view.records.put(k, after.revision, r)
	case opRemove:
		if after.revision == 0 {
			return nil
		}
		s.view.records.removed(k, after.revision)
		if cur.record == nil {
			return nil
		}
		return errors.Join(
			s.buckets.detail.purge(ctx, key, cur.record.DetailRevision),
			s.buckets.history.purge(ctx, key, cur.record.HistoryRevision),
		)
	}
	return nil
}

// decodeStored decodes a state entry and loads its detail. A corrupt entry counts as absent: it is written over.
func (s *Store) decodeStored(ctx context.Context, k Key, key string, e entry) (stored, error) {
	if e.revision == 0 {
		return stored{}, nil
	}
	r, err := decodeRecord(k, e.value)
	if err != nil {
		s.log.Error("ignoring what is corrupt in a stored entry", "machine", k.Machine, "pack", k.Pack,
			"revision", e.revision, "err", err)
	}
	if r == nil {
		return stored{}, nil
	}
	cur := stored{record: r, state: e.value}
	r.Detail, cur.detail, err = s.loadDetail(ctx, key, r.DetailRevision)
	if errors.Is(err, errDetailGone) {
		cur.gone, err = true, nil
	}
	return cur, err
}

// load reads a pair. A detail that is gone may be one that was replaced while we read: then the state entry has
// moved on as well.
func (s *Store) load(ctx context.Context, k Key) (stored, error) {
	key, err := encodeKey(k)
	if err != nil {
		return stored{}, err
	}
	var seen uint64
	for {
		e, err := s.buckets.state.read(ctx, key)
		if err != nil {
			return stored{}, err
		}
		cur, err := s.decodeStored(ctx, k, key, e)
		if err != nil || !cur.gone || e.revision == seen {
			return cur, err
		}
		seen = e.revision
	}
}
