package state

import (
	"errors"
	"log/slog"
	"time"

	"github.com/jonboulle/clockwork"
)

// The errors that callers tell apart.
var (
	// ErrLocked is returned by Open if another process has the directory open.
	ErrLocked = errors.New("in use by another process")
	// ErrNotFound is returned for a pair, machine or run that is not stored.
	ErrNotFound = errors.New("not found")
	// ErrUnreachable is returned by what is read on demand while the servers are away: later they may answer.
	ErrUnreachable = errors.New("the state cannot be reached")
	// ErrTooLarge is returned for what the servers would not take: a run that names too many machines.
	ErrTooLarge = errors.New("too large for the server's max_payload")
	// ErrExists is returned by CreateRun for a run that is already claimed.
	ErrExists = errors.New("already exists")
)

// DefaultAckWait is how long the queue waits for a worker's sign of life unless Options says otherwise.
const DefaultAckWait = 2 * time.Minute

// Options are what Open needs.
type Options struct {
	// Dir is where everything is kept; it is created if absent. A Cluster has no use for it.
	Dir string
	// Cluster is nil for the embedded server, which nobody else uses.
	Cluster *Cluster
	// Logger gets the store's and the embedded server's log; nil: slog's default.
	Logger *slog.Logger
	// Clock measures durations for the log; nil: the real one. The NATS server has its own, real time, so
	// that neither AckWait nor the delay of Delivery.Retry follows this clock.
	Clock clockwork.Clock
	// AckWait is how long a pulled message stays with its worker without an acknowledgement or a sign of
	// life before another gets it. 0: DefaultAckWait.
	AckWait time.Duration

	markerTTL time.Duration // of deleted keys; tests do not want to wait an hour
	timing    timing
	realClock clockwork.Clock // the time that the servers have; only tests of it have another
}

// timing is how long what has to do with signs of life takes.
type timing struct {
	beat      time.Duration // between signs of life
	request   time.Duration // bounds each of them
	confirmed time.Duration // for how long an answer makes a view live
	ttl       time.Duration // how long a replica counts after its last sign of life, and a lease holds
	lease     time.Duration // for how long its holder trusts it; less than ttl
	settle    time.Duration // for how long replicas must announce the same before it counts
	lone      time.Duration // the same, where only few of those are there that agreed before
}

var defaultTiming = timing{
	beat: 5 * time.Second, request: 4 * time.Second, confirmed: 15 * time.Second,
	ttl: 15 * time.Second, lease: 10 * time.Second, settle: 15 * time.Second, lone: 5 * time.Minute,
}

// streamReplicas is how many servers keep each stream.
func (o Options) streamReplicas() int {
	if o.Cluster == nil {
		return 1
	}
	return max(o.Cluster.Replicas, 1)
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.AckWait <= 0 {
		o.AckWait = DefaultAckWait
	}
	if o.markerTTL <= 0 {
		o.markerTTL = defaultMarkerTTL
	}
	if o.timing == (timing{}) {
		o.timing = defaultTiming
	}
	if o.realClock == nil {
		o.realClock = clockwork.NewRealClock()
	}
	return o
}
