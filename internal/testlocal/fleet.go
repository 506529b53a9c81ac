// Package testlocal is a fleet for tests of the whole program: local machines of which each has one file that its pack
// wants, so that the truth about each is set by the test, and the means to compare with it what metrics, API and a real
// Alertmanager say. It is for tests only; nothing that ships may import it.
package testlocal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
)

// Quiet is a configuration of an Alertmanager that keeps alerts and tells nobody.
const Quiet = "route: {receiver: none}\nreceivers: [{name: none}]\n"

// Fleet is machines m0, m1, … with packs p0, p1, … and what is true of them.
type Fleet struct {
	// Dir is the configuration's. Config is its text but for the machines.
	Dir, Config  string
	Storage      string
	Exporter     *testexporter.Exporter // nil before Start
	Alertmanager *testalertmanager.Server
	// Complies is the truth, by machine.
	Complies map[string]bool
	// Fires is which machines' alerts must be active.
	Fires map[string]bool

	t testing.TB
}

// New makes a fleet of so many machines, all of which comply, and its configuration.
func New(t testing.TB, machines int) *Fleet {
	t.Helper()
	f := &Fleet{
		t: t, Dir: t.TempDir(), Alertmanager: testalertmanager.Start(t, Quiet), Complies: map[string]bool{}, Fires: map[string]bool{},
	}
	f.Storage = filepath.Join(f.Dir, "data")
	// Runs are only those that the test asks for, and alerts stand for as long as it takes.
	f.Config = fmt.Sprintf("schedule: {cron: \"0 0 1 1 *\", catch_up: false}\ncheck: {concurrency: 4, retries: 0}\n"+
		"alerting: {alertmanagers: [{url: %q}], resend_delay: 1s}\n", f.Alertmanager.URL)
	var lines []string
	for i := range machines {
		f.Pack(i, "good")
		f.Set(i, true)
		lines = append(lines, Line(i))
	}
	f.Configure(lines...)
	return f
}

// Name is that of a machine.
func Name(i int) string { return fmt.Sprintf("m%d", i) }

// Line is a machine's in the configuration.
func Line(i int) string { return fmt.Sprintf("{name: %s, transport: local, packs: [p%d]}", Name(i), i) }

// Configure writes config.yaml with these machines.
func (f *Fleet) Configure(lines ...string) {
	f.t.Helper()
	f.Write("config.yaml", f.Config+"machines:\n  - "+strings.Join(lines, "\n  - ")+"\n")
}

// Pack writes a machine's pack, which wants that content.
func (f *Fleet) Pack(i int, content string) {
	f.t.Helper()
	f.Write(fmt.Sprintf("packs/p%d.yaml", i),
		fmt.Sprintf("items: {files: [{path: %s, content: %q}]}\n", f.Path(fmt.Sprintf("files/%d", i)), content+"\n"))
}

// Set gives a machine the content that its pack wanted at first, or another.
func (f *Fleet) Set(i int, complies bool) {
	f.t.Helper()
	f.Write(fmt.Sprintf("files/%d", i), map[bool]string{true: "good\n", false: "bad\n"}[complies])
	f.Complies[Name(i)] = complies
}

// Path is that of a file beside the configuration.
func (f *Fleet) Path(name string) string { return filepath.Join(f.Dir, name) }

// Write writes a file beside the configuration at once, so that nobody reads half of it.
func (f *Fleet) Write(name, text string) {
	f.t.Helper()
	path := f.Path(name)
	require.NoError(f.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(f.t, os.WriteFile(path+".new", []byte(text), 0o644))
	require.NoError(f.t, os.Rename(path+".new", path))
}

// Start starts the exporter and waits until its machines have a first verdict.
func (f *Fleet) Start(extra ...string) {
	f.t.Helper()
	f.Exporter = testexporter.Start(f.t, f.Path("config.yaml"), f.Storage, append([]string{"--web.enable-lifecycle"}, extra...)...)
	f.Exporter.Eventually("the first verdicts", func() bool {
		return len(f.Verdicts()) == len(f.Complies) && f.Exporter.Metric("drift_last_run_success") == "1"
	})
}
