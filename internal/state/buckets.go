package state

import (
	"context"
	"errors"
	"fmt"
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

// markerTTL is how long the marker of a deleted key stays, for watchers that were cut off to learn of it.
// They replay in full after a cut, so nothing depends on its length.
const markerTTL = time.Hour

// buckets are the handles of all key-value buckets.
type buckets struct {
	state, detail, history, machines, runs jetstream.KeyValue
}

func openBuckets(ctx context.Context, js jetstream.JetStream) (*buckets, error) {
	b := &buckets{}
	for _, c := range []struct {
		into    *jetstream.KeyValue
		name    string
		about   string
		history uint8
		markers bool
	}{
		{&b.state, bucketState, "last verdict, last attempt and alert of a pair", 1, true},
		{&b.detail, bucketDetail, "mismatches, diffs and errors of a pair", detailRevisions, false},
		{&b.history, bucketHistory, "changes of a pair's verdict", jetstream.KeyValueMaxHistory, false},
		{&b.machines, bucketMachines, "facts and last attempt of a machine", 1, true},
		{&b.runs, bucketRuns, "runs", 1, true},
	} {
		cfg := jetstream.KeyValueConfig{
			Bucket: c.name, Description: c.about, History: c.history, Storage: jetstream.FileStorage,
		}
		if c.markers {
			cfg.LimitMarkerTTL = markerTTL
		}
		kv, err := js.CreateOrUpdateKeyValue(ctx, cfg)
		if err != nil {
			return nil, fmt.Errorf("bucket %s: %w", c.name, err)
		}
		*c.into = kv
	}
	return b, nil
}

// bucketSubject is the subject of a key in a bucket, and bucketStream the stream under the bucket.
func bucketSubject(bucket, key string) string { return "$KV." + bucket + "." + key }
func bucketStream(bucket string) string       { return "KV_" + bucket }

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
