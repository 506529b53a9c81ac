package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// requestTimeout bounds a single request to the server on the way to a replay.
const requestTimeout = 10 * time.Second

// mirror fills one table of a view from one bucket. The view's lock guards the table.
type mirror[K comparable, V any] struct {
	view        *View
	bucket      *bucket
	decodeKey   func(key string) (K, error)
	decodeValue func(k K, value []byte) (*V, error) // a value beside an error: all of it that is not corrupt
	onChange    func(k K, old, v *V)                // called with the lock held; a nil value: not there
	same        func(a, b *V) bool                  // whether one in the other's place is no news; nil: it always is
	table       table[K, V]
	live        bool // replayed in the view's generation, and following
	checked     confirmation
	redo        chan struct{} // the bucket is not what it was: replay it
}

func newMirror[K comparable, V any](v *View, b *bucket, decodeKey func(string) (K, error),
	decodeValue func(K, []byte) (*V, error), compare func(a, b K) int,
) *mirror[K, V] {
	return &mirror[K, V]{
		view: v, bucket: b, decodeKey: decodeKey, decodeValue: decodeValue,
		onChange: func(K, *V, *V) {}, table: newTable[K, V](compare), redo: make(chan struct{}, 1),
	}
}

// find returns what is shown of a key and its revision; nil and 0 if there is nothing.
func (m *mirror[K, V]) find(k K) (shown *V, revision uint64) {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	return m.table.find(k)
}

// put shows a value, be it of a writer or of the watcher.
func (m *mirror[K, V]) put(k K, revision uint64, v *V) {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	old, known := m.table.get(k)
	if !m.table.put(k, revision, v) || known && m.same != nil && m.same(old, v) {
		return
	}
	m.onChange(k, old, v)
	m.view.notify()
}

// stored shows an entry that this process has stored, and returns it. The watcher may have been first: then it need not be decoded
// again.
func (m *mirror[K, V]) stored(k K, e entry) (*V, error) {
	if shown, revision := m.find(k); shown != nil && revision == e.revision {
		return shown, nil
	}
	v, err := m.decodeValue(k, e.value)
	if err != nil {
		return nil, err
	}
	m.put(k, e.revision, v)
	return v, nil
}

// removed shows that this process removed the entry that had the given revision.
func (m *mirror[K, V]) removed(k K, revision uint64) {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	old, _ := m.table.get(k)
	if m.table.removed(k, revision) {
		m.onChange(k, old, nil)
		m.view.notify()
	}
}

// run replays the bucket and follows it, over again whenever the connection was lost. An outage may last for hours: what it
// fails with is said once.
func (m *mirror[K, V]) run(ctx context.Context, log *slog.Logger) {
	log = log.With("bucket", m.bucket.name)
	level := slog.LevelWarn
	for backoff := minBackoff; ; backoff = min(2*backoff, time.Second) {
		generation, stale := m.view.current()
		replayed, err := m.follow(ctx, log, generation, stale)
		if ctx.Err() != nil {
			return
		}
		if replayed {
			level = slog.LevelWarn
		}
		if err == nil {
			backoff = minBackoff
		} else {
			log.Log(ctx, level, "following the state failed, starting over", "err", err)
			level = slog.LevelDebug
		}
		if sleep(ctx, backoff) != nil {
			return
		}
	}
}

var errCutOff = errors.New("there is no connection")

// plain puts errCutOff for what the client says then: that a buffer, which it is to do without, is full.
func plain(err error) error {
	if errors.Is(err, nats.ErrReconnectBufExceeded) {
		return errCutOff
	}
	return err
}

// follow replays the bucket and follows it until the generation ends. It tells whether it came to the end of the replay.
func (m *mirror[K, V]) follow(
	ctx context.Context, log *slog.Logger, generation uint64, stale <-chan struct{},
) (replayed bool, err error) {
	if !m.view.connected() {
		return false, errCutOff
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	select {
	case <-m.redo: // that is what we do
	default:
	}
	w, from, err := m.startWatch(ctx, log, cancel)
	if err != nil {
		return false, err
	}
	defer stopWatcher(w)
	defer m.setLive(false)
	seen := make(map[K]struct{}, from.keys)
	for {
		select {
		case <-ctx.Done():
			return replayed, ctx.Err()
		case <-stale:
			return replayed, nil
		case <-m.redo:
			return replayed, errors.New("the bucket is another one, or lost what it had last")
		case e, ok := <-w.Updates():
			switch {
			case !ok:
				return replayed, errors.New("the watcher ended")
			case e != nil:
				m.watched(log, e, seen, from.revision)
			case !replayed:
				replayed = true
				m.finishReplay(generation, seen, from)
				seen = nil
			}
		}
	}
}

// startWatch finds the bucket's last revision and starts to watch it, all in a bounded time.
func (m *mirror[K, V]) startWatch(ctx context.Context, log *slog.Logger, cancel func()) (jetstream.KeyWatcher, head, error) {
	// The watcher lives as long as its context, so that a deadline would end it.
	timeout := time.AfterFunc(requestTimeout, cancel)
	defer timeout.Stop()
	known := m.known()
	from, err := m.bucket.head(ctx, m.view.clock)
	if err != nil {
		return nil, head{}, err
	}
	if from.replaces(known) {
		log.Warn("the bucket is another one, or lost what it had last: what it has now counts")
		m.rebase()
	}
	m.view.mu.Lock()
	m.table.expect(from.keys)
	m.view.mu.Unlock()
	w, err := m.bucket.kv.WatchAll(ctx)
	if err != nil {
		return nil, head{}, fmt.Errorf("watch bucket %s: %w", m.bucket.name, err)
	}
	return w, from, nil
}

// stopWatcher stops a watcher and takes what it still wants to deliver: it would block on it forever.
func stopWatcher(w jetstream.KeyWatcher) {
	_ = w.Stop() // fails only if it has ended already
	timeout := time.NewTimer(requestTimeout)
	defer timeout.Stop()
	for {
		select {
		case _, ok := <-w.Updates():
			if !ok {
				return
			}
		case <-timeout.C:
			return
		}
	}
}

// watched takes what the watcher delivered. An entry that makes no sense is logged and not shown.
func (m *mirror[K, V]) watched(log *slog.Logger, e jetstream.KeyValueEntry, seen map[K]struct{}, upTo uint64) {
	defer m.caughtUp(e.Revision()) // not before it is shown: who asks whether the view has it looks next
	k, err := m.decodeKey(e.Key())
	if err != nil {
		log.Error("ignoring a stored entry with a foreign key", "err", err)
		return
	}
	m.view.mu.Lock()
	if seen != nil {
		seen[k] = struct{}{}
		m.table.lost(k, e.Revision(), upTo)
	}
	fresh := m.table.fresh(k, e.Revision())
	m.view.mu.Unlock()
	if !fresh {
		return // our own write, most likely: not worth decoding
	}
	if e.Operation() == jetstream.KeyValuePut {
		v, err := m.decodeValue(k, e.Value())
		if err != nil {
			log.Error("ignoring what is corrupt in a stored entry", "key", e.Key(), "revision", e.Revision(), "err", err)
		}
		if v != nil {
			m.put(k, e.Revision(), v)
			return
		}
	}
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	old, _ := m.table.get(k)
	if m.table.marker(k, e.Revision()) {
		m.onChange(k, old, nil)
		m.view.notify()
	}
}

func (m *mirror[K, V]) finishReplay(generation uint64, seen map[K]struct{}, from head) {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	for k, old := range m.table.sweep(seen, from.revision) {
		m.onChange(k, old, nil)
	}
	m.table.watched = max(m.table.watched, from.revision)
	m.checked.created = from.created
	m.view.confirm(&m.checked, from.asked)
	m.live = m.view.generation == generation
	m.view.notify()
}

func (m *mirror[K, V]) setLive(live bool) {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	if m.live != live {
		m.live = live
		m.view.notify()
	}
}
