package machines_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
)

// world is a fleet of which some machines will be broken and two never are, the exporter and Alertmanager.
type world struct {
	t            *testing.T
	dir          string
	faulty, fine []*machine
	alertmanager *testalertmanager.Server
	exporter     *testexporter.Exporter
	since        map[string]time.Time // when each alert began, by "machine/pack"
}

// start is a world in which all machines were compliant at first, and one of two packs of each is drifted now.
func start(t *testing.T, machines int, timeouts string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), since: map[string]time.Time{}}
	sim, err := simfleet.New()
	require.NoError(t, err)
	t.Cleanup(sim.Close)
	for i := range machines {
		w.faulty = append(w.faulty, newMachine(t, sim, fmt.Sprintf("faulty%d", i)))
	}
	w.fine = []*machine{newMachine(t, sim, "fine0"), newMachine(t, sim, "fine1")}
	w.alertmanager = testalertmanager.Start(t, "route: {receiver: none}\nreceivers: [{name: none}]\n")

	known, entries := string(sim.KnownHosts()), ""
	for _, m := range w.all() {
		_, port, _ := strings.Cut(m.link.to, ":")
		known = strings.Replace(known, "]:"+port+" ", "]:"+strconv.Itoa(m.link.port())+" ", 1)
		entries += m.entry()
	}
	key, err := sim.Key()
	require.NoError(t, err)
	w.write("key", string(key))
	w.write("known_hosts", known)
	for _, pack := range packs {
		w.write("packs/"+pack+".yaml", fmt.Sprintf("items: {files: [{path: /etc/%s.conf, content: \"good\\n\"}]}\n", pack))
	}
	w.write("config.yaml", fmt.Sprintf(`check: {concurrency: 64, retries: 0, %s}
ssh: {user: %s, connect_timeout: %s, identity_files: [key], known_hosts_files: [known_hosts], config_file: ""}
alerting: {alertmanagers: [{url: %q}], resend_delay: 1s}
machines:
%s`, timeouts, simfleet.User, connectTimeout, w.alertmanager.URL, entries))
	w.exporter = testexporter.Start(t, filepath.Join(w.dir, "config.yaml"), filepath.Join(w.dir, "data"), "--web.enable-lifecycle")
	w.exporter.Eventually("the first run ends", func() bool { return w.exporter.Metric("drift_last_run_success") == "1" })
	w.check()
	w.drifted()
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o600))
}

func (w *world) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	require.NoError(w.t, err)
	return string(text)
}

func (w *world) all() []*machine { return slices.Concat(w.faulty, w.fine) }

// drifted is how each row finds the machines: one pack is drifted, with an alert, and one is complied with.
func (w *world) drifted() {
	w.t.Helper()
	for _, m := range w.all() {
		m.complies(w.t, "app", false)
		m.complies(w.t, "calm", true)
	}
	require.Empty(w.t, w.check(), "nothing is broken")
}

// turns changes the truth of every machine: what was drifted is repaired, and the other way round.
func (w *world) turns() {
	w.t.Helper()
	for _, m := range w.all() {
		for _, pack := range packs {
			m.complies(w.t, pack, !m.truth[pack])
		}
	}
}

// attempt is what the API says of the last try at a pair.
type attempt struct {
	Verdict string
	Attempt struct{ Status, Run, Reason, Message string }
	Alert   struct {
		State string
		Since time.Time
	}
}

// check has the whole fleet checked and compares all that is said of it with the truth. It returns the attempts that gave no verdict, by machine.
func (w *world) check() map[string]attempt {
	w.t.Helper()
	id := w.exporter.StartRun()
	w.exporter.WaitForRun(id)
	unknown := map[string]attempt{}
	for _, m := range w.all() {
		for _, pack := range packs {
			var got attempt
			w.exporter.Data("/api/v1/machines/"+m.name+"/packs/"+pack, &got)
			where := fmt.Sprintf("%s/%s: %+v", m.name, pack, got)
			require.Equal(w.t, id, got.Attempt.Run, where)
			if got.Attempt.Status == "unknown" {
				require.NotEmpty(w.t, got.Attempt.Message, where)
				unknown[m.name] = got
			} else {
				m.judged[pack] = m.truth[pack]
			}
			require.Equal(w.t, verdictOf(m.judged[pack]), got.Verdict, where)
			key := m.name + "/" + pack
			switch {
			case m.judged[pack]:
				require.NotEqual(w.t, "firing", got.Alert.State, where)
				delete(w.since, key)
			case w.since[key].IsZero():
				w.since[key] = got.Alert.Since
				fallthrough
			default:
				require.Equal(w.t, "firing", got.Alert.State, where)
				require.Equal(w.t, w.since[key], got.Alert.Since, where)
			}
		}
	}
	for _, m := range w.fine {
		require.NotContains(w.t, unknown, m.name, "nothing is wrong with it")
	}
	w.counted(id, len(unknown))
	w.alerted()
	return unknown
}

func verdictOf(complies bool) string {
	if complies {
		return "compliant"
	}
	return "drifted"
}

// counted demands that the run says how many machines it could not check.
func (w *world) counted(id string, failed int) {
	w.t.Helper()
	var run struct{ Total, Checked, Failed int }
	w.exporter.Data("/api/v1/runs/"+id, &run)
	assert.Equal(w.t, len(w.all()), run.Total)
	assert.Equal(w.t, len(w.all())-failed, run.Checked)
	assert.Equal(w.t, failed, run.Failed)
}

// alerted demands that Alertmanager has one alert for each drift that was found, since then, and no other.
func (w *world) alerted() {
	w.t.Helper()
	var got map[string]time.Time
	w.exporter.Eventually("Alertmanager has what is drifted, and nothing else", func() bool {
		got = map[string]time.Time{}
		for _, a := range w.alertmanager.Alerts() {
			key := a.Labels["machine"] + "/" + a.Labels["pack"]
			require.NotContains(w.t, got, key, "two alerts for one pair")
			got[key] = time.Time(*a.StartsAt)
		}
		return len(got) == len(w.since) && !slices.ContainsFunc(w.all(), func(m *machine) bool {
			return slices.ContainsFunc(packs, func(pack string) bool { return !got[m.name+"/"+pack].IsZero() == m.judged[pack] })
		})
	})
	for key, since := range w.since {
		require.WithinDuration(w.t, since, got[key], 0, "an alert keeps the moment at which it began: %s", key)
	}
}

// row breaks the faulty machines, changes the truth behind it, has all checked, mends them, and has all checked again. The last
// verdicts and alerts must stand as long as nothing can be seen, and then follow the truth. It returns how many of the faults left a
// machine without a verdict.
func (w *world) row(name string, reasons []string, breaks func(i int, m *machine)) (unknown int) {
	w.t.Helper()
	w.t.Run(name, func(t *testing.T) {
		outer := w.t
		w.t = t
		defer func() { w.t = outer }()
		for i, m := range w.faulty {
			breaks(i, m)
		}
		w.turns()
		got := w.check()
		for machine, a := range got {
			assert.Contains(t, reasons, a.Attempt.Reason, "%s: %s", machine, a.Attempt.Message)
		}
		unknown = len(got)
		for _, m := range w.faulty {
			m.lie(nil)
			m.link.breaks(linkFault{})
		}
		require.Empty(t, w.check(), "nothing is broken any more")
		w.drifted()
	})
	return unknown
}
