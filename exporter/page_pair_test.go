package exporter

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestDiffViewOfADriftedPair(t *testing.T) {
	d := newRig(t, nil).open(t, "/machines/web1/packs/base", 200)
	for _, want := range []string{
		"Web 1 against Base Pack",
		"drifted 3 mismatches , 1 waived in 12 items",
		"Last check 2026-01-29 06:00:03 UTC (3 hours ago) in the run 2026-01-29T06:00:00Z, took 410ms · Waiver ends 2026-03-02 00:00:00 UTC",
		"drifted since 2026-01-29 06:00:03 UTC (3 hours ago) : the machine changed",
		"web1 10.0.0.5 · base What every machine has",
		"alert firing since 2026-01-29 06:00:03 UTC",
		"wrong permissions wanted by packs/base.yaml:9 Expected 06 00 Actual 06 44",
		"curl missing package wanted by packs/base.yaml:21 Expected >= 8.0.0 Actual absent",
		"waived: banner under review",
	} {
		assert.Contains(t, d.text, want)
	}
	t.Run("mismatches are grouped by kind, waived ones apart", func(t *testing.T) {
		var heads []string
		for _, h := range d.tags("h3") {
			heads = append(heads, strings.Join(strings.Fields(h), " "))
		}
		assert.Equal(t, []string{"file 2", "package 1", "file 1"}, heads)
		var items []string
		for _, h := range d.tags("h4") {
			items = append(items, strings.Fields(h)[0])
		}
		assert.Equal(t, []string{"/etc/issue", "/etc/ssh/sshd_config", "curl", "/etc/motd"}, items)
	})
	t.Run("the diff is whole and its lines are told apart", func(t *testing.T) {
		assert.Equal(t, []string{"--- expected", "+++ actual"}, d.all("head"))
		assert.Equal(t, []string{"--- keep out"}, d.all("del"), "a removed line that looks like a head")
		assert.Equal(t, []string{"+<script>alert(1)</script>"}, d.all("add"))
		assert.Equal(t, []string{"@@ -1,2 +1,2 @@"}, d.all("hunk"))
		assert.Equal(t, []string{`\ No newline at end of file`}, d.all("note"))
		assert.Equal(t, driftedRecord().Detail.Mismatches[2].Diff, d.all("diff")[0])
	})
	t.Run("a sensitive item says why it shows no content", func(t *testing.T) {
		require.Len(t, d.all("sensitive"), 1)
		assert.Contains(t, d.all("sensitive")[0], "not everyone on the machine may read it")
	})
}

func TestDiffViewNamesTheItemThatStandsForSeveral(t *testing.T) {
	r := newRig(t, nil)
	record := driftedRecord()
	record.Detail.Mismatches[0].Of = "/etc/<i>*"
	r.put(record)
	d := r.open(t, "/machines/web1/packs/base", 200)
	assert.Contains(t, d.text, "wanted by packs/base.yaml:9 for /etc/<i>*")
}

// Whatever a sensitive mismatch carries, its diff is not shown.
func TestDiffOfASensitiveItemIsNeverShown(t *testing.T) {
	r := newRig(t, nil)
	leaky := driftedRecord()
	leaky.Detail.Waived[0].Diff = "@@ -1 +1 @@\n-hunter2\n+hunter3\n"
	leaky.Detail.Seen = []state.Mismatch{leaky.Detail.Waived[0]}
	leaky.Detail.Seen[0].Item = "/etc/seen"
	r.put(leaky)
	r.history[leaky.Key] = []state.Change{{Verdict: *leaky.Verdict, Mismatches: leaky.Detail.Waived}}
	assert.NotContains(t, r.open(t, "/machines/web1/packs/base", 200).text, "hunter")
	for _, path := range []string{"", "/history"} {
		_, body := r.get(t, "/api/v1/machines/web1/packs/base"+path)
		assert.Contains(t, body, "/etc/motd")
		assert.Equal(t, path == "", strings.Contains(body, "/etc/seen"))
		assert.NotContains(t, body, "hunter")
	}
	assert.NotEmpty(t, leaky.Detail.Waived[0].Diff, "the record is shared, and stays as it is")
}

func TestDiffViewOfAPairWhoseLastAttemptFailed(t *testing.T) {
	d := newRig(t, nil).open(t, "/machines/web1/packs/web", 200)
	assert.Contains(t, d.text, "The last attempt gave no verdict 2026-01-29 06:00:03 UTC (3 hours ago) : unreadable : 1 item could not be observed file /etc/shadow : permission denied · wanted by packs/web.yaml:7 Often only root may read them: that takes become: true. More in the docs")
	assert.Contains(t, d.text, "What follows is the last verdict, which is older: it stands, and so does its alert.")
	assert.Contains(t, d.text, "Last verdict: compliant 0 mismatches in 20 items")
	assert.Contains(t, d.text, "Last check 2026-01-29 06:00:03 UTC (3 hours ago) in the run 2026-01-29T06:00:00Z, took 410ms · verdict of 2026-01-28 06:00:05 UTC (1 day ago)")
	assert.Contains(t, d.text, "No alert")
}

func TestDiffViewOfWhatAnAttemptWithoutAVerdictSaw(t *testing.T) {
	r := newRig(t, nil)
	record := *r.records[state.Key{Machine: "web1", Pack: "web"}]
	record.Detail = &state.Detail{
		Errors: []state.ItemError{{Kind: "file", Item: "/etc/shadow", Error: "permission denied", Source: "packs/web.yaml:3"}},
		Seen: []state.Mismatch{
			{Type: "wrong_permissions", Kind: "file", Item: "/etc/passwd", Expected: "0644", Actual: "0666", Source: "packs/web.yaml:9"},
			{Type: "wrong_content", Kind: "file", Item: "/etc/gshadow", Sensitive: true, Diff: "@@ -1 +1 @@\n-hunter2\n"},
		},
	}
	r.put(&record)
	d := r.open(t, "/machines/web1/packs/web", 200)
	assert.Contains(t, d.text, "permission denied · wanted by packs/web.yaml:3")
	assert.Contains(t, d.text, "It is no verdict, counts nowhere and raises no alert. file 2")
	assert.Contains(t, d.text, "/etc/passwd wrong permissions wanted by packs/web.yaml:9 Expected 06 44 Actual 06 66")
	assert.Contains(t, d.text, "Last verdict: compliant 0 mismatches in 20 items")
	assert.NotContains(t, d.text, "hunter2")
	assert.NotContains(t, d.text, "What now?", "there is no verdict to act upon")
}

// The message of the attempt names the first of the items that are all listed.
func TestDiffViewTellsEachErrorOnce(t *testing.T) {
	r := newRig(t, nil)
	record := *r.records[state.Key{Machine: "web1", Pack: "web"}]
	record.Attempt.Message = "2 of 20 items could not be observed: file /etc/shadow: permission denied"
	record.Detail = &state.Detail{Errors: []state.ItemError{{Kind: "file", Item: "/etc/shadow", Error: "permission denied"}, {Kind: "file", Item: "/x", Error: "gone"}}}
	r.put(&record)
	d := r.open(t, "/machines/web1/packs/web", 200)
	assert.Contains(t, d.text, "unreadable : 2 of 20 items could not be observed file /etc/shadow : permission denied file /x : gone")
	assert.Equal(t, 1, strings.Count(d.text, "permission denied"))
	record.Detail = &state.Detail{}
	r.put(&record)
	assert.Contains(t, r.open(t, "/machines/web1/packs/web", 200).text, "file /etc/shadow: permission denied", "which nothing else says")
}

func TestDiffViewHelpsWhereAnAttemptFailed(t *testing.T) {
	d := newRig(t, nil).open(t, "/machines/db1/packs/base", 200)
	assert.Contains(t, d.text, "no connection to the machine. connect : dial tcp 10.0.0.7:22: connection refused See that it is up")
	assert.Equal(t, []string{"https://github.com/drift-exporter/drift_exporter/blob/main/docs/configuration.md#machines"}, d.links("More in the docs"))
	assert.Contains(t, d.text, "Last check 2026-01-29 06:00:09 UTC (3 hours ago) in the run", "of what was never judged, too")
}

func TestManyDifferencesThatWereOnlySeenAreFolded(t *testing.T) {
	r := newRig(t, nil)
	record := *r.records[state.Key{Machine: "web1", Pack: "web"}]
	record.Detail = &state.Detail{Seen: manyMismatches(6)}
	r.put(&record)
	assert.Contains(t, r.open(t, "/machines/web1/packs/web", 200).text, "raises no alert. 6 differences file 3")
}

func TestResolvedAlertSaysWhy(t *testing.T) {
	for reason, want := range map[string]string{
		"compliant": "the machine complied", "waived": "what differed was waived", "disabled": "drift detection was disabled",
		"removed": "it was taken out of the configuration", "relabeled": "the machine's labels changed", "some_<b>": "some <b>",
	} {
		r := newRig(t, nil)
		record := driftedRecord()
		record.Alert.ResolvedAt, record.Alert.Annotations = at(9, 0, 0, 0), map[string]string{"resolved_reason": reason}
		r.put(record)
		assert.Contains(t, r.open(t, "/machines/web1/packs/base", 200).text, "Alert resolved since 2026-01-29 09:00:00 UTC (1 hour ago) : "+want)
	}
}

func TestDiffViewBoundsTheErrorsItLists(t *testing.T) {
	r := newRig(t, nil)
	record := *r.records[state.Key{Machine: "web1", Pack: "web"}]
	record.Detail = &state.Detail{Errors: make([]state.ItemError, maxErrors+7)}
	r.put(&record)
	assert.Contains(t, r.open(t, "/machines/web1/packs/web", 200).text, "7 more errors are in the JSON")
}

func TestDiffViewExplainsWhatIsMissing(t *testing.T) {
	r := newRig(t, nil)
	for path, want := range map[string]string{
		"/machines/db1/packs/base":   "tried but never judged",
		"/machines/new1/packs/base":  "not been checked against this pack yet. The next run is at 2026-01-30 06:00:00 UTC",
		"/machines/back1/packs/base": "since both were put back into the fleet",
		"/machines/off1/packs/base":  "Drift detection is disabled for this machine",
	} {
		d := r.open(t, path, 200)
		assert.Contains(t, d.text, want, path)
		assert.Empty(t, d.all("verdict"), path)
	}
}

func TestDiffViewOfOtherCausesAndAlerts(t *testing.T) {
	r := newRig(t, nil)
	for name, tc := range map[string]struct {
		change func(*state.Record)
		want   string
	}{
		"pack changed":      {func(r *state.Record) { r.Verdict.Cause = state.CausePackChanged }, ": the pack changed , it demands what it did not before"},
		"waiver expired":    {func(r *state.Record) { r.Verdict.Cause = state.CauseWaiverExpired }, ": a waiver expired"},
		"a first verdict":   {func(r *state.Record) { r.Verdict.Cause, r.Alert = "", nil }, "it had drifted already when it was first checked"},
		"no alert":          {func(r *state.Record) { r.Alert = nil }, "No alert"},
		"resolved":          {func(r *state.Record) { r.Alert.ResolvedAt = at(9, 0, 0, 0) }, "Alert resolved since 2026-01-29 09:00:00 UTC"},
		"too much to store": {func(r *state.Record) { r.Detail.Cut = true }, "There is more than can be stored"},
		"no details":        {func(r *state.Record) { r.Detail = nil }, "no details are stored"},
		"an empty value":    {func(r *state.Record) { r.Detail.Mismatches[0].Actual = "" }, "Expected 0600 Actual (empty)"},
		"out of a history":  {func(r *state.Record) { r.Attempt.Duration = 0 }, "in the run 2026-01-29T06:00:00Z · Waiver ends"},
		"one mismatch":      {func(r *state.Record) { r.Verdict.Mismatches, r.Verdict.Items = 1, 1 }, "1 mismatch , 1 waived in 1 item drifted since"},
	} {
		t.Run(name, func(t *testing.T) {
			record := driftedRecord()
			tc.change(record)
			r.put(record)
			assert.Contains(t, r.open(t, "/machines/web1/packs/base", 200).text, tc.want)
		})
	}
}

// The page that an alert links to must say what it can even while the store cannot be read.
func TestDiffViewSurvivesABrokenStore(t *testing.T) {
	r := newRig(t, nil)
	r.err = errors.New("nats: timeout")
	d := r.open(t, "/machines/web1/packs/base", 200)
	assert.Contains(t, d.text, "The details could not be read: nats: timeout. The counts above are right.")
	assert.Contains(t, d.text, "drifted 3 mismatches")
}

// It also says with its status that it is not all there, while the servers are away, and needs nobody to be whole again.
func TestPagesSayThatTheStateIsAway(t *testing.T) {
	r := newRig(t, nil)
	for name, err := range map[string]error{
		"it says so itself":   fmt.Errorf("detail of web1/base: %w", state.ErrUnreachable),
		"nothing is answered": errDeadline(),
	} {
		t.Run(name, func(t *testing.T) {
			r.err, r.down = err, true
			d := r.open(t, "/machines/web1/packs/base", 503)
			assert.Contains(t, d.text, "The details could not be read: "+away+". The counts above are right.")
			assert.Contains(t, d.text, "drifted 3 mismatches")
			assert.Contains(t, r.open(t, "/machines/web1/packs/base/history", 503).text, "The history could not be read: "+away+".")
			r.err, r.down = nil, false
			r.open(t, "/machines/web1/packs/base", 200)
			r.open(t, "/machines/web1/packs/base/history", 200)
		})
	}
}
