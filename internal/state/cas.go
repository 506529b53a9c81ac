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
		c, err := next(cur)
		var after entry
		if err == nil {
			after, err = b.apply(ctx, key, cur, c)
		}
		if !isConflict(err) && !errors.Is(err, errReread) {
			return after, err
		}
		if err := sleep(ctx, rand.N(backoff)); err != nil {
			return entry{}, err
		}
	}
}

func (b *bucket) apply(ctx context.Context, key string, cur entry, c change) (entry, error) {
	switch {
	case c.op == opPut && cur.revision == 0:
		rev, err := b.kv.Create(ctx, key, c.value)
		return entry{c.value, rev}, err
	case c.op == opPut:
		rev, err := b.kv.Update(ctx, key, c.value, cur.revision)
		return entry{c.value, rev}, err
	case c.op == opRemove && cur.revision != 0:
		err := b.kv.Purge(ctx, key, jetstream.LastRevision(cur.revision), jetstream.PurgeTTL(b.markerTTL))
		return entry{nil, cur.revision}, err
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
	return entry{e.Value(), e.Revision()}, nil
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
