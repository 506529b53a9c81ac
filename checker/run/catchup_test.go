package run

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// ended is a run as it is stored after its end.
func ended(id string, trigger state.Trigger) state.Run {
	at, _ := state.Run{ID: id}.Instant()
	return state.Run{ID: id, Trigger: trigger, Phase: state.RunDone, StartedAt: at, EndedAt: at.Add(time.Minute)}
}

func TestAtStart(t *testing.T) {
	for _, c := range []struct {
		name    string
		stored  []state.Run
		known   bool // the machines have been checked before
		skip    bool // catch_up: false
		want    []string
		skipped float64
	}{
		{
			name: "the first start ever checks at once",
			want: []string{today + " catch_up"},
		},
		{
			name: "a missed run is made up for", known: true,
			stored: []state.Run{ended("2026-01-28T06:00:00Z", state.TriggerSchedule)},
			want:   []string{"2026-01-28T06:00:00Z schedule", today + " catch_up"},
		},
		{
			name: "several missed runs become one", known: true,
			stored: []state.Run{ended("2026-01-03T06:00:00Z", state.TriggerSchedule)},
			want:   []string{"2026-01-03T06:00:00Z schedule", today + " catch_up"},
		},
		{
			name: "a run that was on time is not repeated", known: true,
			stored: []state.Run{ended(today, state.TriggerSchedule)},
			want:   []string{today + " schedule"},
		},
		{
			name: "nor one that was made up for", known: true,
			stored: []state.Run{ended(today, state.TriggerCatchUp)},
			want:   []string{today + " catch_up"},
		},
		{
			name: "a run that was asked for does not stand in for the scheduled one", known: true,
			stored: []state.Run{ended("2026-01-29T07:00:00Z", state.TriggerAPI)},
			want:   []string{today + " catch_up", "2026-01-29T07:00:00Z api"},
		},
		{
			name: "a planned run of another schedule does, if it is later", known: true,
			stored: []state.Run{ended("2026-01-29T07:00:00Z", state.TriggerSchedule)},
			want:   []string{"2026-01-29T07:00:00Z schedule"},
		},
		{
			name: "a run stored under a wrong clock does not", known: true,
			stored: []state.Run{ended("2036-01-29T06:00:00Z", state.TriggerSchedule)},
			want:   []string{today + " catch_up", "2036-01-29T06:00:00Z schedule"},
		},
		{
			name: "without catch_up a missed run is counted as skipped", skip: true, known: true,
			want: nil, skipped: 1,
		},
		{
			name: "without catch_up new machines are checked all the same", skip: true,
			want: []string{"2026-01-29T12:00:00Z new"}, skipped: 1,
		},
		{
			name:   "new machines are checked at once",
			stored: []state.Run{ended(today, state.TriggerSchedule)},
			want:   []string{today + " schedule", "2026-01-29T12:00:00Z new"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(t, newFleet(t, func(cfg *config.Config) { cfg.Schedule.CatchUp = !c.skip }, machines("a", "b")...))
			for _, r := range c.stored {
				require.NoError(t, g.store.CreateRun(t.Context(), r))
			}
			if c.known {
				g.options = func(o *Options) { o.Unjudged = nil }
			}
			g.start()
			g.round()
			g.eventually("the end of all runs", func() bool {
				_, on := g.store.View().CurrentRun()
				return !on
			})
			assert.Equal(t, c.want, g.runs())
			assert.InDelta(t, c.skipped, testutil.ToFloat64(g.metrics.runs.WithLabelValues(resultSkipped)), 0)
		})
	}
}

func TestCatchUpMakesARunOfNewMachinesUnnecessary(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a", "b")...)).start()
	g.ends(today)
	g.tick()
	assert.Equal(t, []string{today + " catch_up"}, g.runs())
	assert.ElementsMatch(t, []string{"a", "b"}, g.checked())
}

func TestScheduledRuns(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a", "b")...)).start()
	g.ends(today)
	assert.Equal(t, tomorrow, g.runner.NextRun().Format(time.RFC3339))
	g.clock.Advance(18*time.Hour - time.Second)
	assert.Len(t, g.runs(), 1)
	g.clock.Advance(time.Second)
	run := g.ends(tomorrow)
	assert.Equal(t, state.Run{ID: tomorrow, Trigger: state.TriggerSchedule, Phase: state.RunDone, Total: 2, Checked: 2}, run)
	assert.Equal(t, "2026-01-31T06:00:00Z", g.runner.NextRun().Format(time.RFC3339))
	g.clock.Advance(24 * time.Hour)
	g.ends("2026-01-31T06:00:00Z")
	assert.Len(t, g.checked(), 6)
}

func TestClockThatIsSetBackRepeatsNothing(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a")...)).start()
	g.ends(today)
	g.clock.Advance(-7 * time.Hour) // 05:00
	g.tick()
	g.clock.Advance(2 * time.Hour) // 07:00, past 06:00 once more
	g.tick()
	assert.Equal(t, []string{"a"}, g.checked())
}

func TestReloadOfTheSchedule(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a")...)).start()
	g.ends(today)
	at := func(cron, zoneName string) *config.Config {
		c := *g.fleet.Config
		c.Schedule.Cron, c.Schedule.Location = cron, zone(t, zoneName)
		return &c
	}
	reload := func(c *config.Config) error {
		return g.runner.Reload(context.Background(), newFleet(t, func(into *config.Config) { *into = *c }))
	}
	require.NoError(t, reload(at("30 11 * * *", "UTC")), "an instant of the new schedule has passed half an hour ago")
	g.clock.Advance(time.Hour)
	g.tick()
	assert.Equal(t, "2026-01-30T11:30:00Z", g.runner.NextRun().Format(time.RFC3339))

	require.NoError(t, reload(at("30 14 * * *", "Europe/Berlin")))
	assert.Equal(t, "2026-01-29T13:30:00Z", g.runner.NextRun().Format(time.RFC3339))
	require.EqualError(t, reload(at("30 14 31 2 *", "UTC")), `cron "30 14 31 2 *": never happens`)
	assert.Equal(t, "2026-01-29T13:30:00Z", g.runner.NextRun().Format(time.RFC3339), "a bad schedule changes nothing")

	g.clock.Advance(30 * time.Minute) // past 14:30 in Berlin
	g.ends("2026-01-29T13:30:00Z")
	assert.Equal(t, []string{today + " catch_up", "2026-01-29T13:30:00Z schedule"}, g.runs())
}
