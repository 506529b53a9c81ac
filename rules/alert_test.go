package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestLabelsOfAnAlert(t *testing.T) {
	for name, test := range map[string]struct {
		machine, external, want map[string]string
	}{
		"alertname, severity, machine and pack alone": {nil, nil, map[string]string{}},
		"the machine's labels are added": {
			map[string]string{"env": "prod"}, nil, map[string]string{"env": "prod"}},
		"external labels fill only what is missing": {
			map[string]string{"env": "prod"}, map[string]string{"env": "test", "region": "eu", "pack": "x"},
			map[string]string{"env": "prod", "region": "eu"}},
		"none replaces what identifies the alert": {
			map[string]string{"alertname": "x", "severity": "critical", "machine": "y", "pack": "z"}, nil, map[string]string{}},
		"empty ones are left out": {
			map[string]string{"env": "", "site": ""}, map[string]string{"site": "a", "region": ""}, map[string]string{"site": "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string]string{"alertname": "config_drift", "severity": "warning", "machine": "web1", "pack": "base"}
			for name, value := range test.want {
				want[name] = value
			}
			s := newStory(t)
			s.params.Labels, s.params.ExternalLabels = test.machine, test.external
			s.compliant()
			s.drifted(mode)
			assert.Equal(t, want, s.firing().Labels)
		})
	}
}

func TestDescriptionCountsMismatches(t *testing.T) {
	owner := mode
	owner.Type = "wrong_owner"
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	assert.Equal(t, "1 item no longer compliant with base", s.firing().Annotations["description"])
	s.drifted(mode, owner)
	assert.Equal(t, "2 items no longer compliant with base", s.firing().Annotations["description"])
	assert.Equal(t, "2", s.firing().Annotations["mismatch_count"])
}

func TestAResolveIsNeverBeforeTheStart(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	r := s.result()
	r.At = s.firing().StartsAt.Add(-time.Hour) // the clock was set back in between
	s.judge(r)
	alert := s.resolved(state.ResolvedCompliant)
	assert.Equal(t, alert.StartsAt, alert.ResolvedAt)
}

func TestANewAlertStartsAfterTheEndOfTheLast(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	ended := s.compliant().Alert
	r := s.result(mode)
	r.At = ended.ResolvedAt // as above
	s.judge(r)
	assert.Equal(t, ended.ResolvedAt.Add(time.Millisecond), s.firing().StartsAt)
}

func TestTimesAreMillisecondsInUTC(t *testing.T) {
	s := newStory(t)
	zone := time.FixedZone("CET", 3600)
	s.compliant()
	r := s.result(mode)
	r.At = r.At.Add(456 * time.Microsecond).In(zone)
	s.judge(r)
	want := epoch.Add(24*time.Hour + 3120*time.Millisecond)
	assert.Equal(t, want, s.firing().StartsAt)
	assert.Equal(t, want, s.rec.Verdict.At)
	assert.Equal(t, want, s.rec.Attempt.At)
}

func TestAResolvedAlertIsDroppedOnceNobodyNeedsToHearOfIt(t *testing.T) {
	for name, result := range map[string]func(s *story) state.Result{
		"by a verdict":          func(s *story) state.Result { return s.result() },
		"by an attempt in vain": func(s *story) state.Result { return s.unknown(state.ReasonConnect) },
		"by a drift that replaces it": func(s *story) state.Result {
			s.params.Labels = nil // under other labels, so that the old one would have to be set aside
			return s.result(mode)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.compliant()
			s.drifted(mode)
			s.params.Labels = map[string]string{"env": "test"}
			s.drifted(mode)
			ended := *s.compliant().Alert
			assert.Len(t, s.rec.Resolving, 1)
			s.now = ended.ValidUntil.Add(time.Second)
			s.judge(result(s))
			assert.Empty(t, s.rec.Resolving)
			if s.rec.Alert != nil {
				assert.True(t, s.rec.Alert.Firing())
			}
		})
	}
}

func TestAResolvedAlertUnderOtherLabelsIsStillTold(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	ended := *s.compliant().Alert
	s.params.Labels = map[string]string{"env": "test"}
	s.now = s.now.Add(-23 * time.Hour) // soon after
	s.drifted(mode)
	assert.Equal(t, "test", s.firing().Labels["env"])
	assert.Equal(t, []state.Alert{ended}, s.rec.Resolving)
}
