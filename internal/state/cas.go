package state

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// entry is what a key holds. Revision 0 means that it holds nothing.
type entry struct {
	value    []byte
	revision uint64
	assumed  bool // it was not read: the key may hold something newer. There is no value, whatever the revision
}

// change is what to do with a key.
type change struct {
	op    changeOp
	value []byte // for opPut
}

type changeOp int

const (
	opLeave changeOp = iota
	opPut
	opRemove
)

const (
	minBackoff = time.Millisecond
	maxBackoff = 50 * time.Millisecond
)

// errReread is returned by next if what was read seems to be out of date already.
var errReread = errors.New("read again")

// compareAndSet reads a key, asks next what to do with what it holds, and does that, unless someone else wrote
// the key meanwhile: then it starts over. It returns the entry that the change left: the new revision and value
// of a put, and for a removal the revision that was removed, without a value.
func (b *bucket) compareAndSet(ctx context.Context, key string,
	next func(cur entry) (change, error),
) (entry, error) {
	for backoff := minBackoff; ; backoff = min(2*backoff, maxBackoff) {
		cur, err := b.read(ctx, key)
		if err != nil {
			return entry{}, err
		}
		after, again, err := b.try(ctx, key, cur, next)
		if !again {
			return after, err
		}
		if err := sleep(ctx, rand.N(backoff)); err != nil {
			return entry{}, err
		}
	}
}

// changeShown is compareAndSet of a key that the view shows with this revision. It saves the reading if that is so
// still. A change is only ever made of what is so; to leave things as they are is said of what was read.
func (s *Store) changeShown(ctx context.Context, b *bucket, key string, revision uint64,
	next func(cur entry) (change, error),
) (entry, error) {
	if s.view.Live() {
		after, again, err := b.try(ctx, key, entry{revision: revision, assumed: true}, next)
		if !again {
			return after, err
		}
	}
	return b.compareAndSet(ctx, key, next)
}

// try is one round of compareAndSet. It tells whether there has to be another, after reading the key.
func (b *bucket) try(ctx context.Context, key string, cur entry,
	next func(cur entry) (change, error),
) (after entry, again bool, err error) {
	c, err := next(cur)
	if err == nil && c.op == opLeave && cur.assumed {
		err = errReread
	}
	if err == nil {
		after, err = b.apply(ctx, key, cur, c)
	}
	return after, isConflict(err) || errors.Is(err, errReread), err
}

func (b *bucket) apply(ctx context.Context, key string, cur entry, c change) (entry, error) {
	switch {
	case c.op == opPut && cur.revision == 0:
		rev, err := b.kv.Create(ctx, key, c.value)
		return entry{value: c.value, revision: rev}, err
	case c.op == opPut:
		rev, err := b.kv.Update(ctx, key, c.value, cur.revision)
		return entry{value: c.value, revision: rev}, err
	case c.op == opRemove && cur.revision != 0:
		err := b.kv.Purge(ctx, key, jetstream.LastRevision(cur.revision), jetstream.PurgeTTL(b.markerTTL))
		return entry{revision: cur.revision}, err
	default:
		return cur, nil
	}
}

// read returns what a key holds; nothing is not an error.
func (b *bucket) read(ctx context.Context, key string) (entry, error) {
	e, err := b.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return entry{}, nil
	}
	if err != nil {
		return entry{}, err
	}
	return entry{value: e.Value(), revision: e.Revision()}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal wakes who waits for a channel that holds one: who has not looked yet is woken once.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
