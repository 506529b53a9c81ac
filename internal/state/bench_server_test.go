package state

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// BenchmarkServerAlone is the least that a run can cost besides its checks: what the server inside this process takes to put
// each machine on a queue and to have it taken off there, and to store an entry of it and one of each pack, sent to one watcher
// each. Nothing is made, compared or read.
func BenchmarkServerAlone(b *testing.B) {
	for _, packs := range []int{1, 3} {
		b.Run(fmt.Sprintf("packs=%d", packs), func(b *testing.B) {
			const machines = 5000
			a := newServerAlone(b)
			a.run(b, machines, packs) // its first entries
			before := processorTime()
			for b.Loop() {
				a.run(b, machines, packs)
			}
			b.ReportMetric(float64((processorTime()-before).Microseconds())/float64(b.N*machines), "cpu-µs/machine")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// serverAlone is a server as the store has it, with a queue and two buckets that are watched.
type serverAlone struct {
	js              jetstream.JetStream
	jobs            jetstream.Consumer
	pairs, machines jetstream.KeyValue
}

func newServerAlone(b *testing.B) *serverAlone {
	b.Helper()
	srv, err := startEmbedded(b.Context(), b.TempDir(), slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	b.Cleanup(srv.stop)
	nc, err := srv.connect()
	require.NoError(b, err)
	b.Cleanup(nc.Close)
	a := &serverAlone{}
	a.js, err = jetstream.New(nc)
	require.NoError(b, err)
	queue, err := a.js.CreateStream(b.Context(), jetstream.StreamConfig{
		Name: "work", Subjects: []string{"work.>"}, Retention: jetstream.WorkQueuePolicy,
	})
	require.NoError(b, err)
	a.jobs, err = queue.CreateConsumer(b.Context(), jetstream.ConsumerConfig{
		Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: -1,
	})
	require.NoError(b, err)
	for bucket, kv := range map[string]*jetstream.KeyValue{"pairs": &a.pairs, "machines": &a.machines} {
		*kv, err = a.js.CreateKeyValue(b.Context(), jetstream.KeyValueConfig{Bucket: bucket})
		require.NoError(b, err)
		w, err := (*kv).WatchAll(b.Context())
		require.NoError(b, err)
		go func() {
			for range w.Updates() { // until the connection is closed
			}
		}()
		b.Cleanup(func() { _ = w.Stop() })
	}
	return a
}

// run does for each machine what a run does, 32 at a time.
func (a *serverAlone) run(b *testing.B, machines, packs int) {
	b.Helper()
	pair, machine := []byte(strings.Repeat("p", 700)), []byte(strings.Repeat("m", 350))
	for i := range machines {
		_, err := a.js.PublishAsync(fmt.Sprintf("work.m%05d", i), machine[:100])
		require.NoError(b, err)
	}
	<-a.js.PublishAsyncComplete()
	var busy sync.WaitGroup
	free := make(chan struct{}, 32)
	for done := 0; done < machines; {
		batch, err := a.jobs.FetchNoWait(1)
		require.NoError(b, err)
		for job := range batch.Messages() {
			name := fmt.Sprintf("m%05d", done)
			done++
			free <- struct{}{}
			busy.Go(func() {
				defer func() { <-free }()
				var failed []error
				for i := range packs {
					_, err := a.pairs.Put(b.Context(), fmt.Sprintf("%s.p%d", name, i), pair)
					failed = append(failed, err)
				}
				_, err := a.machines.Put(b.Context(), name, machine)
				assert.NoError(b, errors.Join(append(failed, err, job.DoubleAck(b.Context()))...))
			})
		}
	}
	busy.Wait()
}
