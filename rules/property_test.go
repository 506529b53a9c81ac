package rules_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

// TestRandomStoriesAgreeWithTheModel tells random stories of a pair and compares every step with a model that is
// simple enough to be believed.
func TestRandomStoriesAgreeWithTheModel(t *testing.T) {
	for seed := range uint64(600) {
		m := &model{story: newStory(t), random: rand.New(rand.NewPCG(seed, 0)), ended: map[string]time.Time{}}
		for step := range 60 {
			did := m.step()
			context := fmt.Sprintf("seed %d, step %d: %s", seed, step, did)
			m.check(context)
			m.checkRestore(context)
		}
	}
}

// model is what a reader of the documentation would keep of a pair.
type model struct {
	*story
	random *rand.Rand

	verdict  state.Status // of the time since the pair (last) came into the fleet
	gone     bool         // out of the fleet
	fires    bool
	startsAt time.Time
	labels   string
	// ended holds when each alert ended that Alertmanager has not been told about for long enough.
	ended map[string]time.Time
	// changes is what the history has, and was the record at the last of them.
	changes []state.Change
	was     *state.Record
}

func (m *model) step() string {
	m.now = m.now.Add(time.Duration(1+m.random.IntN(1000)) * time.Duration([]int64{1e6, 1e9, 60e9, 3600e9}[m.random.IntN(4)]))
	switch op := m.random.IntN(14); {
	case op < 4:
		return m.verdictOf(state.Compliant)
	case op < 9:
		return m.verdictOf(state.Drifted)
	case op < 10:
		r := m.unknown(state.ReasonUnreadable)
		r.Mismatches = []state.Mismatch{mode, content, curl}[:m.random.IntN(4)] // seen, and no judgement
		m.judgeNow(r)
		return "unknown"
	case op < 11:
		return m.repeat()
	case op < 13:
		return m.reload()
	default:
		return m.leave()
	}
}

func (m *model) judgeNow(r state.Result) {
	next, ok := m.try(r)
	require.True(m.t, ok)
	m.rec = next
	if m.gone {
		m.gone, m.verdict = false, ""
	}
}

func (m *model) verdictOf(status state.Status) string {
	var mismatches []state.Mismatch
	if status == state.Drifted {
		mismatches = []state.Mismatch{mode, content, curl}[:1+m.random.IntN(3)]
	}
	r := m.result(mismatches...)
	m.judgeNow(r)
	switch {
	case status == state.Compliant && m.fires:
		m.end()
	case status == state.Drifted && m.fires:
		m.labels = m.present()
	case status == state.Drifted && m.verdict == state.Compliant:
		m.fires, m.startsAt, m.labels = true, r.At.UTC().Truncate(time.Millisecond), m.present()
	}
	m.verdict = status
	return string(status)
}

// repeat delivers the last result again, and an older one.
func (m *model) repeat() string {
	if m.rec != nil && !m.gone {
		for _, run := range []string{m.rec.Attempt.Run, state.RunID(epoch)} {
			for _, r := range []state.Result{m.result(mode), m.result(), m.unknown(state.ReasonAuth)} {
				r.Run = run
				_, ok := m.try(r)
				require.False(m.t, ok)
			}
		}
	}
	return "a result that came before"
}

func (m *model) reload() string {
	m.params.Labels = map[string]string{"env": []string{"prod", "test", "dev"}[m.random.IntN(3)]}
	_, ok := m.refresh()
	require.Equal(m.t, m.fires && m.labels != m.present(), ok)
	if m.fires {
		m.labels = m.present()
	}
	return "reload"
}

func (m *model) leave() string {
	why := []state.ResolvedReason{state.ResolvedRemoved, state.ResolvedDisabled}[m.random.IntN(2)]
	if next, ok := rules.Retire(m.rec, why, rules.ValidUntil(m.now, m.now.Add(24*time.Hour), time.Minute), m.now); ok {
		m.rec = next
	}
	if m.fires {
		m.end()
	}
	m.gone = m.rec != nil
	if _, ok := rules.Forget(m.rec, m.now); ok {
		m.rec, m.gone, m.verdict = nil, false, ""
	}
	return "leave"
}

func (m *model) end() { m.fires, m.startsAt, m.labels = false, time.Time{}, "" }

func (m *model) present() string { return fmt.Sprint(m.params.Labels) }

// check compares the record with the model.
func (m *model) check(context string) {
	if m.rec == nil {
		require.False(m.t, m.fires, context)
		m.ended = map[string]time.Time{}
		return
	}
	require.Equal(m.t, m.fires, m.rec.Alert.Firing(), context)
	require.Equal(m.t, m.gone, !m.rec.Retired.IsZero(), context)
	if m.verdict == "" && !m.gone {
		require.Nil(m.t, m.rec.Verdict, context)
	} else if !m.gone {
		require.Equal(m.t, m.verdict, m.rec.Verdict.Status, context)
	}
	if m.fires {
		require.Equal(m.t, m.startsAt, m.rec.Alert.StartsAt, context)
		require.Equal(m.t, m.labels, fmt.Sprint(map[string]string{"env": m.rec.Alert.Labels["env"]}), context)
		require.NotContains(m.t, m.rec.Alert.Annotations, "resolved_reason", context)
		require.Equal(m.t, state.Drifted, m.verdict, context)
	}
	m.checkResolved(context)
}

// checkResolved asserts that each alert ends once: from the step on in which it does not fire any more it is there as
// resolved, at one and the same time, until nobody needs to hear of it or its labels fire again.
func (m *model) checkResolved(context string) {
	require.LessOrEqual(m.t, len(m.rec.Resolving), state.MaxResolving, context)
	present := map[string]time.Time{}
	alerts := m.rec.Resolving
	if m.rec.Alert != nil {
		alerts = append([]state.Alert{*m.rec.Alert}, alerts...)
	}
	sets := map[string]bool{}
	for _, a := range alerts {
		env := a.Labels["env"]
		require.False(m.t, sets[env], "%s: two entries for one label set", context)
		sets[env] = true
		require.Equal(m.t, map[string]string{"alertname": "config_drift", "severity": "warning", "machine": "web1",
			"pack": "base", "env": env, "region": "eu"}, a.Labels, context)
		if a.Firing() {
			present[env+" "+a.StartsAt.String()] = time.Time{}
			continue
		}
		require.False(m.t, a.ResolvedAt.Before(a.StartsAt), context)
		require.NotEmpty(m.t, a.Annotations["resolved_reason"], context)
		present[env+" "+a.StartsAt.String()] = a.ResolvedAt
	}
	for id, at := range m.ended {
		now, still := present[id]
		switch {
		case at.IsZero(): // it fired
			require.True(m.t, still, "%s: the alert %s is gone without an end", context, id)
		case still && !now.IsZero():
			require.Equal(m.t, at, now, "%s: the alert %s has two ends", context, id)
		}
	}
	m.ended = maps.Clone(present)
}

// checkRestore asserts that a record which is lost now comes back with the same verdict and alert.
func (m *model) checkRestore(context string) {
	m.note()
	if m.rec == nil || m.rec.Verdict == nil || m.gone {
		return
	}
	m.params.ValidUntil = rules.ValidUntil(m.now, m.now.Add(24*time.Hour), time.Minute)
	got := rules.Restore(pair, m.changes, m.params, m.now)
	require.Equal(m.t, m.rec.Verdict.Status, got.Verdict.Status, context)
	require.Equal(m.t, m.rec.Verdict.Since, got.Verdict.Since, context)
	require.Equal(m.t, m.rec.Verdict.Mismatches, got.Verdict.Mismatches, context)
	require.Equal(m.t, m.fires, got.Alert.Firing(), context)
	switch want := m.rec.Alert; {
	case m.fires:
		require.Equal(m.t, want.StartsAt, got.Alert.StartsAt, context)
		require.Equal(m.t, want.Labels, got.Alert.Labels, context)
		require.Equal(m.t, want.Annotations["cause"], got.Alert.Annotations["cause"], context)
		require.Equal(m.t, want.Annotations["mismatch_count"], got.Alert.Annotations["mismatch_count"], context)
		require.Equal(m.t, want.Annotations["mismatches"], got.Alert.Annotations["mismatches"], context)
	case want != nil && want.ResolvedAt.Equal(m.changes[0].Verdict.At) && m.now.Before(want.ResolvedAt.Add(24*time.Hour)):
		require.NotNil(m.t, got.Alert, context)
		require.Equal(m.t, want.StartsAt, got.Alert.StartsAt, context)
		require.Equal(m.t, want.ResolvedAt, got.Alert.ResolvedAt, context)
	}
}

// note keeps what the store puts into the history.
func (m *model) note() {
	was, rec := m.was, m.rec
	m.was = rec
	switch {
	case rec == nil:
		m.changes = nil
	case rec.Verdict == nil || was != nil && was.Verdict == rec.Verdict:
	case was == nil || was.Verdict == nil || !was.Retired.IsZero() || was.Verdict.Status != rec.Verdict.Status ||
		!slices.Equal(was.Detail.Mismatches, rec.Detail.Mismatches):
		m.changes = append([]state.Change{{Verdict: *rec.Verdict, Mismatches: rec.Detail.Mismatches}}, m.changes...)
	}
}
