package testtruth

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// pairShown is a pair as the API has it.
type pairShown struct {
	Machine, Pack, Verdict string
	Mismatches             int        `json:"mismatch_count"`
	CheckedAt              *time.Time `json:"checked_at"`
	Attempt                *struct {
		Status, Run, Reason string
	}
	Alert struct {
		State string
		Since *time.Time
	}
}

// Compare compares the truth with all that the exporter and Alertmanager say, once the last run has ended.
func (w *World) Compare() {
	w.t.Helper()
	w.compareState()
	w.compareRuns()
	w.CompareAlerts()
}

// Active are the pairs that are in the fleet, in order.
func (m *Model) Active() []string {
	keys := slices.Sorted(maps.Keys(m.Pairs))
	return slices.DeleteFunc(keys, func(key string) bool { return m.Pairs[key].gone || m.Pairs[key].Run == "" })
}

// compareState compares verdicts, attempts and alerts, and learns when alerts began that are new.
func (w *World) compareState() {
	w.t.Helper()
	var list struct{ Pairs []pairShown }
	w.Data("/api/v1/pairs?limit=1000", &list)
	shown := map[string]pairShown{}
	disabled := w.disabled()
	for _, p := range list.Pairs {
		if disabled[p.Machine] { // it is shown, as disabled
			assert.NotEqual(w.t, "firing", p.Alert.State, "alert of %s/%s, which is disabled", p.Machine, p.Pack)
			continue
		}
		shown[p.Machine+"/"+p.Pack] = p
	}
	keys := w.Model.Active()
	require.Equal(w.t, keys, slices.Sorted(maps.Keys(shown)), "pairs that are in the fleet")
	for _, key := range keys {
		want, got := w.Model.Pairs[key], shown[key]
		require.NotNil(w.t, got.Attempt, "%s was tried", key)
		assert.Equal(w.t, want.Verdict, got.Verdict, "verdict of %s", key)
		assert.Equal(w.t, want.Count, got.Mismatches, "mismatches of %s", key)
		assert.Equal(w.t, want.Attempt, got.Attempt.Status, "attempt of %s: %+v", key, got.Attempt)
		assert.Equal(w.t, want.Run, got.Attempt.Run, "run of the attempt of %s", key)
		if want.Reason == "any" {
			assert.NotContains(w.t, []string{"", "connect"}, got.Attempt.Reason, "reason of %s", key)
		} else {
			assert.Equal(w.t, want.Reason, got.Attempt.Reason, "reason of %s", key)
		}
		w.compareAlert(key, want, got)
	}
	require.False(w.t, w.t.Failed(), "%s", w.Log())
}

func (w *World) disabled() map[string]bool {
	names := map[string]bool{}
	for _, m := range w.Machines {
		names[m.Name] = m.Disabled && !m.Removed
	}
	return names
}

func (w *World) compareAlert(key string, want *Truth, got pairShown) {
	w.t.Helper()
	if !want.Fires() {
		over := []string{"inactive"}
		if len(want.Episodes) > 0 {
			over = append(over, "resolved")
		}
		assert.Contains(w.t, over, got.Alert.State, "alert of %s", key)
		return
	}
	if !assert.Equal(w.t, "firing", got.Alert.State, "alert of %s", key) {
		return
	}
	e := want.episode()
	if e.StartsAt.IsZero() {
		e.StartsAt, e.Told = *got.Alert.Since, *got.Alert.Since
		if n := len(want.Episodes); n > 1 {
			assert.True(w.t, e.StartsAt.After(want.Episodes[n-2].StartsAt), "the alert of %s is a new one", key)
		}
	}
	assert.True(w.t, e.StartsAt.Equal(*got.Alert.Since), "the alert of %s began at %s, and not at %s", key, e.StartsAt, got.Alert.Since)
}

// compareRuns holds that each run took place, once and whole.
func (w *World) compareRuns() {
	w.t.Helper()
	got := w.runs()
	for i := range got {
		got[i].Trigger = "" // the model has none
	}
	want := []runShown{}
	for _, r := range w.Model.kept() {
		want = append(want, runShown{ID: r.ID, Phase: "done", Total: r.Total, Checked: r.Checked, Failed: r.Failed})
	}
	slices.Reverse(want)
	if n := len(got); n == runsKept+1 && n == len(want)+1 {
		got = slices.Delete(got, n-2, n-1) // it died before it deleted the oldest, which the next run does
	}
	require.Equal(w.t, want, got, "%s", w.Log())
}

// runShown is a run as the API has it.
type runShown struct {
	ID, Phase, Error       string
	Trigger                string
	Total, Checked, Failed int
	NotChecked             int `json:"not_checked"`
}

// runs are all that are kept, the newest first.
func (w *World) runs() []runShown {
	w.t.Helper()
	var list struct{ Runs []runShown }
	w.Data("/api/v1/runs?limit=1000", &list)
	return list.Runs
}

// CompareHistory holds that the histories of some pairs, of all for none, have an entry for each change, and no other.
func (w *World) CompareHistory(keys ...string) {
	w.t.Helper()
	if len(keys) == 0 {
		keys = w.Model.Active()
	}
	for _, key := range keys {
		got := w.history(key)
		p := w.Model.Pairs[key]
		want := append([]Change{}, p.Changes[max(0, len(p.Changes)-historyKept):]...)
		if p.returned { // what was before may have been forgotten
			got, want = got[max(0, len(got)-1):], want[max(0, len(want)-1):]
			for i := range got {
				got[i].Run, want[i].Run = "", ""
			}
		}
		require.Equal(w.t, want, got, "history of %s", key)
	}
}

// history is that of a pair as the API has it, oldest first.
func (w *World) history(key string) []Change {
	w.t.Helper()
	machine, pack, _ := strings.Cut(key, "/")
	var list struct {
		Changes []struct {
			Verdict, Run string
			Mismatches   int `json:"mismatch_count"`
		}
	}
	w.Data("/api/v1/machines/"+machine+"/packs/"+pack+"/history?limit=1000", &list)
	all := []Change{}
	for _, c := range list.Changes {
		all = append(all, Change{c.Verdict, c.Mismatches, c.Run})
	}
	slices.Reverse(all)
	return all
}

// lastChangeRun is the run of the newest entry of a pair's history.
func (w *World) lastChangeRun(key string) string {
	w.t.Helper()
	all := w.history(key)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].Run
}

// CompareAlerts waits until Alertmanager takes exactly the alerts to be firing that must, with all that they must say, and has
// told its receiver of exactly the episodes that there were.
func (w *World) CompareAlerts() {
	w.t.Helper()
	why := ""
	if !testprocess.WaitFor(func() bool {
		why = w.alertsDiffer()
		return why == ""
	}) {
		w.t.Fatalf("Alertmanager does not know the truth: %s\n%s", why, w.Log())
	}
}

func (w *World) alertsDiffer() string {
	alerts := map[string]*models.GettableAlert{}
	for _, a := range w.Alertmanager.Alerts() {
		key := a.Labels["machine"] + "/" + a.Labels["pack"]
		if alerts[key] != nil {
			w.t.Fatalf("Alertmanager has two alerts of %s", key)
		}
		alerts[key] = a
	}
	noticed := w.noticed()
	for key, p := range w.Model.Pairs {
		a := alerts[key]
		delete(alerts, key)
		switch {
		case p.Fires() && a == nil:
			return key + " does not fire"
		case !p.Fires() && a != nil:
			return key + " fires"
		case a != nil:
			if why := w.says(key, p, a); why != "" {
				return key + ": " + why
			}
		}
		if ok, why := follows(noticed[key], p.Episodes); !ok {
			return fmt.Sprintf("notifications of %s: %s: %+v", key, why, noticed[key])
		}
	}
	for key := range alerts {
		return key + " fires, and there is no such pair"
	}
	return ""
}

// says compares an alert that fires.
func (w *World) says(key string, p *Truth, a *models.GettableAlert) string {
	name, pack, _ := strings.Cut(key, "/")
	display := name
	for _, m := range w.Machines {
		if m.Name == name {
			display = m.DisplayName
		}
	}
	noun := "items"
	if p.Count == 1 {
		noun = "item"
	}
	url := fmt.Sprintf("%s/machines/%s/packs/%s", w.URL, name, pack)
	want := map[string]string{
		"summary": "Configuration drift detected on " + display, "machine_name": display, "diff_url": url,
		"description":    fmt.Sprintf("%d %s no longer compliant with %s", p.Count, noun, pack),
		"mismatch_count": fmt.Sprint(p.Count), "cause": p.episode().Cause,
	}
	for annotation, text := range want {
		if got := a.Annotations[annotation]; got != text {
			return fmt.Sprintf("%s is %q, not %q", annotation, got, text)
		}
	}
	if got := strings.Count(strings.TrimSpace(a.Annotations["mismatches"]), "\n") + 1; got != p.Count {
		return fmt.Sprintf("it lists %d mismatches, not %d", got, p.Count)
	}
	labels := models.LabelSet{"alertname": "config_drift", "severity": "warning", "machine": name, "pack": pack}
	if !maps.Equal(labels, a.Labels) {
		return fmt.Sprintf("its labels are %v", a.Labels)
	}
	if !time.Time(*a.StartsAt).Equal(p.episode().Told) {
		return fmt.Sprintf("it started at %s, not %s", a.StartsAt, p.episode().Told)
	}
	return ""
}

// latestRun is the id of the newest run.
func (w *World) latestRun() string {
	w.t.Helper()
	var list struct{ Runs []struct{ ID string } }
	w.Data("/api/v1/runs?limit=1", &list)
	require.NotEmpty(w.t, list.Runs)
	return list.Runs[0].ID
}
