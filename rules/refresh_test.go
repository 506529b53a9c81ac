package rules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

func TestLabelsThatChangeWhileFiring(t *testing.T) {
	for name, apply := range map[string]func(t *testing.T, s *story){
		"at a reload":       func(t *testing.T, s *story) { _, ok := s.refresh(); require.True(t, ok) },
		"at the next check": func(t *testing.T, s *story) { s.now = s.now.Add(-4 * time.Second); s.drifted(mode) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.compliant()
			old := *s.drifted(mode).Alert
			s.params.Labels = map[string]string{"env": "test"}
			changedAt := s.now
			apply(t, s)

			alert := s.firing()
			assert.Equal(t, "test", alert.Labels["env"])
			assert.Equal(t, old.StartsAt, alert.StartsAt, "it is the same drift")
			assert.Equal(t, old.Annotations, alert.Annotations)

			require.Len(t, s.rec.Resolving, 1)
			ended := s.rec.Resolving[0]
			assert.Equal(t, old.Labels, ended.Labels)
			assert.Equal(t, old.StartsAt, ended.StartsAt)
			assert.Equal(t, changedAt, ended.ResolvedAt)
			assert.Equal(t, s.params.ValidUntil, ended.ValidUntil)
			assert.Equal(t, "relabeled", ended.Annotations["resolved_reason"])
		})
	}
}

func TestLabelsThatChangeBackFireAgainUnderTheFirstSet(t *testing.T) {
	s := newStory(t)
	s.compliant()
	first := *s.drifted(mode).Alert
	s.params.Labels = map[string]string{"env": "test"}
	s.refresh()
	s.params.Labels = map[string]string{"env": "prod"}
	s.now = s.now.Add(time.Minute)
	s.refresh()
	assert.Equal(t, &first, s.firing())
	require.Len(t, s.rec.Resolving, 1, "only the newest state of a label set is told")
	assert.Equal(t, "test", s.rec.Resolving[0].Labels["env"])
}

func TestNoMoreThanTheNewestLabelSetsAreKept(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	for i := range 7 {
		s.params.Labels = map[string]string{"env": fmt.Sprint(i)}
		s.now = s.now.Add(time.Second)
		s.refresh()
	}
	var envs []string
	for _, alert := range s.rec.Resolving {
		envs = append(envs, alert.Labels["env"])
	}
	assert.Equal(t, []string{"5", "4", "3", "2"}, envs)
	assert.Len(t, envs, state.MaxResolving)
}

func TestRelabellingEndsNothingBeforeItsStart(t *testing.T) {
	s := newStory(t)
	s.compliant()
	startsAt := s.drifted(mode).Alert.StartsAt
	s.now = startsAt.Add(-time.Hour)
	s.params.Labels = nil
	s.refresh()
	assert.Equal(t, startsAt, s.rec.Resolving[0].ResolvedAt)
}

func TestRefreshUpdatesNamesAndLinks(t *testing.T) {
	s := newStory(t)
	s.compliant()
	before := s.drifted(mode)
	s.params.DisplayName, s.params.DiffURL = "Web One", "https://new.example/machines/web1/packs/base"
	s.refresh()
	alert := s.firing()
	assert.Equal(t, map[string]string{
		"summary":        "Configuration drift detected on Web One",
		"description":    "1 item no longer compliant with base",
		"machine_name":   "Web One",
		"mismatch_count": "1",
		"mismatches":     "wrong_permissions /etc/a: 0600 → 0644",
		"diff_url":       "https://new.example/machines/web1/packs/base",
		"cause":          "machine_changed",
	}, alert.Annotations)
	assert.Equal(t, "https://new.example/machines/web1/packs/base", alert.GeneratorURL)
	assert.Equal(t, before.Alert.StartsAt, alert.StartsAt)
	assert.Empty(t, s.rec.Resolving)
	assert.Equal(t, before.Verdict, s.rec.Verdict)
	assert.Equal(t, before.Attempt, s.rec.Attempt)
	assert.Equal(t, before.Detail, s.rec.Detail)
}

func TestRefreshLeavesAlone(t *testing.T) {
	for name, tell := range map[string]func(s *story){
		"a pair without a record":           func(*story) {},
		"a pair without an alert":           func(s *story) { s.compliant(); s.params.Labels = nil },
		"a firing alert that is up to date": func(s *story) { s.compliant(); s.drifted(mode) },
		"a resolved alert":                  func(s *story) { s.compliant(); s.drifted(mode); s.compliant(); s.params.Labels = nil },
		"a retired pair": func(s *story) {
			s.compliant()
			s.drifted(mode)
			s.retire(state.ResolvedDisabled)
			s.params.Labels = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			tell(s)
			next, ok := s.refresh()
			assert.False(t, ok)
			assert.Nil(t, next)
		})
	}
}

func TestAnUnknownResultDoesNotTouchTheLabels(t *testing.T) {
	s := newStory(t)
	s.compliant()
	before := s.drifted(mode)
	s.params.Labels = nil
	s.offline()
	assertStands(t, before, s.rec)
	_, ok := rules.Refresh(s.rec, s.params, s.now)
	assert.True(t, ok)
}
