package exporter

import (
	"bytes"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The whole exposition of a fleet that has a pair of every standing, as scraped.
func TestMetricsShowTheStateOfTheFleet(t *testing.T) {
	golden, err := os.Open("testdata/metrics.prom")
	require.NoError(t, err)
	defer golden.Close()
	server := httptest.NewServer(newRig(t, nil).handler)
	defer server.Close()
	require.NoError(t, testutil.ScrapeAndCompare(server.URL+"/metrics", golden, append(stateNames(), "drift_state_connected")...))
}

func TestSeriesFollowTheStateAndTheFleet(t *testing.T) {
	s := fixtureState()
	fleet := fleetOf(box("web1", "base"))
	c := newStateSeries(s, func() *Fleet { return fleet })
	series := func(name ...string) int {
		n, err := testutil.GatherAndCount(c, name...)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, 1, series("drift_compliant"))

	t.Run("a pair that retires has no series", func(t *testing.T) {
		retired := driftedRecord()
		retired.Retired = at(7, 0, 0, 0)
		s.put(retired)
		defer s.put(driftedRecord())
		assert.Zero(t, series("drift_compliant"))
		assert.Zero(t, series("drift_alert_firing"))
		assert.Equal(t, 1, series("drift_machine_info"))
	})
	t.Run("a machine that is disabled has none at all", func(t *testing.T) {
		off := box("web1", "base")
		off.Enabled = false
		fleet = fleetOf(off)
		assert.Zero(t, series())
	})
	t.Run("before a configuration is loaded there are none", func(t *testing.T) {
		fleet = nil
		assert.Zero(t, series())
	})
	t.Run("a pack listed twice is one pair", func(t *testing.T) {
		fleet = fleetOf(box("web1", "base", "base"))
		assert.Equal(t, 1, series("drift_compliant"))
	})
}

func TestAlertFiringOnlyWhileItFires(t *testing.T) {
	for name, tc := range map[string]struct {
		alert *state.Alert
		want  string
	}{
		"never fired": {nil, "0"},
		"firing":      {&state.Alert{StartsAt: at(6, 0, 0, 0)}, "1"},
		"resolved":    {&state.Alert{StartsAt: at(6, 0, 0, 0), ResolvedAt: at(7, 0, 0, 0)}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := newFakeState(), driftedRecord()
			r.Alert = tc.alert
			s.put(r)
			require.NoError(t, testutil.GatherAndCompare(newStateSeries(s, always(fixtureFleet())), strings.NewReader(`
# HELP drift_alert_firing Whether the config_drift alert of the pair is firing.
# TYPE drift_alert_firing gauge
drift_alert_firing{machine="web1",pack="base"} `+tc.want+"\n"), "drift_alert_firing"))
		})
	}
}

// A status that this version does not know is no verdict: never fail open.
func TestCheckSuccessOnlyForVerdicts(t *testing.T) {
	s, r := newFakeState(), driftedRecord()
	r.Attempt.Status = "half-done"
	s.put(r)
	require.NoError(t, testutil.GatherAndCompare(newStateSeries(s, always(fixtureFleet())), strings.NewReader(`
# HELP drift_check_success Whether the last attempt at the pair gave a verdict.
# TYPE drift_check_success gauge
drift_check_success{machine="web1",pack="base"} 0
`), "drift_check_success"))
}

func TestConsecutiveFailuresCountWhatGaveNoVerdictUpToTheLastAttempt(t *testing.T) {
	const c, d, u = state.Compliant, state.Drifted, state.Unknown
	for name, tc := range map[string]struct {
		recent []state.Status
		last   state.Status
		reason state.Reason
		want   string // without the labels of the pair; empty: no series
	}{
		"never failed":                         {[]state.Status{c, d, c}, c, "", ""},
		"failed before, but not the last time": {[]state.Status{u, u, d}, d, "", ""},
		"failed once":                          {[]state.Status{u, c, u}, u, state.ReasonConnect, `reason="connect"} 1`},
		"failed thrice":                        {[]state.Status{d, u, u, u}, u, state.ReasonTimeout, `reason="timeout"} 3`},
		"never judged":                         {[]state.Status{u, u}, u, state.ReasonAuth, `reason="auth"} 2`},
		"checks were not kept":                 {nil, u, state.ReasonAuth, `reason="auth"} 1`},
		"no reason":                            {[]state.Status{u}, u, "", `reason="internal"} 1`},
		"a status of another version":          {[]state.Status{c, "half-done"}, "half-done", "", `reason="internal"} 1`},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := newFakeState(), driftedRecord()
			r.Attempt.Status, r.Attempt.Reason, r.Recent = tc.last, tc.reason, ""
			for _, status := range tc.recent {
				r.Recent = r.Recent.With(state.Check{Status: status})
			}
			s.put(r)
			want := ""
			if tc.want != "" {
				want = "# HELP drift_consecutive_failures " + failuresHelp + "\n# TYPE drift_consecutive_failures gauge\n" +
					`drift_consecutive_failures{machine="web1",pack="base",` + tc.want + "\n"
			}
			require.NoError(t, testutil.GatherAndCompare(newStateSeries(s, always(fixtureFleet())), strings.NewReader(want), failuresName))
		})
	}
}

// A failure that lasts keeps its labels, and a fleet without one has nothing of the kind.
func TestLabelsOfFailuresAreMadeWhenTheReasonChanges(t *testing.T) {
	s, fleet := newFakeState(), fleetOf(box("web1", "base"))
	l := newLayout(fleet)
	labels := func(status state.Status, reason state.Reason) *labelSet {
		r := driftedRecord()
		r.Attempt.Status, r.Attempt.Reason = status, reason
		s.put(r)
		for _, f := range l.families(s) {
			if f.name == failuresName {
				return f.samples[0].labels
			}
		}
		return nil
	}
	assert.Nil(t, labels(state.Drifted, ""))
	assert.Nil(t, l.machines[0].packs[0].failing)
	first := labels(state.Unknown, state.ReasonConnect)
	assert.Same(t, first, labels(state.Unknown, state.ReasonConnect))
	other := labels(state.Unknown, state.ReasonAuth)
	assert.NotSame(t, first, other)
	assert.Same(t, first.pairs[0], other.pairs[0], "the machine's label is shared")
	assert.Nil(t, labels(state.Drifted, ""))
}

// Machines choose some of these strings: none may spoil the scrape of all others.
func TestOddValuesNeverBreakAScrape(t *testing.T) {
	s := newFakeState()
	odd := box("odd1", "base")
	odd.Address = "\xff\xfe"
	odd.Labels = map[string]string{"bad\xff": "\xc3(", "": "empty name", "a.b": "1", "a-b": "2", "a_b_2": "3", "ünï": "4", "line": "1\n2\"\\"}
	plain := box("plain1", "base")
	s.machines["odd1"] = &state.Machine{Name: "odd1", Duration: time.Second, Facts: state.Facts{OS: "\x00" + strings.Repeat("é\xff", 500)}}
	for _, m := range []string{"odd1", "plain1"} {
		r := driftedRecord()
		r.Machine = m
		s.put(r)
	}
	c := newStateSeries(s, always(fleetOf(odd, plain)))
	families, err := prometheus.Gatherers{c}.Gather() // which checks them
	require.NoError(t, err)

	var text bytes.Buffer
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&text, f)
		require.NoError(t, err)
	}
	require.Contains(t, text.String(), `drift_compliant{machine="plain1",pack="base"} 0`)
	require.NoError(t, testutil.GatherAndCompare(c, strings.NewReader(`
# HELP drift_machine_labels The labels that the configuration gives a machine, each as label_<name>. Always 1.
# TYPE drift_machine_labels gauge
drift_machine_labels{label_="empty name",label__n_="4",label_a_b="2",label_a_b_2="1",label_a_b_2_2="3",label_bad_="�(",label_line="1\n2\"\\",machine="odd1"} 1
drift_machine_labels{machine="plain1"} 1
`), "drift_machine_labels"))
	for _, line := range strings.Split(text.String(), "\n") {
		assert.Less(t, len(line), 1000, "bounded")
	}
}

func FuzzMachineLabels(f *testing.F) {
	f.Add("env", "prod", "a.b", "a-b")
	f.Add("\xff", "", "label_", "🙂")
	f.Fuzz(func(t *testing.T, name1, value, name2, os string) {
		m := box("web1", "base")
		m.Labels = map[string]string{name1: value, name2: value, "env": "prod"}
		s := newFakeState()
		s.machines["web1"] = &state.Machine{Name: "web1", Facts: state.Facts{OS: os}}
		_, err := prometheus.Gatherers{newStateSeries(s, always(fleetOf(m)))}.Gather() // which checks them
		require.NoError(t, err)
	})
}

func TestMetricNamesPassPromtool(t *testing.T) {
	r := newRig(t, nil)
	_, text := r.get(t, "/metrics")
	require.Contains(t, text, "drift_machine_labels")
	cmd := exec.Command(promtool(t), "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out))
}

func TestMachineLabelsOfTransportAndAddress(t *testing.T) {
	m := box("web1", "base")
	m.Transport, m.Address = config.TransportLocal, "localhost"
	require.NoError(t, testutil.GatherAndCompare(newStateSeries(newFakeState(), always(fleetOf(m))), strings.NewReader(`
# HELP drift_machine_info A machine that is checked: its address, its transport and the operating system it said it has. Always 1.
# TYPE drift_machine_info gauge
drift_machine_info{address="localhost",machine="web1",os="",transport="local"} 1
`), "drift_machine_info"))
}
