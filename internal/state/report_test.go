package state

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// berlin is a zone that is not UTC, for times that reports must show in UTC.
var berlin = time.FixedZone("CET", 3600)

func goldenRecord() *Record {
	at := t0.In(berlin).Add(456 * time.Microsecond)
	return &Record{
		Key: Key{"web1", "base"},
		Verdict: &Verdict{
			Status: Drifted, At: at, Since: at.Add(-24 * time.Hour), Run: "2026-01-29T06:00:00Z",
			Items: 12, Mismatches: 1, Cause: CauseMachineChanged, PackDigest: "abc",
		},
		Attempt: Attempt{
			Status: Unknown, At: at.Add(24 * time.Hour), Run: "2026-01-30T06:00:00Z", Duration: 410 * time.Millisecond,
			Reason: ReasonUnreadable, Message: "1 item could not be observed", Errors: 1,
		},
		Alert: &Alert{StartsAt: at},
		Detail: &Detail{
			Mismatches: []Mismatch{{
				Type: "wrong_permissions", Kind: "file", Item: "/etc/ssh/sshd_config",
				Expected: "0600", Actual: "0644", Source: "packs/base.yaml:9",
			}},
			Errors: []ItemError{{Kind: "file", Item: "/etc/shadow", Error: "permission denied", Source: "packs/base.yaml:21"}},
		},
	}
}

func TestRecordReport(t *testing.T) {
	resolved := goldenRecord()
	resolved.Verdict.Status, resolved.Verdict.Cause = Compliant, ""
	resolved.Alert.ResolvedAt = t0.Add(time.Hour)
	resolved.Detail = &Detail{Waived: []Mismatch{{Type: "missing_file", Kind: "file", Item: "/etc/motd", Waiver: "later"}}}

	seen := goldenRecord()
	seen.Detail.Seen = []Mismatch{{
		Type: "missing_file", Kind: "file", Item: "/etc/motd", Expected: "present", Actual: "absent", Source: "packs/base.yaml:17",
	}}
	for name, r := range map[string]*Record{
		"unknown_but_seen":   seen,
		"firing":             goldenRecord(),
		"resolved":           resolved,
		"never_judged":       {Key: Key{"web1", "base"}, Attempt: Attempt{Status: Unknown, At: t0, Reason: ReasonConnect, Message: "refused"}},
		"without_its_detail": {Key: Key{"web1", "base"}, Verdict: goldenRecord().Verdict, Attempt: Attempt{Status: Drifted, At: t0}},
	} {
		t.Run(name, func(t *testing.T) { requireGolden(t, "report_record_"+name, r.Report()) })
	}
}

func TestResultReport(t *testing.T) {
	drift := Result{
		Key: Key{"web1", "base"}, Run: "2026-01-29T06:00:00Z", Status: Drifted, At: t0, Duration: 410 * time.Millisecond,
		Items: 12, Mismatches: goldenRecord().Detail.Mismatches,
	}
	unknown := drift
	unknown.Status = Unknown
	unknown.Errors = goldenRecord().Detail.Errors
	unknown.Failure = &Failure{Reason: ReasonUnreadable, Message: "1 item could not be observed"}
	for name, r := range map[string]Result{
		"drifted":   drift,
		"unknown":   unknown,
		"compliant": {Key: drift.Key, Run: drift.Run, Status: Compliant, At: t0, Items: 12},
	} {
		t.Run(name, func(t *testing.T) { requireGolden(t, "report_result_"+name, r.Report()) })
	}
}

func TestReportDoesNotChangeTheRecord(t *testing.T) {
	r := goldenRecord()
	rep := r.Report()
	assert.Equal(t, goldenRecord(), r)
	assert.Equal(t, time.UTC, rep.Attempt.At.Location())
	assert.Equal(t, berlin, r.Attempt.At.Location())
}

// requireGolden compares v's JSON with testdata/<name>.json, which UPDATE_GOLDEN=1 writes.
func requireGolden(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	var got bytes.Buffer
	require.NoError(t, json.Indent(&got, raw, "", "  "))
	got.WriteByte('\n')
	file := "testdata/" + name + ".json"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}
