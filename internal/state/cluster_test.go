package state

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

func TestReplicasShareTheStateOfAServer(t *testing.T) {
	srv := natsServer(t, nil)
	r1 := join(t, srv, "r1")
	store(t, r1, drifted(pair, 2))
	require.NoError(t, r1.Queue().Enqueue(t.Context(), []Job{{Run: "2026-01-29T06:00:00Z", Machine: pair.Machine}}))

	r2 := join(t, srv, "r2")
	shown, ok := r2.View().Record(pair)
	require.True(t, ok, "who joins later sees the whole state")
	assert.Equal(t, 2, shown.Verdict.Mismatches)
	whole, err := r2.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.Len(t, whole.Detail.Mismatches, 2)
	got, err := r2.Queue().Pull(t.Context(), 5)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.NoError(t, got[0].Ack(t.Context()))

	store(t, r2, compliant(pair))
	require.Eventually(t, func() bool {
		shown, _ := r1.View().Record(pair)
		return shown.Verdict.Status == Compliant
	}, eventually, tick)
}

func TestAConfirmedViewShowsWhatAnotherHasStoredBefore(t *testing.T) {
	srv := natsServer(t, nil)
	r1, r2 := join(t, srv, "r1"), join(t, srv, "r2")
	for i := range 50 {
		stored := drifted(pair, i+1)
		store(t, r1, stored)
		require.True(t, r2.View().Confirm(t.Context()))
		shown, ok := r2.View().Record(pair)
		require.True(t, ok)
		require.Equal(t, i+1, shown.Verdict.Mismatches)
	}
	srv.stop()
	require.False(t, r2.View().Confirm(t.Context()))
}

func TestOthersKeepWhatTheyPulledWhenAReplicaJoins(t *testing.T) {
	srv := natsServer(t, nil)
	r1 := join(t, srv, "r1")
	require.NoError(t, r1.Queue().Enqueue(t.Context(), []Job{{Run: "2026-01-29T06:00:00Z", Machine: pair.Machine}}))
	got, err := r1.Queue().Pull(t.Context(), 1)
	require.NoError(t, err)
	require.Len(t, got, 1)

	r2 := join(t, srv, "r2")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = r2.Queue().Pull(ctx, 1)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, got[0].Ack(t.Context()))
}

func TestDirectReadsAreOffWhereServersCanBeBehind(t *testing.T) {
	s := join(t, natsServer(t, nil), "r1")
	for _, b := range []*bucket{s.buckets.state, s.buckets.detail, s.buckets.history, s.buckets.machines, s.buckets.runs} {
		info, err := b.stream.Info(t.Context())
		require.NoError(t, err)
		assert.False(t, info.Config.AllowDirect, b.name)
	}
}

func TestJoiningFailsAtOnceWhereTryingAgainCannotHelp(t *testing.T) {
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	require.NoError(t, os.WriteFile(password, []byte(testsecret.Mark+"\n"), 0o600))
	locked := natsServer(t, func(o *server.Options) { o.Username, o.Password = "drift", testsecret.Mark })
	bare := natsServer(t, func(o *server.Options) { o.JetStream = false })
	for name, c := range map[string]struct {
		srv    *natsd
		change func(*Cluster)
		want   string
	}{
		"no credentials":         {locked, func(*Cluster) {}, "connect: nats: Authorization Violation"},
		"a wrong user":           {locked, func(c *Cluster) { c.Username, c.PasswordFile = "other", password }, "connect: nats: Authorization Violation"},
		"no file of credentials": {locked, func(c *Cluster) { c.CredentialsFile = filepath.Join(dir, "none") }, "no such file or directory"},
		"more replicas than servers": {natsServer(t, nil), func(c *Cluster) { c.Replicas = 3 },
			"replicas > 1 not supported in non-clustered mode"},
		"a server without JetStream, after a while": {bare, func(c *Cluster) { c.StartTimeout = 1 }, "jetstream"},
	} {
		t.Run(name, func(t *testing.T) {
			o := clustered(c.srv, "r1")
			c.change(o.Cluster)
			_, err := Open(t.Context(), o)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "join the cluster at "+c.srv.address+": ")
			assert.NotContains(t, err.Error(), testsecret.Mark)
		})
	}

	o := clustered(locked, "r1")
	o.Cluster.Username, o.Cluster.PasswordFile = "drift", password
	s := openWith(t, o)
	assert.True(t, s.View().Live())
}

func TestJoiningWaitsForAServerThatStarts(t *testing.T) {
	srv := natsServer(t, nil)
	o := clustered(srv, "r1")
	srv.stop()
	opened := make(chan error)
	go func() {
		s, err := Open(t.Context(), o)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	srv.start(t)
	require.NoError(t, <-opened)

	none := clustered(srv, "r1")
	none.Cluster.URL, none.Cluster.StartTimeout = "nats://127.0.0.1:1", time.Millisecond
	_, err := Open(t.Context(), none)
	require.EqualError(t, err, "join the cluster at 127.0.0.1:1: connect: nats: no servers available for connection")
}

func TestReplicaNames(t *testing.T) {
	for host, want := range map[string]string{
		"web-1.example.com": "^web-1\\.example\\.com-[0-9a-f]{8}$", "": "^replica-[0-9a-f]{8}$", "-ä": "^xxx-[0-9a-f]{8}$",
	} {
		name := ReplicaName(host)
		assert.Regexp(t, want, name)
		require.NoError(t, checkID(name))
		assert.NotEqual(t, name, ReplicaName(host))
	}
}
