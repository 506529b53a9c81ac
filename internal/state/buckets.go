package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/nats-io/nats.go/jetstream"
)

// The names of the key-value buckets and of the queue's stream.
const (
	bucketState    = "state"
	bucketDetail   = "detail"
	bucketHistory  = "history"
	bucketMachines = "machines"
	bucketRuns     = "runs"
	bucketReplicas = "replicas"
	bucketRoster   = "roster"
	bucketHostKeys = "host_keys"
	streamWork     = "WORK"
)

// detailRevisions is how many revisions of a pair's detail are kept: the one that the state entry points to,
// and those of writers that lost the race to point to theirs.
const detailRevisions = 8

// defaultMarkerTTL is how long the marker of a deleted key stays, for watchers to learn of it. Those that were
// cut off replay in full, so nothing depends on its length.
const defaultMarkerTTL = time.Hour

// bucket is a key-value bucket and the stream that it is made of.
type bucket struct {
	name      string
	kv        jetstream.KeyValue
	stream    jetstream.Stream
	markerTTL time.Duration // 0: nobody watches the bucket, so that deleting leaves no markers
	skew      skew          // of our clock and its leader's
}

// buckets are all of them. The last ones are nil where nobody shares the state.
type buckets struct {
	state, detail, history, machines, runs *bucket
	replicas, roster, hostKeys             *bucket
}

// bucketKind is what buckets differ in.
type bucketKind struct {
	name, about string
	history     int64
	markerTTL   time.Duration
	ttl         time.Duration // of entries; 0: they stay
}

func openBuckets(ctx context.Context, js jetstream.JetStream, o Options) (*buckets, error) {
	b := &buckets{}
	kinds := map[**bucket]bucketKind{
		&b.state:    {bucketState, "last verdict, last attempt and alert of a pair", 1, o.markerTTL, 0},
		&b.detail:   {bucketDetail, "mismatches, diffs and errors of a pair", detailRevisions, 0, 0},
		&b.history:  {bucketHistory, "changes of a pair's verdict", jetstream.KeyValueMaxHistory, 0, 0},
		&b.machines: {bucketMachines, "facts and last attempt of a machine", 1, o.markerTTL, 0},
		&b.runs:     {bucketRuns, "runs", 1, o.markerTTL, 0},
	}
	if o.Cluster != nil {
		kinds[&b.replicas] = bucketKind{bucketReplicas, "replicas that are alive, and which of them coordinates", 1, o.markerTTL, o.timing.ttl}
		kinds[&b.roster] = bucketKind{bucketRoster, "the fleet that replicas agreed on", 1, o.markerTTL, 0}
		kinds[&b.hostKeys] = bucketKind{bucketHostKeys, "keys of hosts that were accepted", 1, o.markerTTL, 0}
	}
	for into, kind := range kinds {
		var err error
		if *into, err = openBucket(ctx, js, kind, o); err != nil {
			return nil, fmt.Errorf("bucket %s: %w", kind.name, err)
		}
	}
	return b, nil
}

func openBucket(ctx context.Context, js jetstream.JetStream, kind bucketKind, o Options) (*bucket, error) {
	b := &bucket{name: kind.name, markerTTL: kind.markerTTL}
	err := untilAnswered(ctx, func(ctx context.Context) (err error) {
		if b.stream, err = js.CreateOrUpdateStream(ctx, kind.stream(o)); err == nil {
			b.kv, err = js.KeyValue(ctx, kind.name)
		}
		return err
	})
	return b, err
}

// errOldServer is a NATS server that knows no markers of deleted keys, on which views depend.
var errOldServer = errors.New("the nats server is too old: it must be version 2.11 or later")

// checkServer finds out whether there is a JetStream, and one that we can use.
func checkServer(ctx context.Context, js jetstream.JetStream) error {
	info, err := js.AccountInfo(ctx)
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	if info.API.Level < 1 {
		return errOldServer
	}
	return nil
}

// stream is the stream of a bucket, as the client's own call would make it, but for direct reads. Those may be
// answered by a server that is behind, and a detail that is not there *yet* must not be taken for lost.
func (k bucketKind) stream(o Options) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:                   "KV_" + k.name,
		Description:            k.about,
		Subjects:               []string{"$KV." + k.name + ".>"},
		MaxMsgsPerSubject:      k.history,
		MaxBytes:               -1,
		MaxAge:                 k.ttl,
		MaxMsgSize:             -1,
		MaxMsgs:                -1,
		MaxConsumers:           -1,
		Storage:                jetstream.FileStorage,
		Replicas:               o.streamReplicas(),
		AllowRollup:            true,
		DenyDelete:             true,
		Duplicates:             duplicatesWindow,
		AllowDirect:            o.Cluster == nil,
		Discard:                jetstream.DiscardNew,
		AllowMsgTTL:            k.markerTTL != 0,
		SubjectDeleteMarkerTTL: k.markerTTL,
	}
}

// duplicatesWindow is the shortest that a server takes. Nothing that is published has an id to be known again by, and at its
// start a server reads whatever it got within the window before.
const duplicatesWindow = 100 * time.Millisecond

// subject is the subject of a key, or of many where key is a pattern.
func (b *bucket) subject(key string) string { return "$KV." + b.name + "." + key }

// keys lists the keys without reading what they hold.
func (b *bucket) keys(ctx context.Context) ([]string, error) {
	info, err := b.stream.Info(ctx, jetstream.WithSubjectFilter(b.subject(">")))
	if err != nil {
		return nil, fmt.Errorf("keys of bucket %s: %w", b.name, err)
	}
	keys := make([]string, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		keys = append(keys, strings.TrimPrefix(subject, b.subject("")))
	}
	return keys, nil
}

// purge removes what a key holds up to a revision, without a marker.
func (b *bucket) purge(ctx context.Context, key string, upTo uint64) error {
	if upTo == 0 {
		return nil
	}
	err := b.stream.Purge(ctx, jetstream.WithPurgeSubject(b.subject(key)), jetstream.WithPurgeSequence(upTo+1))
	if err != nil {
		return fmt.Errorf("purge %s of bucket %s: %w", key, b.name, err)
	}
	return nil
}

// head is how far a bucket has come, as its leader says.
type head struct {
	revision uint64    // the last that anything in it got
	created  time.Time // the bucket itself
	asked    time.Time // when we did
	keys     int       // how many it has, those with markers included
}

// replaces tells whether a bucket is another one than that of an earlier head, or lost what that had.
func (h head) replaces(earlier head) bool {
	return !earlier.created.IsZero() && !h.created.Equal(earlier.created) || h.revision < earlier.revision
}

func (b *bucket) head(ctx context.Context, clock clockwork.Clock) (head, error) {
	asked := clock.Now()
	info, err := b.stream.Info(ctx)
	if err != nil {
		return head{}, fmt.Errorf("last revision of bucket %s: %w", b.name, plain(err))
	}
	b.skew.measure(asked, clock.Now(), info.TimeStamp)
	return head{info.State.LastSeq, info.Created, asked, int(info.State.NumSubjects)}, nil
}

// isConflict tells whether err says that a key was written by someone else in between. The client maps only
// some of the ways in which a server says so.
func isConflict(err error) bool {
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return true
	}
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
