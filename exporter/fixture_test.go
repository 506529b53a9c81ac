package exporter

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const lastRunID = "2026-01-29T06:00:00Z"

// rig is an Exporter over fakes, as a client sees it.
type rig struct {
	*fakeState
	runs     *fakeRuns
	fleet    *Fleet
	reg      *prometheus.Registry
	handler  http.Handler
	exporter *Exporter
}

// newRig serves the fixture; change may alter the options, and what they point to, first.
func newRig(t testing.TB, change func(*rig, *Options)) *rig {
	t.Helper()
	r := &rig{fakeState: fixtureState(), runs: &fakeRuns{next: at(6, 0, 0, 0).AddDate(0, 0, 1)}, fleet: fixtureFleet(), reg: prometheus.NewRegistry()}
	o := Options{
		View: r, Store: r, Runs: r.runs, Fleet: func() *Fleet { return r.fleet }, Gatherer: r.reg, Registerer: r.reg,
		ExternalURL: &url.URL{Scheme: "https", Host: "drift.example.org"}, Version: "1.2.3",
		Clock: clockwork.NewFakeClockAt(at(10, 0, 0, 0)),
	}
	if change != nil {
		change(r, &o)
	}
	e, err := New(o)
	require.NoError(t, err)
	r.handler, r.exporter = e.Handler(), e
	return r
}

// do sends a request with what a browser or script would send along.
func (r *rig) do(method, target, body string, header ...string) *http.Response {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	return w.Result()
}

func (r *rig) get(t testing.TB, target string) (*http.Response, string) {
	t.Helper()
	res := r.do(http.MethodGet, target, "")
	return res, bodyOf(t, res)
}

func bodyOf(t testing.TB, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

// fixtureFleet has a machine for every way a pair can stand.
func fixtureFleet() *Fleet {
	web1 := box("web1", "base", "web")
	web1.DisplayName, web1.Address = "Web 1", "10.0.0.5"
	web1.Labels = map[string]string{"env": "prod", "team": "shop"}
	off1 := box("off1", "base")
	off1.Enabled = false
	local := box("back1", "base")
	local.Transport = config.TransportLocal
	f := fleetOf(local, box("db1", "base"), box("new1", "base"), box("nopacks1"), off1, web1)
	f.Config.Alerting.Alertmanagers = []config.Alertmanager{{ExternalURL: &url.URL{Scheme: "https", Host: "alerts.example.org", Path: "/am"}}}
	f.Packs = fixturePacks()
	return f
}

// fixtureState is that of fixtureFleet after the run of 06:00.
func fixtureState() *fakeState {
	s := newFakeState()
	compliant := &state.Verdict{Status: state.Compliant, At: at(6, 0, 5, 0).AddDate(0, 0, -1), Since: at(6, 0, 5, 0).AddDate(0, 0, -9), Run: "2026-01-28T06:00:00Z", Items: 20}
	refused := state.Attempt{Status: state.Unknown, At: at(6, 0, 9, 0), Run: lastRunID, Duration: 40 * time.Millisecond, Reason: state.ReasonConnect, Message: "dial tcp 10.0.0.7:22: connection refused"}
	s.put(
		driftedRecord(),
		&state.Record{Key: state.Key{Machine: "web1", Pack: "web"}, Verdict: compliant, Attempt: state.Attempt{
			Status: state.Unknown, At: at(6, 0, 3, 120), Run: lastRunID, Duration: 410 * time.Millisecond,
			Reason: state.ReasonUnreadable, Message: "1 item could not be observed", Errors: 1,
		}, Detail: &state.Detail{
			Errors: []state.ItemError{{Kind: "file", Item: "/etc/shadow", Error: "permission denied", Source: "packs/web.yaml:7"}},
			Seen: []state.Mismatch{{Type: "wrong_owner", Kind: "file", Item: "/etc/nginx/nginx.conf", Expected: "root", Actual: "nobody",
				Source: "packs/web.yaml:9"}},
		}},
		&state.Record{Key: state.Key{Machine: "db1", Pack: "base"}, Attempt: refused, Detail: &state.Detail{}},
		// Not retired yet: the machine was disabled a moment ago.
		&state.Record{Key: state.Key{Machine: "off1", Pack: "base"}, Verdict: compliant, Attempt: state.Attempt{Status: state.Compliant, At: at(6, 0, 1, 0)}},
		// Enabled again, and not checked since.
		&state.Record{Key: state.Key{Machine: "back1", Pack: "base"}, Verdict: compliant, Retired: at(7, 0, 0, 0)},
		// Taken out of the configuration.
		&state.Record{Key: state.Key{Machine: "gone1", Pack: "base"}, Verdict: compliant, Retired: at(7, 0, 0, 0)},
		&state.Record{Key: state.Key{Machine: "web1", Pack: "old"}, Verdict: compliant, Retired: at(7, 0, 0, 0)},
	)
	s.machines["web1"] = &state.Machine{Name: "web1", Run: lastRunID, At: at(6, 0, 3, 120), Duration: 410 * time.Millisecond,
		Failure: &state.Failure{Reason: state.ReasonUnreadable, Message: "1 item could not be observed"},
		Facts:   state.Facts{OS: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)", Arch: "x86_64", PackageManager: "dpkg"}}
	s.machines["db1"] = &state.Machine{Name: "db1", Run: lastRunID, At: at(6, 0, 9, 0), Duration: 40 * time.Millisecond,
		Failure: &state.Failure{Reason: state.ReasonConnect, Message: "dial tcp 10.0.0.7:22: connection refused"}}
	s.history[state.Key{Machine: "web1", Pack: "base"}] = []state.Change{
		{Verdict: *driftedRecord().Verdict, Mismatches: driftedRecord().Detail.Mismatches[:1]},
		{Verdict: state.Verdict{Status: state.Compliant, At: at(6, 0, 2, 0).AddDate(0, 0, -5), Since: at(6, 0, 2, 0).AddDate(0, 0, -5), Run: "2026-01-24T06:00:00Z", Items: 12}},
	}
	s.runs = []state.Run{{ID: lastRunID, Trigger: state.TriggerSchedule, Phase: state.RunDone, StartedAt: at(6, 0, 0, 2), EndedAt: at(6, 0, 10, 0), Total: 2, Failed: 2}}
	return s
}

func driftedRecord() *state.Record {
	found := at(6, 0, 3, 120)
	return &state.Record{
		Key: state.Key{Machine: "web1", Pack: "base"},
		Verdict: &state.Verdict{Status: state.Drifted, At: found, Since: found, Run: lastRunID, Items: 12, Mismatches: 3, Waived: 1,
			Cause: state.CauseMachineChanged, WaiverExpires: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)},
		Attempt: state.Attempt{Status: state.Drifted, At: found, Run: lastRunID, Duration: 410 * time.Millisecond},
		Alert:   &state.Alert{StartsAt: found, Labels: map[string]string{"alertname": "config_drift"}},
		Recent: state.Checks{{At: at(6, 0, 4, 0).AddDate(0, 0, -2), Status: state.Compliant}, {At: at(6, 0, 10, 0).AddDate(0, 0, -1), Status: state.Unknown},
			{At: found, Status: state.Drifted, Mismatches: 3}}.Pack(),
		Detail: &state.Detail{
			Mismatches: []state.Mismatch{
				{Type: "wrong_permissions", Kind: "file", Item: "/etc/ssh/sshd_config", Expected: "0600", Actual: "0644", Source: "packs/base.yaml:9"},
				{Type: "missing_package", Kind: "package", Item: "curl", Expected: ">= 8.0.0", Actual: "absent", Source: "packs/base.yaml:21"},
				{Type: "wrong_content", Kind: "file", Item: "/etc/issue", Expected: "sha256:aa11", Actual: "sha256:bb22", Source: "packs/base.yaml:14",
					Diff: "--- expected\n+++ actual\n@@ -1,2 +1,2 @@\n Authorized use only.\n--- keep out\n+<script>alert(1)</script>\n\\ No newline at end of file\n"},
			},
			Waived: []state.Mismatch{{Type: "wrong_content", Kind: "file", Item: "/etc/motd", Expected: "sha256:cc33", Actual: "sha256:dd44",
				Source: "packs/base.yaml:17", Sensitive: true, Waiver: "banner under review"}},
		},
	}
}
