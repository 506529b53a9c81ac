package exporter

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// dataOf reads the data of an answer.
func dataOf[T any](t testing.TB, r *rig, path string) (data T) {
	t.Helper()
	res, body := r.get(t, apiBase+path)
	require.Equal(t, 200, res.StatusCode, body)
	var answer struct{ Data T }
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	return answer.Data
}

func TestFleetCountsWhatTheListsHave(t *testing.T) {
	r := newRig(t, everything)
	fleet := dataOf[fleetData](t, r, "/fleet")
	for _, s := range standings() {
		list := dataOf[machineList](t, r, "/machines?status="+string(s))
		assert.Equal(t, list.Total, *fleet.Machines.of(s), s)
		found := 0
		for _, m := range list.Machines {
			found += len(m.Packs)
		}
		assert.Equal(t, found, *fleet.Pairs.of(s), s)
		assert.NotZero(t, found, s)
	}
	assert.Equal(t, 6, fleet.Machines.Total)
	assert.Equal(t, 6, fleet.Pairs.Total)
	assert.Equal(t, 1, fleet.Machines.WithoutPacks)
}

func TestFleetTellsWhetherTheExporterIsWell(t *testing.T) {
	well := dataOf[fleetData](t, newRig(t, nil), "/fleet")
	assert.True(t, well.Live)
	assert.True(t, well.Configured)
	assert.Nil(t, well.ReloadRefused)
	assert.Nil(t, well.CurrentRun)
	assert.Equal(t, lastRunID, well.LastRun.ID)
	assert.Equal(t, at(6, 0, 0, 0).AddDate(0, 0, 1), *well.NextRun)
	assert.Equal(t, "1.2.3", well.Version)

	ill := dataOf[fleetData](t, newRig(t, func(r *rig, o *Options) {
		r.fleet, r.down, r.fakeState.runs, r.runs.next = nil, true, nil, time.Time{}
		o.ReloadRefused = func() time.Time { return at(9, 0, 0, 0) }
	}), "/fleet")
	assert.Equal(t, fleetData{ReloadRefused: utc(at(9, 0, 0, 0)), Version: "1.2.3"}, ill)
}

// The store has the counts of a run from its start and its end; what is between only the process knows that leads it.
func TestRunsThatAreOnHaveTheCountsOfThisMoment(t *testing.T) {
	const id = "2026-01-29T09:59:00Z"
	stored := state.Run{ID: id, Trigger: state.TriggerAPI, Phase: state.RunRunning, StartedAt: at(9, 59, 0, 0), Total: 4}
	r := newRig(t, func(r *rig, _ *Options) { r.fakeState.runs = append([]state.Run{stored}, r.fakeState.runs...) })
	assert.Equal(t, stored, dataOf[state.Run](t, r, "/runs/"+id), "of another process")
	assert.Equal(t, stored, *dataOf[fleetData](t, r, "/fleet").CurrentRun)

	now := stored
	now.Checked, now.Failed = 2, 1
	r.runs.current = &now
	assert.Equal(t, now, dataOf[state.Run](t, r, "/runs/"+id))
	assert.Equal(t, now, dataOf[runList](t, r, "/runs").Runs[0])
	assert.Equal(t, now, *dataOf[fleetData](t, r, "/fleet").CurrentRun)
	assert.Equal(t, lastRunID, dataOf[state.Run](t, r, "/runs/"+lastRunID).ID, "others are as they are stored")

	ended := now
	ended.Phase, ended.Checked, ended.EndedAt = state.RunDone, 3, at(9, 59, 30, 0)
	r.fakeState.runs[0] = ended
	assert.Equal(t, ended, dataOf[state.Run](t, r, "/runs/"+id), "what is stored of a run that has ended is the last word")
}

func TestLabels(t *testing.T) {
	r := newRig(t, everything)
	assert.Equal(t, labelList{Labels: []string{"env", "team"}, Total: 2}, dataOf[labelList](t, r, "/labels"))
	assert.Equal(t, labelList{Labels: []string{"env"}, Total: 2, NextToken: "env"}, dataOf[labelList](t, r, "/labels?limit=1"))
	assert.Equal(t, labelList{Labels: []string{"team"}, Total: 2}, dataOf[labelList](t, r, "/labels?limit=1&next_token=env"))
	assert.Equal(t, labelList{Labels: []string{"team"}, Total: 2}, dataOf[labelList](t, r, "/labels?next_token=fleet"), "between two")
	assert.Equal(t, labelList{Labels: []string{}, Total: 2}, dataOf[labelList](t, r, "/labels?next_token=zone"))

	env := labelValues{Label: "env", Values: []labelCount{{"prod", 1}, {"test", 1}}, Total: 2}
	assert.Equal(t, env, dataOf[labelValues](t, r, "/label/env/values"))
	assert.Equal(t, labelValues{Label: "none", Values: []labelCount{}}, dataOf[labelValues](t, r, "/label/none/values"))
	r.fleet = nil
	assert.Equal(t, labelList{Labels: []string{}}, dataOf[labelList](t, r, "/labels"))
}
