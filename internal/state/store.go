package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	reconnectWait = 100 * time.Millisecond
	// publishTimeout ends the wait for the acknowledgement of a pipelined publish.
	publishTimeout = 30 * time.Second
	// maxPublishing only keeps the client's own, lower limit away: Enqueue bounds what is under way.
	maxPublishing = 1 << 20
)

// Store is what drift_exporter knows and has to do, kept in JetStream. It is safe for concurrent use.
type Store struct {
	log     *slog.Logger
	lock    *flock.Flock
	server  *embedded
	disk    *disk // nil where there is no directory
	nc      *nats.Conn
	js      jetstream.JetStream
	buckets *buckets
	view    *View
	queue   *Queue
	pairs   keyLocks
	lost    lostPairs // the detail: its digest must not keep the next one from being stored
	missed  lostPairs // the newest entry of the history: the next verdict is one, even if it is the same

	orphans []string // keys with a history that had no state entry at the start, until Restore

	member *membership // nil: nobody shares the state

	cancel context.CancelFunc // ends the followers
	wg     sync.WaitGroup
	once   sync.Once
	closed error
}

// Open locks the directory, starts the embedded server on it, and replays the view. It returns ErrLocked if
// another process has the directory. With a Cluster it connects to that instead. The context bounds the opening
// only.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	if o.Cluster != nil {
		return openCluster(ctx, o)
	}
	start := o.Clock.Now()
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{log: o.Logger, lock: lock, disk: &disk{dir: o.Dir, lock: lock}, cancel: func() {}}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open storage directory %s: %w", o.Dir, err), s.Close())
	}
	s.log.Debug("state opened", "dir", o.Dir, "pairs", len(s.view.Records()), "duration", o.Clock.Since(start))
	return s, nil
}

func openCluster(ctx context.Context, o Options) (*Store, error) {
	start := o.Clock.Now()
	if err := checkID(o.Cluster.Replica.Name); err != nil {
		return nil, fmt.Errorf("name of the replica: %w", err)
	}
	s := &Store{log: o.Logger, cancel: func() {}}
	if err := s.join(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("join the cluster at %s: %w", o.Cluster.shown(), err), s.Close())
	}
	s.log.Info("joined the cluster", "servers", o.Cluster.shown(), "replica", o.Cluster.Replica.Name,
		"pairs", len(s.view.Records()), "duration", o.Clock.Since(start))
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	var err error
	if s.server, err = startEmbedded(ctx, o.Dir, s.log); err != nil {
		return err
	}
	if s.nc, err = s.server.connect(s.connOptions()...); err != nil {
		return err
	}
	if err := s.attach(ctx, o, true); err != nil {
		return err
	}
	return s.sweep(ctx)
}

// attach makes ready what lives in JetStream, over the connection. It may be called again after an error. It does not care whose server that is, but
// for alone: that nobody else uses it.
func (s *Store) attach(ctx context.Context, o Options, alone bool) error {
	var err error
	s.js, err = jetstream.New(s.nc, jetstream.WithPublishAsyncTimeout(publishTimeout),
		jetstream.WithPublishAsyncMaxPending(maxPublishing))
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	if s.nc.MaxPayload() < minPayload {
		return errSmallPayload
	}
	if err := checkServer(ctx, s.js); err != nil {
		return err
	}
	if s.buckets, err = openBuckets(ctx, s.js, o); err != nil {
		return err
	}
	if s.queue, err = openQueue(ctx, s.js, o, alone, s.log); err != nil {
		return err
	}
	return s.openView(ctx, o)
}

// openView starts to follow the buckets and waits until they are replayed.
func (s *Store) openView(ctx context.Context, o Options) error {
	view := newView(s.buckets, s.nc.IsConnected, o)
	// The callbacks of the connection are not told of the view before it is whole.
	s.nc.SetDisconnectErrHandler(func(_ *nats.Conn, err error) {
		view.cut()
		s.log.Warn("the connection to the state was lost", "err", err)
	})
	s.view = view
	if o.Cluster != nil {
		s.member = newMembership(o.Cluster.Replica, view, s.buckets, s.log)
		view.hostKeys = newMirror(view, s.buckets.hostKeys, anyKey, decodeHostKey, strings.Compare)
		view.mirrors = append(view.mirrors, view.hostKeys)
	}
	s.follow()
	return replayed(ctx, view.Live, view.Changed, o.Cluster == nil, o.Clock, s.log)
}

// follow starts to follow the buckets, until cancel.
func (s *Store) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	for _, m := range s.view.mirrors {
		s.wg.Go(func() { m.run(ctx, s.log) })
	}
	s.wg.Go(func() { s.beats(ctx) })
}

func (s *Store) connOptions() []nats.Option {
	return []nats.Option{
		nats.Name("drift_exporter"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectBufSize(-1), // what cannot be sent now fails now, and is not sent when it no longer counts
		nats.ReconnectHandler(func(*nats.Conn) { s.log.Info("the connection to the state is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			s.log.Warn("the connection to the state reports an error", "err", err)
		}),
	}
}

// View returns the copy in memory.
func (s *Store) View() *View { return s.view }

// Queue returns the work queue.
func (s *Store) Queue() *Queue { return s.queue }

// Close ends everything that Open started, and unlocks the directory. Calls that are under way fail.
func (s *Store) Close() error {
	s.once.Do(func() { s.closed = s.close() })
	return s.closed
}

// close goes backwards: what uses the connection, the connection, the server, the lock.
func (s *Store) close() error {
	s.cancel()
	s.wg.Wait()
	if s.member != nil {
		s.member.leave()
	}
	if s.queue != nil {
		s.queue.close()
	}
	if s.nc != nil {
		s.nc.SetDisconnectErrHandler(nil)
		s.nc.Close()
	}
	if s.server != nil {
		s.server.stop()
	}
	if s.lock == nil {
		return nil
	}
	if err := s.lock.Close(); err != nil {
		return fmt.Errorf("unlock storage directory: %w", err)
	}
	return nil
}
