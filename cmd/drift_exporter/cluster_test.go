package main

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// natsURL is where a NATS server in this process listens until the test ends.
func natsURL(t *testing.T) string {
	t.Helper()
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
	})
	require.NoError(t, err)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	require.True(t, srv.ReadyForConnections(testprocess.Patience))
	return srv.ClientURL()
}

const clusterFleet = "machines: [{name: here, transport: local, packs: [base], labels: {env: prod}}]\n"

// newReplica is a daemon of which only the store runs, until the test ends.
func newReplica(t *testing.T, url, fleet string, f serveFlags) *daemon {
	t.Helper()
	w := newWorkspace(t)
	w.write("config.yaml", fleet+"cluster: {nats: {url: \""+url+"\"}}\n")
	f.externalURL = "http://drift.example/"
	d, err := tryDaemon(t, w.dir, f)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.store.Close()) })
	return d
}

func comes(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, testprocess.Patience, 10*time.Millisecond, what)
}

func TestFlagsThatDoNotFitTheConfiguration(t *testing.T) {
	const alone, shared = clusterFleet, clusterFleet + "cluster: {nats: {url: \"nats://127.0.0.1:1\"}}\n"
	for name, c := range map[string]struct {
		config string
		flags  serveFlags
		want   string
	}{
		"a worker on its own": {alone, serveFlags{role: "worker"},
			"--cluster.role and --worker.sites are for replicas that share their state: the configuration has no cluster"},
		"a site on its own": {alone, serveFlags{role: "all", sites: []string{"dmz"}},
			"--cluster.role and --worker.sites are for replicas that share their state: the configuration has no cluster"},
		"links that differ": {shared, serveFlags{role: "all"},
			"--web.external-url is needed in a cluster: the link in an alert must be the same whichever replica sends it"},
		"a site for nobody": {shared, serveFlags{role: "web", sites: []string{"dmz"}, externalURL: "http://drift.example"},
			"--worker.sites is for replicas that check machines: --cluster.role=web does not"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorkspace(t)
			w.write("config.yaml", c.config)
			_, err := tryDaemon(t, w.dir, c.flags)
			require.EqualError(t, err, c.want)
		})
	}
}

func TestDigestIsOfWhatRemovalsAndAlertsDependOn(t *testing.T) {
	w := newWorkspace(t)
	d := newTestDaemon(t, w)
	digest := func(config string) string {
		t.Helper()
		w.write("config.yaml", config)
		fleet, err := d.load()
		require.NoError(t, err)
		return d.digest(fleet)
	}
	first := digest(clusterFleet)
	assert.Regexp(t, "^[0-9a-f]{64}$", first)
	for name, same := range map[string]string{
		"again":              clusterFleet,
		"another schedule":   "schedule: {cron: \"0 7 * * *\"}\n" + clusterFleet,
		"another timeout":    "check: {timeout: 5s}\n" + clusterFleet,
		"where the state is": clusterFleet + "cluster: {nats: {url: \"nats://n1\"}}\n",
	} {
		assert.Equal(t, first, digest(same), name)
	}
	for name, other := range map[string]string{
		"a label":           strings.Replace(clusterFleet, "prod", "test", 1),
		"a display name":    strings.Replace(clusterFleet, "name: here", "name: here, display_name: Here", 1),
		"a site":            strings.Replace(clusterFleet, "name: here", "name: here, site: dmz", 1),
		"disabled":          strings.Replace(clusterFleet, "name: here", "name: here, drift_detection_enabled: false", 1),
		"without its packs": strings.Replace(clusterFleet, "[base]", "[]", 1),
		"external labels":   "alerting: {external_labels: {region: eu}}\n" + clusterFleet,
		"another machine":   strings.Replace(clusterFleet, "[{", "[{name: more, transport: local, packs: [base]}, {", 1),
	} {
		assert.NotEqual(t, first, digest(other), name)
	}
}

func TestReloadThatChangesTheClusterIsRefused(t *testing.T) {
	w := newWorkspace(t)
	d := newTestDaemon(t, w)
	old := d.fleet.Load()
	w.write("config.yaml", clusterFleet+"cluster: {nats: {url: \"nats://127.0.0.1:1\"}}\n")
	require.EqualError(t, d.reload(t.Context()), "cluster: what it says is taken at the start only, restart to change it")
	assert.Same(t, old, d.fleet.Load())
}

// Two replicas, of which one has a configuration without the machine: nothing is resolved and nothing renamed, until
// they agree.
func TestReplicasThatDifferRemoveNothing(t *testing.T) {
	url := natsURL(t)
	a := newReplica(t, url, clusterFleet, serveFlags{})
	comes(t, "the first agrees with itself", func() bool { return a.decides(a.fleet.Load()) })
	fired := a.fire(t)

	const other = "machines: [{name: other, transport: local, packs: [base]}]\n"
	b := newReplica(t, url, other, serveFlags{role: "web"})
	comes(t, "they differ", func() bool { return !a.agreed(a.fleet.Load()) && len(b.store.View().Replicas()) == 2 })
	for _, d := range []*daemon{a, b} {
		d.reconcile(t.Context())
	}
	record, ok := b.store.View().Record(here)
	require.True(t, ok)
	assert.True(t, record.Alert.Firing())

	relabelled := newReplica(t, url, strings.Replace(clusterFleet, "prod", "test", 1), serveFlags{role: "worker"})
	require.NoError(t, relabelled.sink(t.Context(), outcome(3, state.Drifted)))
	record, _ = relabelled.store.View().Record(here)
	assert.Equal(t, fired.Alert.Labels, record.Alert.Labels, "a worker with another configuration renames nothing")
	assert.Empty(t, record.Resolving)

	w := newWorkspace(t)
	w.write("config.yaml", other+"cluster: {nats: {url: \""+url+"\"}}\n")
	a.cli.common.configFile = w.path("config.yaml")
	require.NoError(t, a.reload(t.Context()))
	comes(t, "they agree", func() bool { return a.agreed(a.fleet.Load()) && b.agreed(b.fleet.Load()) })
	for _, d := range []*daemon{a, b} {
		d.reconcile(t.Context())
	}
	comes(t, "it is removed once", func() bool {
		record, ok := b.store.View().Record(here)
		return ok && !record.Retired.IsZero() && !record.Alert.Firing()
	})
}
