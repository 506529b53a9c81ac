package state

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	workSubjects = "work.>"
	consumerName = "workers"
	// noSite is the subject token of machines without a site; no id starts like that.
	noSite = "_"
)

// Job is one check to do: a machine, for a run.
type Job struct {
	Run     string `json:"run"` // the run's id
	Machine string `json:"machine"`
	Site    string `json:"-"` // part of the subject; empty: none
}

// Queue is the work queue: at most one message per machine, kept until it is acknowledged.
type Queue struct {
	log   *slog.Logger
	js    jetstream.JetStream
	work  jetstream.StreamConfig
	pulls []jetstream.ConsumerConfig

	ctx    context.Context // ends with the store
	cancel context.CancelFunc

	arrived  chan jetstream.Msg // jobs that requests have brought
	answered chan struct{}      // told of the end of a request

	mu        sync.Mutex
	stream    jetstream.Stream
	consumers map[string]jetstream.Consumer // by name
	requests  map[string]*request           // that are open, by consumer
	failure   error                         // of those that have ended
	closed    bool
	wg        sync.WaitGroup // requests
}

// openQueue makes the stream and its consumers. If nobody else can work on the queue, the consumer is made anew,
// so that what a dead process had pulled is free again at once, not only after AckWait. Its count of deliveries
// goes with it.
func openQueue(ctx context.Context, js jetstream.JetStream, o Options, alone bool, log *slog.Logger) (*Queue, error) {
	pulls, err := consumerConfigs(o)
	if err != nil {
		return nil, err
	}
	q := &Queue{
		log: log, js: js, work: workConfig(o), pulls: pulls,
		arrived: make(chan jetstream.Msg), answered: make(chan struct{}, 1), requests: map[string]*request{},
	}
	if alone {
		err = q.freshConsumer(ctx)
	} else {
		err = q.ready(ctx)
	}
	if err != nil {
		return nil, err
	}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	return q, nil
}

func (q *Queue) close() {
	q.cancel()
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.wg.Wait()
}

// subject is where a job is queued.
func (j Job) subject() (string, error) {
	machine, err := encodeID(j.Machine)
	if err != nil {
		return "", fmt.Errorf("machine %w", err)
	}
	site := noSite
	if j.Site != "" {
		if site, err = encodeID(j.Site); err != nil {
			return "", fmt.Errorf("site of machine %s: %w", j.Machine, err)
		}
	}
	return "work." + site + "." + machine, nil
}

// Pending returns how many jobs are not acknowledged yet, those in flight and those that wait for their retry
// included.
func (q *Queue) Pending(ctx context.Context) (int, error) {
	q.mu.Lock()
	stream := q.stream
	q.mu.Unlock()
	info, err := stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("pending jobs: %w", err)
	}
	return int(info.State.Msgs), nil
}

// Purge removes all jobs, those in flight included, and returns how many there were. Who holds one may still
// acknowledge it; that changes nothing.
func (q *Queue) Purge(ctx context.Context) (int, error) {
	// The client's own call does not tell how many were removed.
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	subject := cmp.Or(q.js.Options().APIPrefix, jetstream.DefaultAPIPrefix) + "STREAM.PURGE." + streamWork
	msg, err := q.js.Conn().RequestWithContext(ctx, subject, nil)
	if err != nil {
		return 0, fmt.Errorf("purge jobs: %w", err)
	}
	var resp struct {
		Error  *jetstream.APIError `json:"error"`
		Purged int                 `json:"purged"`
	}
	if err := json.Unmarshal(msg.Data, &resp); err != nil {
		return 0, fmt.Errorf("purge jobs: %w", err)
	}
	if resp.Error != nil {
		return 0, fmt.Errorf("purge jobs: %w", resp.Error)
	}
	return resp.Purged, nil
}

// siteOf is the site in a job's subject; empty if it has none.
func siteOf(subject string) string {
	parts := strings.Split(subject, ".")
	if len(parts) != 3 || parts[1] == noSite {
		return ""
	}
	site, err := decodeID(parts[1])
	if err != nil {
		return ""
	}
	return site
}
