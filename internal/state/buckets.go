package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The names of the key-value buckets and of the queue's stream.
const (
	bucketState    = "state"
	bucketDetail   = "detail"
	bucketHistory  = "history"
	bucketMachines = "machines"
	bucketRuns     = "runs"
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
}

// buckets are all of them.
type buckets struct {
	state, detail, history, machines, runs *bucket
}

func openBuckets(ctx context.Context, js jetstream.JetStream, markerTTL time.Duration) (*buckets, error) {
	b := &buckets{}
	for _, c := range []struct {
		into      **bucket
		name      string
		about     string
		history   uint8
		markerTTL time.Duration
	}{
		{&b.state, bucketState, "last verdict, last attempt and alert of a pair", 1, markerTTL},
		{&b.detail, bucketDetail, "mismatches, diffs and errors of a pair", detailRevisions, 0},
		{&b.history, bucketHistory, "changes of a pair's verdict", jetstream.KeyValueMaxHistory, 0},
		{&b.machines, bucketMachines, "facts and last attempt of a machine", 1, markerTTL},
		{&b.runs, bucketRuns, "runs", 1, markerTTL},
	} {
		kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: c.name, Description: c.about, History: c.history, Storage: jetstream.FileStorage,
			LimitMarkerTTL: c.markerTTL,
		})
		if err != nil {
			return nil, fmt.Errorf("bucket %s: %w", c.name, err)
		}
		stream, err := js.Stream(ctx, "KV_"+c.name)
		if err != nil {
			return nil, fmt.Errorf("bucket %s: %w", c.name, err)
		}
		*c.into = &bucket{name: c.name, kv: kv, stream: stream, markerTTL: c.markerTTL}
	}
	return b, nil
}

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

// lastRevision is the last revision that anything in the bucket got so far.
func (b *bucket) lastRevision(ctx context.Context) (uint64, error) {
	info, err := b.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("last revision of bucket %s: %w", b.name, err)
	}
	return info.State.LastSeq, nil
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
