package cluster_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testnats"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// natsOfThree asks nobody for a password.
var natsOfThree = testnats.Options{Nodes: 3}

// world is a NATS cluster, an Alertmanager and a fleet; replicas are added to it.
type world struct {
	t            *testing.T
	dir          string
	nats         *testnats.Cluster
	alertmanager *testalertmanager.Server
	inbox        *testalertmanager.Inbox
	sim          *simfleet.Fleet
	machines     []*machine
	gate         *gate
	file         string // what the pack demands a mode of
	replicas     []*replica
	resend       string // how often replicas repeat what fires
}

// newWorld has no replica yet.
func newWorld(t *testing.T, machines int, o testnats.Options) *world {
	t.Helper()
	testenv.Built(t, "nats-server") // before what takes time
	testalertmanager.Binary(t)
	testexporter.Binary(t)
	w := &world{t: t, dir: t.TempDir(), inbox: testalertmanager.NewInbox(t), gate: newGate(), resend: "5s"}
	said, file := recordAnswers(t)
	w.file = file
	w.sim, w.machines = startMachines(t, machines, said, w.gate)
	w.alertmanager = testalertmanager.Start(t, fmt.Sprintf(toInbox, w.inbox.URL))
	w.nats = testnats.Start(t, o)
	return w
}

// start is a world with three replicas, the first run of which has ended.
func start(t *testing.T, machines int) *world {
	t.Helper()
	w := newWorld(t, machines, natsOfThree)
	w.startReplicas()
	return w
}

func (w *world) startReplicas() {
	w.t.Helper()
	for range 3 {
		w.add(entries(w.machines)).start()
	}
	w.checkedFirst()
}

// add makes a replica that is not started yet.
func (w *world) add(machines []entry) *replica {
	w.t.Helper()
	r := &replica{name: fmt.Sprintf("replica%d", len(w.replicas)+1), w: w, link: w.nats.Link(), recorder: newRecorder(w.t, w.alertmanager.URL)}
	r.config = settings{
		url: r.link.URL(), replicas: min(3, len(w.nats.Nodes)), alertmanager: r.recorder.URL, policy: "strict", concurrency: 8,
		resend: w.resend,
	}
	w.write(filepath.Join(r.name, "packs", "base.yaml"), fmt.Sprintf("items: {files: [{path: %q, mode: \"0644\"}]}\n", w.file))
	key, err := w.sim.Key()
	require.NoError(w.t, err)
	w.write(filepath.Join(r.name, "key"), string(key))
	r.knows(w.machines...)
	r.configure(machines)
	w.replicas = append(w.replicas, r)
	return r
}

// knows writes which machines' host keys it has: only these can it check.
func (r *replica) knows(machines ...*machine) {
	r.w.t.Helper()
	var keys strings.Builder
	for _, m := range machines {
		keys.Write(m.key)
	}
	r.w.write(filepath.Join(r.name, "known_hosts"), keys.String())
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o600))
}

// alive are the replicas that run.
func (w *world) alive() []*replica {
	return slices.DeleteFunc(slices.Clone(w.replicas), func(r *replica) bool { return r.dead })
}

// coordinator is who begins and ends runs, as soon as there is one.
func (w *world) coordinator() (found *replica) {
	w.t.Helper()
	w.eventually("there is a coordinator", func() bool {
		for _, r := range w.alive() {
			if r.coordinates() {
				found = r
				return true
			}
		}
		return false
	})
	return found
}

// others are the replicas that run beside this one.
func (w *world) others(than *replica) []*replica {
	return slices.DeleteFunc(w.alive(), func(r *replica) bool { return r == than })
}

// checkedFirst waits for the end of the run that nobody has to ask for, and for one that the coordinator may decide by.
func (w *world) checkedFirst() {
	w.t.Helper()
	for _, r := range w.alive() {
		w.eventually("the first run has ended, as "+r.name+" knows", func() bool { return r.lastRun().Phase == "done" })
	}
	w.agreeOnFleet()
}

func (r *replica) agrees() bool { return r.Metric("drift_cluster_config_agreed") == "1" }

// startRun asks a replica for a run of these machines, of all for none. Who asks need not be who coordinates.
func (w *world) startRun(at *replica, machines ...*machine) string {
	w.t.Helper()
	var names []string
	for _, m := range machines {
		names = append(names, fmt.Sprintf("%q", m.name))
	}
	id := ""
	w.eventually("a run is accepted", func() bool {
		status, answer := at.Post("/api/v1/runs", `{"machines":[`+strings.Join(names, ",")+`]}`)
		_, rest, _ := strings.Cut(answer, `"id":"`)
		id, _, _ = strings.Cut(rest, `"`)
		return status == http.StatusAccepted && id != ""
	})
	return id
}

// ends waits until every replica says that the run has ended, with the same figures, and returns them.
func (w *world) ends(id string) (run runOf) {
	w.t.Helper()
	for i, r := range w.alive() {
		var seen runOf
		w.eventually("run "+id+" ends, as "+r.name+" knows", func() bool {
			var known bool
			seen, known = r.run(id)
			return known && (seen.Phase == "done" || seen.Phase == "failed")
		})
		if i == 0 {
			run = seen
		}
		require.Equal(w.t, run, seen, r.name)
	}
	return run
}

// check has machines checked, all for none, each of them once and in success.
func (w *world) check(at *replica, machines ...*machine) {
	w.t.Helper()
	if len(machines) == 0 {
		machines = w.machines
	}
	run := w.ends(w.startRun(at, machines...))
	require.Equal(w.t, "done", run.Phase)
	require.Equal(w.t, len(machines), run.Total)
	require.Equal(w.t, len(machines), run.Checked, "%+v", run)
}

// firing is since when Alertmanager takes which machines' alerts to be firing.
func (w *world) firing() map[string]time.Time {
	w.t.Helper()
	found := map[string]time.Time{}
	for _, a := range w.alertmanager.Alerts() {
		name := a.Labels["machine"]
		require.NotContains(w.t, found, name, "two alerts of one machine")
		found[name] = time.Time(*a.StartsAt)
	}
	return found
}

// fires waits until exactly these machines' alerts fire.
func (w *world) fires(machines ...*machine) {
	w.t.Helper()
	want := map[string]bool{}
	for _, m := range machines {
		want[m.name] = true
	}
	w.eventually(fmt.Sprintf("%d alerts fire", len(machines)), func() bool {
		firing := w.firing()
		for name := range firing {
			if !want[name] {
				return false
			}
		}
		return len(firing) == len(want)
	})
}

// heard waits until the receiver was told this of a machine, and nothing else.
func (w *world) heard(m *machine, want ...string) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("the receiver hears of %s: %v", m.name, want), func() bool {
		return len(notices(w.inbox, m)) >= len(want)
	})
	require.Equal(w.t, want, statuses(notices(w.inbox, m)), "%s\n%s", m.name, w.story(m))
}

// onlyOneAlert holds that no replica ever sent another alert of this machine than one, and never let it fire again after
// it had resolved it.
func (w *world) onlyOneAlert(m *machine) {
	w.t.Helper()
	var since time.Time
	for _, r := range w.replicas {
		resolved := false
		for _, s := range of(m, r.recorder.since(0)) {
			if since.IsZero() {
				since = s.StartsAt
			}
			require.Equal(w.t, since, s.StartsAt, "%s began a second alert of %s", r.name, m.name)
			require.False(w.t, resolved && s.firing(), "%s revived the alert of %s", r.name, m.name)
			resolved = !s.firing()
		}
	}
	require.False(w.t, since.IsZero(), "nobody sent an alert of %s", m.name)
}

// eventually asks less often than others do: what is asked of a replica with hundreds of machines is work, and what is waited
// for takes seconds.
func (w *world) eventually(what string, condition func() bool) {
	w.t.Helper()
	var asked time.Time
	seldom := func() bool {
		if time.Since(asked) < 200*time.Millisecond {
			return false
		}
		defer func() { asked = time.Now() }()
		return condition()
	}
	testprocess.Eventually(w.t, what, seldom, func() string {
		shown := ""
		for _, r := range w.replicas {
			if r.Exporter != nil {
				lines := strings.Split(r.Log(), "\n")
				shown += r.name + ":\n" + strings.Join(lines[max(0, len(lines)-40):], "\n")
			}
		}
		for _, n := range w.nats.Nodes {
			lines := strings.Split(n.Output(), "\n")
			shown += n.Name + ":\n" + strings.Join(lines[max(0, len(lines)-15):], "\n")
		}
		return shown
	})
}
