// Package alerting_test has Alertmanagers fail in every way that they do, and holds that the exporter gets through to
// all of them all the same what is so, once, and nothing else. The exporter is the program itself, and so is Alertmanager;
// what fails is a proxy between them.
package alerting_test

import (
	"crypto/tls"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const toInbox = `
route: {receiver: inbox, group_by: [...], group_wait: 10ms, group_interval: 10ms, repeat_interval: 1h}
receivers:
  - name: inbox
    webhook_configs: [{url: %q, send_resolved: true}]
`

// side is one Alertmanager with all that is between it and the exporter, and what it tells.
type side struct {
	*testalertmanager.Server
	proxy *proxy
	inbox *testalertmanager.Inbox
}

// world is an exporter with two Alertmanagers, of which the first is behind TLS and has all the faults.
type world struct {
	t         *testing.T
	dir       string
	machines  []string
	exporter  *testexporter.Exporter
	bad, good *side
	authority *authority
	logs      string // of the processes that were killed

	since   map[string]time.Time // of the drifts that last: when the exporter says that it began
	over    map[string]time.Time // the same of those that are over, the last of each machine
	stories map[string][]string  // of each machine: what its alert did, as it must be told
}

// start has a fleet of that size that complies, each machine with a file and a pack of its own.
func start(t *testing.T, machines int) *world {
	t.Helper()
	return startWith(t, machines, "2s")
}

// startWith is start with another timeout of requests to the Alertmanager that has the faults.
func startWith(t *testing.T, machines int, timeout string) *world {
	t.Helper()
	testalertmanager.Binary(t)
	testexporter.Binary(t)
	w := &world{t: t, dir: t.TempDir(), authority: newAuthority(t), since: map[string]time.Time{}, over: map[string]time.Time{}, stories: map[string][]string{}}
	w.bad, w.good = startSide(t, w.authority.config()), startSide(t, nil)
	var text strings.Builder
	fmt.Fprintf(&text, "check: {retries: 0}\nalerting:\n  resend_delay: 1s\n  alertmanagers:\n")
	fmt.Fprintf(&text, "    - {url: %q, timeout: %s, basic_auth: {username: %s, password: %s}, tls_config: {ca_file: %q}}\n",
		w.bad.proxy.url(), timeout, user, password, w.authority.file)
	fmt.Fprintf(&text, "    - {url: %q, timeout: 30s, basic_auth: {username: %s, password: %s}}\nmachines:\n", w.good.proxy.url(), user, password)
	for i := range machines {
		name := fmt.Sprintf("m%d", i)
		w.machines = append(w.machines, name)
		fmt.Fprintf(&text, "  - {name: %s, transport: local, packs: [%[1]s]}\n", name)
		w.write("packs/"+name+".yaml", fmt.Sprintf("items: {files: [{path: %q, content: \"as it should be\\n\"}]}\n", w.path(name)))
		w.write(name, "as it should be\n")
	}
	w.write("config.yaml", text.String())
	w.exporter = testexporter.Start(t, w.path("config.yaml"), w.path("data"), "--web.enable-lifecycle", "--log.level=debug")
	w.exporter.Eventually("the first run ends", func() bool { return w.exporter.Metric("drift_last_run_success") == "1" })
	return w
}

func startSide(t *testing.T, tlsConfig *tls.Config) *side {
	t.Helper()
	s := &side{inbox: testalertmanager.NewInbox(t)}
	s.Server = testalertmanager.Start(t, fmt.Sprintf(toInbox, s.inbox.URL))
	s.proxy = startProxy(t, s.URL, tlsConfig)
	return s
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, text string) {
	w.t.Helper()
	require.NoError(w.t, os.MkdirAll(filepath.Dir(w.path(name)), 0o755))
	require.NoError(w.t, os.WriteFile(w.path(name), []byte(text), 0o600))
}

// drift changes machines and has the fleet checked.
func (w *world) drift(machines ...string) {
	w.t.Helper()
	for _, m := range machines {
		w.write(m, "as nobody wants it\n")
	}
	w.exporter.CheckNow()
	for _, m := range machines {
		seen := w.shown(m)
		require.Equal(w.t, "firing", seen.Alert.State, m)
		w.since[m] = seen.Alert.Since
		w.stories[m] = append(w.stories[m], "fires since "+stamp(seen.Alert.Since))
	}
}

// repair makes machines as they should be and has the fleet checked.
func (w *world) repair(machines ...string) {
	w.t.Helper()
	for _, m := range machines {
		w.write(m, "as it should be\n")
	}
	w.exporter.CheckNow()
	for _, m := range machines {
		require.Equal(w.t, "resolved", w.shown(m).Alert.State, m)
		w.stories[m] = append(w.stories[m], "ended, since "+stamp(w.since[m]))
		w.over[m] = w.since[m]
		delete(w.since, m)
	}
}

// ended is when a drift began that is over.
func (w *world) ended(machine string) time.Time { return w.over[machine] }

// restart kills the exporter at this moment and starts it again.
func (w *world) restart() {
	w.t.Helper()
	w.exporter.Kill()
	w.logs += w.exporter.Log()
	w.exporter.Launch()
}

func stamp(t time.Time) string { return t.UTC().Format("15:04:05.000") }

// shown is what the exporter's API says of a machine.
type shown struct {
	Verdict string `json:"verdict"`
	Alert   struct {
		State string    `json:"state"`
		Since time.Time `json:"since"`
	} `json:"alert"`
}

func (w *world) shown(machine string) (s shown) {
	w.t.Helper()
	w.exporter.Data("/api/v1/machines/"+machine+"/packs/"+machine, &s)
	return s
}

// truth is what an Alertmanager should have: the machines that drift, and since when.
func (w *world) truth() map[string]string {
	truth := map[string]string{}
	for m, since := range w.since {
		truth[m] = stamp(since)
	}
	return truth
}

// fires is what an Alertmanager has.
func (w *world) fires(s *side) map[string]string {
	w.t.Helper()
	found := map[string]string{}
	for _, a := range s.Alerts() {
		m := a.Labels["machine"]
		require.NotContains(w.t, found, m, "two alerts of one machine")
		require.Equal(w.t, m, a.Labels["pack"])
		found[m] = stamp(time.Time(*a.StartsAt))
	}
	return found
}

// knows waits until an Alertmanager has what is so, and was told so of every machine.
func (w *world) knows(s *side) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%s knows of %v", s.URL, w.truth()), func() bool {
		told := s.told()
		for m, story := range w.stories {
			if n := len(told[m]); n == 0 || told[m][n-1] != story[len(story)-1] {
				return false
			}
		}
		return maps.Equal(w.fires(s), w.truth())
	})
}

// told is what an Alertmanager took of each machine's alert, without repetitions.
func (s *side) told() map[string][]string {
	told := map[string][]string{}
	for _, a := range s.proxy.accepted() {
		m, step := a.labels["machine"], "ended, since "+stamp(a.starts)
		if a.firing() {
			step = "fires since " + stamp(a.starts)
		}
		if n := len(told[m]); n == 0 || told[m][n-1] != step {
			told[m] = append(told[m], step)
		}
	}
	return told
}

// allIsWell waits until both Alertmanagers have what is so, and holds that they and the exporter's own pages tell nothing
// else, nor ever did.
func (w *world) allIsWell() {
	w.t.Helper()
	w.knows(w.bad)
	w.knows(w.good)
	for _, m := range w.machines {
		seen, metric := w.shown(m), w.exporter.Metric(fmt.Sprintf(`drift_alert_firing{machine=%q,pack=%[1]q}`, m))
		page := w.exporter.Get("/machines/" + m + "/packs/" + m)
		if since, drifts := w.since[m]; drifts {
			assert.Equal(w.t, []string{"drifted", "firing", stamp(since), "1"}, []string{seen.Verdict, seen.Alert.State, stamp(seen.Alert.Since), metric}, m)
			assert.Contains(w.t, page, "wrong content", m)
		} else {
			assert.Equal(w.t, []string{"compliant", "0"}, []string{seen.Verdict, metric}, m)
			assert.NotEqual(w.t, "firing", seen.Alert.State, m)
			assert.NotContains(w.t, page, "wrong content", m)
		}
	}
	for _, s := range []*side{w.bad, w.good} {
		w.toldTheStory(s)
		w.nothingWasRevoked(s)
		assert.Equal(w.t, "0", w.count("dropped", s))
	}
	require.Equal(w.t, w.stories, w.good.told(), "the one without faults heard of everything, once")
	w.keepsThePassword()
}

// toldTheStory holds that what an Alertmanager took is what the machines' alerts did, in this order: it may have missed
// something, but nothing was made up, doubled or taken back.
func (w *world) toldTheStory(s *side) {
	w.t.Helper()
	for m, steps := range s.told() {
		rest := w.stories[m]
		for _, step := range steps {
			at := slices.Index(rest, step)
			require.GreaterOrEqual(w.t, at, 0, "%s was told %q of %s, whose story is %q", s.URL, steps, m, w.stories[m])
			rest = rest[at+1:]
		}
	}
}

// nothingWasRevoked holds that a receiver was told of no end that there was not.
func (w *world) nothingWasRevoked(s *side) {
	w.t.Helper()
	for _, n := range notices(w.t, s.inbox) {
		if step := "ended, since " + stamp(n.StartsAt); n.Status == "resolved" {
			require.Contains(w.t, w.stories[n.Labels["machine"]], step, "%s has told %s", s.URL, n.Labels["machine"])
		}
	}
}

// keepsThePassword holds that it is in nothing that anybody can read.
func (w *world) keepsThePassword() {
	w.t.Helper()
	texts := map[string]string{"the log": w.exporter.Log(), "logs before": w.logs}
	for _, path := range []string{"/metrics", "/", "/machines/m0", "/packs", "/api/v1/machines", "/api/v1/runs"} {
		_, texts[path] = w.exporter.TryGet(path)
	}
	for where, text := range texts {
		require.NotContains(w.t, text, password, where)
	}
}

// count is a counter of what was sent to an Alertmanager: sent, errors, dropped.
func (w *world) count(what string, s *side) string {
	w.t.Helper()
	return w.exporter.Metric(fmt.Sprintf("drift_notifications_%s_total{alertmanager=%q}", what, s.proxy.url()))
}

// grows waits until a counter has become larger than it is.
func (w *world) grows(what string, s *side) {
	w.t.Helper()
	before := number(w.t, w.count(what, s))
	w.eventually(what+" grows", func() bool { return number(w.t, w.count(what, s)) > before })
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return n
}

func (w *world) eventually(what string, condition func() bool) {
	w.t.Helper()
	testprocess.Eventually(w.t, what, condition, func() string {
		lines := slices.DeleteFunc(strings.Split(w.exporter.Log(), "\n"), func(line string) bool {
			return strings.Contains(line, "component=state")
		})
		return fmt.Sprintf("stories %v\nbad %v\ngood %v\n%s", w.stories, w.bad.told(), w.good.told(),
			strings.Join(lines[max(0, len(lines)-60):], "\n"))
	})
}
