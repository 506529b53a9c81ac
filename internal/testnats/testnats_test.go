package testnats_test

import (
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testnats"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Nothing is shown of a cluster with a server that is another than the one that is built in.
func TestItIsTheVersionThatIsBuiltIn(t *testing.T) {
	pinned := func(file string) string {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		found := regexp.MustCompile(`github.com/nats-io/nats-server/v2 (v\S+)`).FindSubmatch(text)
		require.NotNil(t, found, file)
		return string(found[1])
	}
	root := testenv.Repository(t)
	assert.Equal(t, pinned(root+"/go.mod"), pinned(root+"/tools/nats-server/go.mod"))
}

func TestAClusterOutlivesTheLossOfANodeAndComesBackAfterTheLossOfAll(t *testing.T) {
	cluster := testnats.Start(t, testnats.Options{})
	require.Len(t, cluster.Nodes, 3)
	kv := bucket(t, dial(t, cluster.URL()))
	assert.True(t, put(kv, "before"))

	leader := cluster.Leader("KV_test")
	leader.Kill()
	written(t, kv, "without one")
	assert.NotEqual(t, leader.Name, cluster.Leader("KV_test").Name)

	cluster.Leader("").Pause()
	cluster.WaitLeaderless()
	assert.False(t, put(kv, "without two"), "there is no quorum")
	cluster.Restart()
	written(t, kv, "with all")

	cluster.Nodes[0].Stop()
	cluster.Kill()
	assert.False(t, put(kv, "without any"))
	cluster.Restart()
	written(t, kv, "with all again")
	entry, err := kv.Get(t.Context(), "key")
	require.NoError(t, err)
	assert.Equal(t, "with all again", string(entry.Value()))
}

func TestALinkIsCutSilencedAndRestored(t *testing.T) {
	cluster := testnats.Start(t, testnats.Options{Nodes: 1})
	link := cluster.Link()
	through, beside := bucket(t, dial(t, link.URL())), bucket(t, dial(t, cluster.URL()))
	for name, c := range map[string]struct {
		cut func()
	}{
		"cut":    {link.Cut},
		"silent": {link.Silence},
	} {
		t.Run(name, func(t *testing.T) {
			written(t, through, "before")
			c.cut()
			assert.False(t, put(through, "meanwhile"))
			assert.True(t, put(beside, "beside"))
			link.Restore()
			written(t, through, "after")
		})
	}
}

func TestClientsGiveAPasswordOverTLS(t *testing.T) {
	cluster := testnats.Start(t, testnats.Options{Nodes: 1, User: "drift", Password: `p"w\d`, TLS: true, MaxPayload: 64 << 10})
	nc := dial(t, cluster.URL(), nats.UserInfo("drift", `p"w\d`), nats.RootCAs(cluster.CAFile))
	assert.EqualValues(t, 64<<10, nc.MaxPayload())
	written(t, bucket(t, nc), "value")
	_, err := nats.Connect(cluster.URL(), nats.UserInfo("drift", "wrong"), nats.RootCAs(cluster.CAFile))
	require.ErrorIs(t, err, nats.ErrAuthorization)
	_, err = nats.Connect(cluster.URL(), nats.UserInfo("drift", `p"w\d`))
	require.ErrorContains(t, err, "unknown authority")
}

func dial(t *testing.T, url string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, append(opts, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.ReconnectBufSize(-1))...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}

// bucket is one on as many nodes as there may be.
func bucket(t *testing.T, nc *nats.Conn) jetstream.KeyValue {
	t.Helper()
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	var kv jetstream.KeyValue
	for _, replicas := range []int{3, 1} {
		kv, err = js.CreateOrUpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "test", Replicas: replicas})
		if err == nil {
			break
		}
	}
	require.NoError(t, err)
	return kv
}

// put tells whether a value was written within a second.
func put(kv jetstream.KeyValue, value string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := kv.PutString(ctx, "key", value)
	return err == nil
}

func written(t *testing.T, kv jetstream.KeyValue, value string) {
	t.Helper()
	testprocess.Eventually(t, "it is written: "+value, func() bool { return put(kv, value) }, func() string { return "" })
}
