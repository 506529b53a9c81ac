package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// stored is a pair's record as it is stored.
type stored struct {
	record *Record // nil: absent, or corrupt
	state  []byte  // nil: not read
	detail []byte
	loaded bool // the record has its Detail, encoded in detail
	gone   bool // the detail is not there
}

// TransitionOption changes how Transition goes about it.
type TransitionOption func(*transition)

// DetailIf says whether next will look at the Detail of a record, or build on it: where not, next gets the record
// without, which saves a read.
func DetailIf(needed func(prev *Record) bool) TransitionOption {
	return func(t *transition) { t.needsDetail = needed }
}

// transition is a call of Transition under way.
type transition struct {
	s           *Store
	k           Key
	key         string
	next        func(prev *Record) (*Record, bool)
	needsDetail func(prev *Record) bool
	shown       *Record // by the view, when it began; nil: nothing
	cur         stored  // of this round
	revision    uint64  // of this round
	assumed     bool    // cur is what the view shows
	op          changeOp
	gone        uint64 // the last revision whose detail was gone
	changed     bool   // an entry of the history was written in this round
	restores    uint64 // the entry of the history that the new record is made of; 0: it is made of a check
}

// Transition takes a pair from one record to the next. It takes the record, lets next judge, and stores what
// next returns unless someone else stored a record of the pair meanwhile: then it starts over, so that next may
// be called several times, and has no other effect than to return; nor does it call the Store. next gets nil if the
// pair is new, else the record with its Detail; neither may be changed. It returns
//
//   - (record, true) to store the record with its Detail. A nil Detail leaves the stored one as it is;
//   - (nil, true) to delete the pair with its detail and history;
//   - (_, false) to leave everything as it is.
//
// It begins with what the view shows, and reads only what has changed since. The state entry is the one point of
// commit. Detail and history are written before it, and count for nothing until it points to them; so whatever moment
// the process dies at, the pair is as before or as after. When Transition returns nil, the View shows the outcome.
func (s *Store) Transition(ctx context.Context, k Key, next func(prev *Record) (*Record, bool), options ...TransitionOption,
) error {
	key, err := encodeKey(k)
	if err != nil {
		return fmt.Errorf("transition of %s: %w", k, err)
	}
	unlock, err := s.pairs.lock(ctx, key)
	if err != nil {
		return fmt.Errorf("transition of %s: %w", k, err)
	}
	defer unlock()
	t := &transition{s: s, k: k, key: key, next: next, needsDetail: func(*Record) bool { return true }}
	for _, set := range options {
		set(t)
	}
	var revision uint64
	t.shown, revision = s.view.records.find(k)
	after, err := s.changeShown(ctx, s.buckets.state, key, revision, func(e entry) (change, error) {
		c, err := t.judge(ctx, e)
		t.op = c.op
		return c, err
	})
	if err == nil {
		err = t.show(ctx, after)
	}
	if err != nil {
		return fmt.Errorf("transition of %s: %w", k, err)
	}
	return nil
}

// judge asks next what is to become of a state entry, and writes what the new one is to point to.
func (t *transition) judge(ctx context.Context, e entry) (change, error) {
	t.cur, t.revision, t.assumed = stored{}, e.revision, e.assumed
	switch {
	case e.assumed && t.shown != nil:
		own := *t.shown // which may get a Detail
		t.cur.record = &own
	case !e.assumed:
		t.cur = t.s.decodeStored(t.k, e)
	}
	if t.cur.record != nil && t.needsDetail(t.cur.record) {
		if err := t.loadDetail(ctx); err != nil {
			return change{}, err
		}
	}
	rec, ok := t.next(t.cur.record)
	return t.prepare(ctx, rec, ok)
}

// loadDetail reads the detail of the record, unless it has been. One that is gone may have been replaced meanwhile,
// and the state entry with it.
func (t *transition) loadDetail(ctx context.Context) error {
	if t.cur.record == nil || t.cur.loaded {
		return nil
	}
	if err := t.s.loadDetail(ctx, t.key, &t.cur); err != nil {
		return err
	}
	if t.cur.gone && (t.assumed || t.revision != t.gone) {
		t.gone = t.revision
		return errReread
	}
	return nil
}

// prepare turns what a judge wants into a change of the state entry, and writes what that is to point to.
func (t *transition) prepare(ctx context.Context, rec *Record, ok bool) (change, error) {
	switch {
	case !ok:
		return change{}, nil
	case rec == nil:
		return change{op: opRemove}, nil
	case rec.Key != t.k:
		return change{}, fmt.Errorf("next returned a record of %s", rec.Key)
	case t.shown != nil && t.assumed && t.shown.Attempt.sameTry(rec.Attempt):
		return change{}, errReread // it may be what is stored, byte for byte
	}
	detail, err := t.putDetail(ctx, rec.Detail)
	if err != nil {
		return change{}, err
	}
	c := *rec
	c.DetailRevision, c.DetailDigest = detail.revision, detail.digest
	if c.HistoryRevision, err = t.putChange(ctx, rec.Verdict, detail); err != nil {
		return change{}, err
	}
	value, err := fitRecord(&c)
	if err != nil || bytes.Equal(value, t.cur.state) {
		return change{}, err
	}
	if len(value) > maxRecord {
		t.s.log.Warn("labels make a state entry larger than it should be", "machine", t.k.Machine, "pack", t.k.Pack,
			"bytes", len(value), "limit", maxRecord)
	}
	return change{op: opPut, value: value}, nil
}

// show brings the view up to what was just stored, and cleans up after a removed pair.
func (t *transition) show(ctx context.Context, after entry) error {
	s := t.s
	switch t.op {
	case opPut:
		// What was stored is what the view shows: cut to size, and sharing nothing with the caller.
		if _, err := s.view.records.stored(t.k, after); err != nil {
			return err
		}
		s.lost.remove(t.k)
		if t.changed {
			s.missed.remove(t.k)
		}
	case opRemove:
		if after.revision == 0 {
			return nil
		}
		s.view.records.removed(t.k, after.revision)
		if t.cur.record == nil {
			return nil
		}
		return errors.Join(
			s.buckets.detail.purge(ctx, t.key, t.cur.record.DetailRevision),
			s.buckets.history.purge(ctx, t.key, t.cur.record.HistoryRevision),
		)
	}
	return nil
}

// decodeStored decodes a state entry. A corrupt one counts as absent: it is written over.
func (s *Store) decodeStored(k Key, e entry) stored {
	if e.revision == 0 {
		return stored{}
	}
	r, err := decodeRecord(k, e.value)
	if err != nil {
		s.log.Error("ignoring what is corrupt in a stored entry", "machine", k.Machine, "pack", k.Pack,
			"revision", e.revision, "err", err)
	}
	if r == nil {
		return stored{}
	}
	return stored{record: r, state: e.value}
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
		cur := s.decodeStored(k, e)
		if cur.record == nil {
			return cur, nil
		}
		if err := s.loadDetail(ctx, key, &cur); err != nil || !cur.gone || e.revision == seen {
			return cur, err
		}
		seen = e.revision
	}
}
