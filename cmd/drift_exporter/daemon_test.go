package main

import (
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// newTestDaemon is a daemon of which only the store runs, until the test ends.
func newTestDaemon(t *testing.T, w *workspace) *daemon {
	t.Helper()
	d := newStoppedDaemon(t, w.dir)
	t.Cleanup(func() { require.NoError(t, d.store.Close()) })
	return d
}

// newStoppedDaemon is a daemon of which only the store runs, of the configuration in a folder. Its caller closes the store.
func newStoppedDaemon(t testing.TB, dir string) *daemon {
	t.Helper()
	d, err := tryDaemon(t, dir, serveFlags{})
	require.NoError(t, err)
	return d
}

// tryDaemon is newStoppedDaemon with flags, which may be refused.
func tryDaemon(t testing.TB, dir string, f serveFlags) (*daemon, error) {
	t.Helper()
	return tryDaemonBy(t, dir, f, clockwork.NewRealClock())
}

// tryDaemonBy is tryDaemon by another clock.
func tryDaemonBy(t testing.TB, dir string, f serveFlags, clock clockwork.Clock) (*daemon, error) {
	t.Helper()
	none, addresses, socket := "", []string{"127.0.0.1:0"}, false
	c := &cli{
		common: &commonFlags{configFile: filepath.Join(dir, "config.yaml"), storagePath: filepath.Join(dir, "data")},
		env:    environment{home: dir, hostname: "drift.example"},
		log:    &promslog.Config{}, stdout: io.Discard, stderr: io.Discard,
	}
	f.web = &web.FlagConfig{WebListenAddresses: &addresses, WebConfigFile: &none, WebSystemdSocket: &socket}
	return newDaemon(t.Context(), c, &f, slog.New(slog.DiscardHandler), clock)
}

var here = state.Key{Machine: "here", Pack: "base"}

// outcome is a check of here, n minutes after the first one.
func outcome(n int, status state.Status) checker.Outcome {
	at := time.Now().UTC().Add(time.Duration(n-60) * time.Minute)
	r := state.Result{Key: here, Run: state.RunID(at), At: at, Status: status, Items: 1}
	if status == state.Drifted {
		r.Mismatches = []state.Mismatch{{Type: "wrong_content", Kind: "file", Item: "/etc/motd"}}
	}
	return checker.Outcome{Machine: here.Machine, Run: r.Run, At: at, Results: []state.Result{r}}
}

// fire makes here/base drift after it complied.
func (d *daemon) fire(t *testing.T) *state.Record {
	t.Helper()
	require.NoError(t, d.sink(t.Context(), outcome(1, state.Compliant)))
	require.NoError(t, d.sink(t.Context(), outcome(2, state.Drifted)))
	record, ok := d.store.View().Record(here)
	require.True(t, ok)
	require.True(t, record.Alert.Firing())
	return record
}

// without is the fleet of a workspace whose machine here carries no pack.
func without(t *testing.T) *checker.Fleet {
	t.Helper()
	w := newWorkspace(t)
	w.write("config.yaml", "machines: [{name: here, transport: local, packs: []}]\n")
	fleet, problems := checker.LoadFleet(w.path("config.yaml"), w.dir)
	require.False(t, problems.Fatal(), problems)
	return fleet
}

func TestAPairThatIsBackInTheFleetIsNotRetiredByAnEarlierLook(t *testing.T) {
	d := newTestDaemon(t, newWorkspace(t))
	record := d.fire(t)
	with := d.fleet.Swap(without(t))
	_, changes := d.aligned(record)
	require.True(t, changes, "a fleet without the pair would retire it")
	d.fleet.Store(with) // a reload, between the look and the store

	d.align(t.Context(), here)
	record, _ = d.store.View().Record(here)
	assert.True(t, record.Alert.Firing())
	assert.Zero(t, record.Retired)
}

func TestAPairThatLeftIsRetiredOnceAndForgottenInTime(t *testing.T) {
	d := newTestDaemon(t, newWorkspace(t))
	d.fire(t)
	d.fleet.Store(without(t))
	d.reconcile(t.Context())
	record, _ := d.store.View().Record(here)
	assert.False(t, record.Alert.Firing())
	assert.Equal(t, string(state.ResolvedRemoved), record.Alert.Annotations["resolved_reason"])
	retired := record.Retired
	d.reconcile(t.Context())
	record, _ = d.store.View().Record(here)
	assert.Equal(t, retired, record.Retired)

	d.clock = clockwork.NewFakeClockAt(record.Alert.ValidUntil.Add(time.Second))
	d.reconcile(t.Context())
	_, ok := d.store.View().Record(here)
	assert.False(t, ok, "nothing is left to tell of it")
}

func TestACheckThatWasUnderWayDoesNotBringAPairBack(t *testing.T) {
	d := newTestDaemon(t, newWorkspace(t))
	d.fleet.Store(without(t))
	require.NoError(t, d.sink(t.Context(), outcome(1, state.Drifted)))
	_, ok := d.store.View().Record(here)
	assert.False(t, ok)
}

func TestAnOutcomeThatCannotBeStoredIsAnError(t *testing.T) {
	d := newTestDaemon(t, newWorkspace(t))
	require.NoError(t, d.store.Close())
	err := d.sink(t.Context(), outcome(1, state.Compliant))
	require.Error(t, err, "else the check would be acknowledged and lost")
	assert.Contains(t, err.Error(), "storing machine here pack base: ")
}

func TestAReloadThatIsRefusedChangesNothing(t *testing.T) {
	w := newWorkspace(t)
	d := newTestDaemon(t, w)
	before := d.fleet.Load()
	w.write("config.yaml", "machines:\n  - {name: a, packs: [nope]}\n  - {name: b, pakcs: []}\n")
	err := d.reload(t.Context())
	require.ErrorIs(t, err, errInvalid)
	for _, problem := range []string{"config.yaml:2: ", "config.yaml:3: "} {
		require.ErrorContains(t, err, problem, "every problem is told to who asked")
	}
	assert.Same(t, before, d.fleet.Load())
}
