package testlocal

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var sample = regexp.MustCompile(`(?m)^(drift_compliant|drift_alert_firing)\{machine="([^"]+)",pack="([^"]+)"\} ([01])$`)

// series are the values of a metric by machine.
func (f *Fleet) series(name string) map[string]bool {
	f.t.Helper()
	values := map[string]bool{}
	for _, found := range sample.FindAllStringSubmatch(f.Exporter.Get("/metrics"), -1) {
		if found[1] == name {
			values[found[2]] = found[4] == "1"
		}
	}
	return values
}

// Verdicts is what the metrics say of each machine that was judged: whether it complies.
func (f *Fleet) Verdicts() map[string]bool { f.t.Helper(); return f.series("drift_compliant") }

// Alerts is what Alertmanager takes to be firing: since when, by machine. Two of one machine end the test.
func (f *Fleet) Alerts() map[string]time.Time {
	f.t.Helper()
	since := map[string]time.Time{}
	for _, a := range f.Alertmanager.Alerts() {
		name := a.Labels["machine"]
		require.NotContains(f.t, since, name, "two alerts of one machine")
		since[name] = time.Time(*a.StartsAt)
	}
	return since
}

// RequireTruth compares what metrics, API and Alertmanager say with Complies and Fires, of the machines that the exporter
// has judged. Alertmanager may need a moment.
func (f *Fleet) RequireTruth(when string) {
	f.t.Helper()
	require.Equal(f.t, f.Complies, f.Verdicts(), "%s: verdicts\n%s", when, f.Exporter.Log())
	f.RequireAlerts(when)
	for name, complies := range f.Complies {
		var report struct {
			Verdict string `json:"verdict"`
			Alert   struct {
				State string `json:"state"`
			} `json:"alert"`
		}
		f.Exporter.Data(fmt.Sprintf("/api/v1/machines/%s/packs/p%s", name, name[1:]), &report)
		require.Equal(f.t, map[bool]string{true: "compliant", false: "drifted"}[complies], report.Verdict, "%s: the API of %s", when, name)
		require.Equal(f.t, f.Fires[name], report.Alert.State == "firing", "%s: the API of %s says its alert is %s", when, name, report.Alert.State)
	}
}

// RequireAlerts is RequireTruth for alerts alone.
func (f *Fleet) RequireAlerts(when string) {
	f.t.Helper()
	want := slices.DeleteFunc(slices.Sorted(maps.Keys(f.Fires)), func(name string) bool { return !f.Fires[name] })
	f.Exporter.Eventually(fmt.Sprintf("%s: %v and nothing else fires", when, want), func() bool {
		return slices.Equal(want, slices.Sorted(maps.Keys(f.Alerts())))
	})
}

// RequireNoPanic looks for what a process that crashed, or lost its head, would have written.
func RequireNoPanic(t assert.TestingT, log string) {
	for _, text := range []string{"panic", "goroutine ", "DATA RACE", "fatal error", "SIGSEGV"} {
		assert.NotContains(t, log, text)
	}
}
