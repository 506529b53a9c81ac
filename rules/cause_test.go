package rules_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestAnAlertSaysWhatCausedIt(t *testing.T) {
	for name, test := range map[string]struct {
		waivedBefore []state.Mismatch
		change       func(definitions map[string]string)
		now          []state.Mismatch
		want         state.Cause
	}{
		"the machine, if no definition changed": {
			nil, func(map[string]string) {}, []state.Mismatch{mode, content}, state.CauseMachineChanged},
		"the machine, if only another item's definition changed": {
			nil, func(d map[string]string) { d[curl.ID()] = "p2" }, []state.Mismatch{mode}, state.CauseMachineChanged},
		"the pack, if every mismatch's own definition changed": {
			nil, func(d map[string]string) { d[mode.ID()], d[content.ID()] = "m2", "c2" },
			[]state.Mismatch{mode, content}, state.CausePackChanged},
		"the machine, if only some of them changed": {
			nil, func(d map[string]string) { d[mode.ID()] = "m2" },
			[]state.Mismatch{mode, content}, state.CauseMachineChanged},
		"the pack, if the item is new in it": {
			nil, func(d map[string]string) { d["file /etc/new"] = "n1" },
			[]state.Mismatch{{Type: "missing_file", Kind: "file", Item: "/etc/new"}}, state.CausePackChanged},
		"the machine, if the result does not say what the pack demands": {
			nil, func(d map[string]string) { clear(d) }, []state.Mismatch{mode}, state.CauseMachineChanged},
		"the waiver, if every mismatch was waived before": {
			[]state.Mismatch{mode, content}, func(map[string]string) {}, []state.Mismatch{mode}, state.CauseWaiverExpired},
		"the machine, if a waived item now differs in another way": {
			[]state.Mismatch{mode}, func(map[string]string) {},
			[]state.Mismatch{{Type: "wrong_owner", Kind: mode.Kind, Item: mode.Item}}, state.CauseMachineChanged},
		"the machine, if some were not waived": {
			[]state.Mismatch{mode}, func(map[string]string) {},
			[]state.Mismatch{mode, content}, state.CauseMachineChanged},
		"the pack, if what was waived is demanded otherwise now": {
			[]state.Mismatch{mode}, func(d map[string]string) { d[mode.ID()] = "m2" },
			[]state.Mismatch{mode}, state.CausePackChanged},
		"the machine, if pack and waiver only explain it together": {
			[]state.Mismatch{mode}, func(d map[string]string) { d[content.ID()] = "c2" },
			[]state.Mismatch{mode, content}, state.CauseMachineChanged},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.waived = test.waivedBefore
			s.compliant()
			s.waived = nil
			s.offline() // what came before is remembered through attempts in vain
			test.change(s.definitions)
			s.drifted(test.now...)
			assert.Equal(t, string(test.want), s.firing().Annotations["cause"])
			assert.Equal(t, test.want, s.rec.Verdict.Cause)
		})
	}
}

func TestTheMachineIsBlamedIfTheOldDefinitionsAreNotKnown(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.rec.Detail.Definitions = nil
	s.drifted(mode)
	assert.Equal(t, "machine_changed", s.firing().Annotations["cause"])

	s = newStory(t)
	s.compliant()
	s.rec.Detail = nil
	s.drifted(mode)
	assert.Equal(t, "machine_changed", s.firing().Annotations["cause"])
}

func TestTheCauseStandsWhileTheAlertFires(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.definitions[mode.ID()] = "m2"
	s.drifted(mode)
	s.drifted(mode, content)
	assert.Equal(t, "pack_changed", s.firing().Annotations["cause"])
	assert.Equal(t, state.CausePackChanged, s.rec.Verdict.Cause)
}

func TestAnAlertSaysWhyItResolved(t *testing.T) {
	renamed := state.Mismatch{Type: "wrong_owner", Kind: mode.Kind, Item: mode.Item}
	for name, test := range map[string]struct {
		waived []state.Mismatch
		want   state.ResolvedReason
	}{
		"compliant":                               {nil, state.ResolvedCompliant},
		"compliant, if what is waived was fine":   {[]state.Mismatch{curl}, state.ResolvedCompliant},
		"waived":                                  {[]state.Mismatch{mode, content}, state.ResolvedWaived},
		"waived, if the rest was repaired":        {[]state.Mismatch{mode}, state.ResolvedWaived},
		"waived, if it differs in another way":    {[]state.Mismatch{renamed}, state.ResolvedWaived},
		"waived, if others are waived as well":    {[]state.Mismatch{curl, content}, state.ResolvedWaived},
		"compliant, if only a kind has that name": {[]state.Mismatch{{Type: "x", Kind: "y", Item: mode.Item}}, state.ResolvedCompliant},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.compliant()
			s.drifted(mode, content)
			s.waived = test.waived
			s.compliant()
			s.resolved(test.want)
			assert.Equal(t, len(test.waived), s.rec.Verdict.Waived)
		})
	}
}
