package testtruth

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
)

// Options are what a World is made of.
type Options struct {
	Machines    int
	Packs       []string
	Concurrency int
	Remember    bool                      // machines repeat what a real shell said to the same questions; else a real shell answers each time
	Prepare     func(machines []*Machine) // before the first run; may be nil
	Unraced     bool                      // the exporter is built without the race detector, so that its memory can be measured
	// IsScript and NonceOf are checker's; this package is below it.
	IsScript func(script string) bool
	NonceOf  func(script string) string
}

// World is all that there is. Its methods must be called from the test's goroutine.
type World struct {
	*testexporter.Exporter
	Machines     []*Machine
	Model        Model
	Alertmanager *testalertmanager.Server
	Inbox        *testalertmanager.Inbox
	Proxy        *Proxy
	Storage      string
	// Resend is alerting.resend_delay; it counts from the next Configure on.
	Resend string

	t        testing.TB
	dir      string
	shells   shells
	notices  map[string][]Notice // that were read
	read     int                 // so many bodies of the inbox
	entered  atomic.Int64        // connections to machines
	sessions atomic.Int64        // commands that run on machines
	onEnter  atomic.Pointer[func(n int64)]
}

// toInbox has each alert told of by itself and at once, each start and each end a single time.
const toInbox = `
route: {receiver: inbox, group_by: ['...'], group_wait: 1ms, group_interval: 1ms, repeat_interval: 240h}
receivers:
  - name: inbox
    webhook_configs: [{url: %q, send_resolved: true}]
`

// New starts a world, in which the first run of all machines has ended.
func New(t testing.TB, o Options) *World {
	t.Helper()
	testalertmanager.Binary(t) // before what takes time
	w := &World{t: t, dir: t.TempDir(), Inbox: testalertmanager.NewInbox(t), Resend: "1s", Model: Model{Pairs: map[string]*Truth{}}, notices: map[string][]Notice{}}
	w.shells.dir, w.shells.options = filepath.Join(w.dir, "machines"), o
	sim, err := simfleet.New()
	require.NoError(t, err)
	t.Cleanup(sim.Close)
	for i := range o.Machines {
		w.Machines = append(w.Machines, w.newMachine(sim, i, o.Packs))
	}
	if o.Prepare != nil {
		o.Prepare(w.Machines)
	}
	key, err := sim.Key()
	require.NoError(t, err)
	w.write("key", string(key))
	w.Alertmanager = testalertmanager.Start(t, fmt.Sprintf(toInbox, w.Inbox.URL))
	w.Proxy = newProxy(t, w.Alertmanager.URL)
	w.Storage = filepath.Join(w.dir, "data")
	w.write("packs/base.yaml", packOf(filesOfPack, func(n int) string { return fmt.Sprintf("{path: %s, mode: \"0644\"}", basePath(n)) }))
	w.write("packs/app.yaml", packOf(filesOfPack, func(n int) string { return fmt.Sprintf("{path: %s, content: \"right\\n\"}", appPath(n)) }))
	w.writeConfig()
	w.Settle()
	start := testexporter.Start
	if o.Unraced {
		start = testexporter.StartUnraced
	}
	w.Exporter = start(t, filepath.Join(w.dir, "config.yaml"), w.Storage, "--web.enable-lifecycle")
	w.Eventually("the first run ends", func() bool { return w.Metric("drift_last_run_success") == "1" })
	w.Model.ran(w.latestRun(), w.Machines)
	return w
}

// newMachine has an address of its own, so that nobody takes it while the machine is gone.
func (w *World) newMachine(sim *simfleet.Fleet, i int, packs []string) *Machine {
	w.t.Helper()
	name := fmt.Sprintf("m%03d", i+1)
	m := &Machine{Name: name, DisplayName: "Machine " + name, Packs: packs, world: w, address: fmt.Sprintf("127.9.%d.%d", os.Getpid()%250+1, i+1)}
	var err error
	m.door, err = newDoor(m.address+":0", w.enter)
	require.NoError(w.t, err)
	known := len(sim.KnownHosts())
	listening, err := sim.AddAt(m.door, func(command string) simfleet.Exec {
		if command != simfleet.Command {
			return nil
		}
		return m.exec
	})
	require.NoError(w.t, err)
	m.port = listening.Port()
	m.key = strings.Replace(string(sim.KnownHosts()[known:]), "["+simfleet.Host+"]", "["+m.address+"]", 1)
	return m
}

func (w *World) enter() {
	n := w.entered.Add(1)
	if f := w.onEnter.Load(); f != nil {
		(*f)(n)
	}
}

// Entered is how many connections machines took so far.
func (w *World) Entered() int64 { return w.entered.Load() }

// Sessions is how many checks are under way on machines.
func (w *World) Sessions() int64 { return w.sessions.Load() }

// OnEnter has a function told of each connection that a machine takes, and how many there were by then; nil: none.
func (w *World) OnEnter(f func(n int64)) {
	if f == nil {
		w.onEnter.Store(nil)
		return
	}
	w.onEnter.Store(&f)
}

func packOf(files int, item func(n int) string) string {
	var text strings.Builder
	text.WriteString("items:\n  files:\n")
	for n := 1; n <= files; n++ {
		fmt.Fprintf(&text, "    - %s\n", item(n))
	}
	return text.String()
}

// writeConfig writes the configuration and the packs as they are to be from the next reload on.
func (w *World) writeConfig() {
	w.t.Helper()
	var c, keys strings.Builder
	fmt.Fprintf(&c, `# The next scheduled run is far away: runs are asked for.
schedule: {cron: "0 0 1 1 *"}
check: {concurrency: %d, timeout: 30s, retries: 0}
packs_dir: packs
ssh: {user: %s, identity_files: [key], known_hosts_files: [known_hosts], config_file: ""}
alerting: {alertmanagers: [{url: %q}], resend_delay: %s}
machines:
`, w.shells.options.Concurrency, simfleet.User, w.Proxy.URL, w.Resend)
	for _, m := range w.Machines {
		keys.WriteString(m.key)
		if m.Removed {
			continue
		}
		waivers := "[]"
		if m.Waived && slices.Contains(m.Packs, "base") {
			waivers = fmt.Sprintf("[{pack: base, kind: file, item: %s, reason: for now}]", basePath(1))
		}
		fmt.Fprintf(&c, "  - {name: %s, display_name: %q, address: %s, ssh: {port: %d}, packs: [%s], drift_detection_enabled: %t, waivers: %s}\n",
			m.Name, m.DisplayName, m.address, m.port, strings.Join(m.Packs, ", "), !m.Disabled, waivers)
	}
	w.write("packs/web.yaml", packOf(1, func(int) string { return fmt.Sprintf("{path: %s, mode: \"%04o\"}", webPath, webMode(w.Model.Web)) }))
	w.write("known_hosts", keys.String())
	w.write("config.yaml", c.String())
}

func (w *World) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o600))
}

// Settle lets all machines be as they are said to be. Begin does so by itself.
func (w *World) Settle() {
	for _, m := range w.Machines {
		m.settle()
	}
}
