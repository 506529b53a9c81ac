package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

// The cases bear the names of the criteria (AC) and edge cases (E) that they show.
func TestJudge(t *testing.T) {
	for name, tell := range map[string]func(t *testing.T, s *story){
		"AC2 compliant to non-compliant creates a config_drift alert": func(t *testing.T, s *story) {
			s.compliant()
			require.Nil(t, s.rec.Alert)
			s.drifted(mode, content)
			alert := s.firing()
			assert.Equal(t, "config_drift", alert.Labels["alertname"])
			assert.Equal(t, epoch.Add(24*time.Hour+3120*time.Millisecond), alert.StartsAt)
			assert.Equal(t, state.Drifted, s.rec.Verdict.Status)
			assert.Equal(t, 2, s.rec.Verdict.Mismatches)
			assert.Equal(t, alert.StartsAt, s.rec.Verdict.Since)
			assert.Equal(t, state.CauseMachineChanged, s.rec.Verdict.Cause)
		},
		"AC3 the alert names machine, pack, count and link": func(t *testing.T, s *story) {
			s.compliant()
			s.drifted(mode, content)
			alert := s.firing()
			assert.Equal(t, "web1", alert.Labels["machine"])
			assert.Equal(t, "base", alert.Labels["pack"])
			assert.Equal(t, "Web 1", alert.Annotations["machine_name"])
			assert.Equal(t, "2", alert.Annotations["mismatch_count"])
			assert.Equal(t, s.params.DiffURL, alert.Annotations["diff_url"])
			assert.Equal(t, s.params.DiffURL, alert.GeneratorURL)
		},
		"AC4 severity is warning": func(t *testing.T, s *story) {
			s.compliant()
			s.drifted(mode)
			assert.Equal(t, "warning", s.firing().Labels["severity"])
		},
		"AC5 the annotations hold what Slack is to show": func(t *testing.T, s *story) {
			s.compliant()
			s.drifted(mode)
			assert.Equal(t, map[string]string{
				"summary":        "Configuration drift detected on Web 1",
				"description":    "1 item no longer compliant with base",
				"machine_name":   "Web 1",
				"mismatch_count": "1",
				"mismatches":     "wrong_permissions /etc/a: 0600 → 0644",
				"diff_url":       "https://drift.example/machines/web1/packs/base",
				"cause":          "machine_changed",
			}, s.firing().Annotations)
		},
		"AC6 back to compliant resolves the alert at the time of the check": func(t *testing.T, s *story) {
			s.compliant()
			s.drifted(mode)
			startsAt := s.firing().StartsAt
			s.compliant()
			alert := s.resolved(state.ResolvedCompliant)
			assert.Equal(t, startsAt, alert.StartsAt)
			assert.Equal(t, epoch.Add(48*time.Hour+3120*time.Millisecond), alert.ResolvedAt)
			assert.Equal(t, epoch.Add(73*time.Hour), alert.ValidUntil, "the next run and an hour")
			assert.Equal(t, "1", alert.Annotations["mismatch_count"], "Slack says how many there were")
			assert.NotContains(t, alert.Annotations, "mismatches", "nothing differs any more")
			assert.Equal(t, state.Compliant, s.rec.Verdict.Status)
			assert.Equal(t, alert.ResolvedAt, s.rec.Verdict.Since)
			assert.Empty(t, s.rec.Verdict.Cause)
		},
		"AC6 drifting again after a resolve is a new alert with a new start": func(t *testing.T, s *story) {
			s.compliant()
			first := s.drifted(mode).Alert
			ended := s.compliant().Alert
			s.drifted(mode)
			alert := s.firing()
			assert.Equal(t, first.Labels, alert.Labels)
			assert.True(t, alert.StartsAt.After(ended.ResolvedAt))
			assert.Empty(t, s.rec.Resolving, "it takes the place of the resolved one")
		},
		"AC7 a disabled machine's alert is resolved, and enabled again it starts over": func(t *testing.T, s *story) {
			s.compliant()
			s.drifted(mode)
			s.retire(state.ResolvedDisabled)
			ended := *s.resolved(state.ResolvedDisabled)
			assert.Equal(t, s.now, ended.ResolvedAt)
			assert.Equal(t, s.now, s.rec.Retired)
			s.drifted(mode)
			assert.Zero(t, s.rec.Retired)
			assert.Equal(t, &ended, s.rec.Alert, "a first verdict fires nothing, and the resolve is still told")
			assert.Equal(t, s.rec.Verdict.At, s.rec.Verdict.Since)
			assert.Empty(t, s.rec.Verdict.Cause)
			s.compliant()
			s.drifted(mode)
			s.firing()
		},
		"E1 an offline machine keeps verdict and alert": func(t *testing.T, s *story) {
			s.compliant()
			before := s.drifted(mode)
			s.offline()
			assertStands(t, before, s.rec)
			assert.Equal(t, state.Attempt{
				Status: state.Unknown, At: epoch.Add(48*time.Hour + 3120*time.Millisecond), Run: "2026-01-31T06:00:00Z",
				Duration: time.Second, Reason: state.ReasonConnect, Message: "no luck",
			}, s.rec.Attempt)
		},
		"E2 a timeout keeps verdict and alert, and creates neither": func(t *testing.T, s *story) {
			s.judge(s.unknown(state.ReasonTimeout))
			assert.Nil(t, s.rec.Verdict)
			assert.Nil(t, s.rec.Alert)
			before := s.compliant()
			s.judge(s.unknown(state.ReasonTimeout))
			assertStands(t, before, s.rec)
		},
		"E3 a first drifted verdict has no alert, nor has any later one until it was compliant once": func(t *testing.T, s *story) {
			s.drifted(mode)
			assert.Nil(t, s.rec.Alert)
			assert.Equal(t, 1, s.rec.Verdict.Mismatches)
			s.drifted(mode, content)
			assert.Nil(t, s.rec.Alert)
			assert.Equal(t, 2, s.rec.Verdict.Mismatches)
			assert.Equal(t, epoch.Add(3120*time.Millisecond), s.rec.Verdict.Since)
			s.offline()
			s.drifted(curl)
			assert.Nil(t, s.rec.Alert)
			s.compliant()
			s.drifted(mode)
			s.firing()
		},
		"E4 packs of one machine alert and resolve apart": func(t *testing.T, s *story) {
			other := newStory(t)
			s.compliant()
			other.judge(ofPack(other.result(), "web"))
			s.drifted(mode)
			other.judge(ofPack(other.result(content), "web"))
			assert.NotEqual(t, s.firing().Labels, other.firing().Labels)
			s.compliant()
			s.resolved(state.ResolvedCompliant)
			assert.Equal(t, "web", other.firing().Labels["pack"])
		},
		"E5 persisting drift updates the same alert": func(t *testing.T, s *story) {
			s.compliant()
			first := s.drifted(mode)
			s.drifted(mode, content, curl)
			alert := s.firing()
			assert.Equal(t, first.Alert.Labels, alert.Labels)
			assert.Equal(t, first.Alert.StartsAt, alert.StartsAt)
			assert.Equal(t, first.Verdict.Since, s.rec.Verdict.Since)
			assert.Equal(t, "3", alert.Annotations["mismatch_count"])
			assert.Contains(t, alert.Annotations["mismatches"], "missing_package curl")
			assert.Equal(t, state.CauseMachineChanged, s.rec.Verdict.Cause)
			s.drifted(content)
			assert.Equal(t, first.Alert.StartsAt, s.firing().StartsAt, "other mismatches, the same drift")
		},
		"E6 after runs that failed the next one judges as ever": func(t *testing.T, s *story) {
			s.compliant()
			for range 5 {
				s.judge(s.unknown(state.ReasonInternal))
			}
			s.drifted(mode)
			s.firing()
		},
	} {
		t.Run(name, func(t *testing.T) { tell(t, newStory(t)) })
	}
}

func ofPack(r state.Result, pack string) state.Result {
	r.Pack = pack
	return r
}

// assertStands asserts that an attempt changed nothing but the attempt.
func assertStands(t *testing.T, before, after *state.Record) {
	t.Helper()
	assert.Equal(t, before.Verdict, after.Verdict)
	assert.Equal(t, before.Alert, after.Alert)
	assert.Equal(t, before.Resolving, after.Resolving)
	assert.Equal(t, before.Detail.Mismatches, after.Detail.Mismatches)
	assert.Equal(t, before.Detail.Waived, after.Detail.Waived)
	assert.Equal(t, before.Detail.Definitions, after.Detail.Definitions)
}

func TestValidUntilIsTheLaterOfResendsAndTheNextRun(t *testing.T) {
	for name, test := range map[string]struct {
		next  time.Time
		delay time.Duration
		want  time.Time
	}{
		"the next run and an hour":                  {epoch.Add(24 * time.Hour), time.Minute, epoch.Add(25 * time.Hour)},
		"four resends if the next run is long past": {epoch.Add(-2 * time.Hour), time.Minute, epoch.Add(4 * time.Minute)},
		"four resends if they take longer":          {epoch.Add(time.Hour), time.Hour, epoch.Add(4 * time.Hour)},
		"four resends if no next run is known":      {time.Time{}, time.Minute, epoch.Add(4 * time.Minute)},
		"an overdue run still counts for an hour":   {epoch.Add(-time.Minute), time.Minute, epoch.Add(59 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, rules.ValidUntil(epoch, test.next, test.delay))
		})
	}
}

// While replicas differ on the configuration, one with another than that which the alert was made by does not rename it.
func TestFiringAlertKeepsItsNamesWhileTheConfigurationIsTentative(t *testing.T) {
	fired := &state.Alert{
		Labels:       map[string]string{"alertname": rules.AlertName, "severity": rules.Severity, "machine": "m", "pack": "p", "env": "prod"},
		Annotations:  map[string]string{"summary": "old", "machine_name": "old", "diff_url": "http://old", "cause": "machine_changed"},
		GeneratorURL: "http://old",
	}
	key := state.Key{Machine: "m", Pack: "p"}
	prev := &state.Record{Key: key, Verdict: &state.Verdict{Status: state.Drifted}, Alert: fired}
	now := time.Date(2026, 1, 29, 6, 0, 0, 0, time.UTC)
	r := state.Result{
		Key: key, Run: state.RunID(now), At: now, Status: state.Drifted,
		Mismatches: []state.Mismatch{{Type: "wrong_content", Kind: "file", Item: "/etc/motd"}},
	}
	p := rules.AlertParams{DisplayName: "new", Labels: map[string]string{"env": "test"}, DiffURL: "http://new", Tentative: true}
	next, ok := rules.Judge(prev, r, p, now)
	require.True(t, ok)
	assert.Equal(t, fired.Labels, next.Alert.Labels)
	assert.Equal(t, "http://old", next.Alert.GeneratorURL)
	for _, name := range []string{"summary", "machine_name", "diff_url"} {
		assert.Equal(t, fired.Annotations[name], next.Alert.Annotations[name], name)
	}
	assert.Equal(t, "1", next.Alert.Annotations["mismatch_count"], "what the check found is told")
	assert.Empty(t, next.Resolving)

	p.Tentative = false
	next, ok = rules.Judge(prev, r, p, now)
	require.True(t, ok)
	assert.Equal(t, "test", next.Alert.Labels["env"])
	assert.Equal(t, "http://new", next.Alert.GeneratorURL)
	assert.Len(t, next.Resolving, 1)
}
