package exporter

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestFleetPage(t *testing.T) {
	r := newRig(t, nil)
	d := r.open(t, "/", 200)

	t.Run("counts what the gauges say", func(t *testing.T) {
		var counts []string
		for _, li := range d.tags("li") {
			counts = append(counts, strings.Join(strings.Fields(li), " "))
		}
		assert.Equal(t, []string{"1 drifted", "2 unknown", "2 never checked", "1 compliant", "1 disabled"}, counts)
		assert.Contains(t, d.text, "6 machines, 6 pairs")
		assert.Contains(t, d.text, "1 without packs")
	})
	t.Run("shows first what needs attention first", func(t *testing.T) {
		var rows []string
		for _, tr := range d.tags("tr")[1:] {
			rows = append(rows, strings.Join(strings.Fields(tr), " "))
		}
		assert.Equal(t, []string{
			"Web 1 web1 base drifted alert 3 +1 waived 3 hours ago gave the verdict",
			"db1 base unknown – – 3 hours ago: connect: dial tcp 10.0.0.7:22: connection refused",
			"Web 1 web1 web compliant 0 1 day ago 3 hours ago: unreadable: 1 item could not be observed",
			"back1 base never checked – – –",
			"new1 base never checked – – –",
			"off1 base disabled – – –",
		}, rows)
	})
	t.Run("tells of the last and the next run", func(t *testing.T) {
		assert.Contains(t, d.text, "Last run: 3 hours ago , 0 of 2 machines checked, 2 could not be fully checked .")
		assert.Contains(t, d.text, "Next run: 2026-01-30 06:00:00 UTC (in 20 hours)")
	})
	t.Run("links to everything", func(t *testing.T) {
		assert.Equal(t, []string{"/metrics"}, d.links("Metrics"))
		assert.Equal(t, []string{"/packs"}, d.links("Packs"))
		assert.Equal(t, []string{"/api/v1/machines"}, d.links("API"))
		assert.Equal(t, []string{"/machines/web1", "/machines/web1"}, d.links("Web 1"))
		assert.Equal(t, []string{"/?status=drifted"}, d.links("drifted"))
	})
	t.Run("filters, and keeps the filter in the form and the links", func(t *testing.T) {
		d := r.open(t, "/?q=web&status=unknown&pack=web", 200)
		assert.Len(t, d.tags("tr"), 2)
		assert.Equal(t, []string{"/?pack=web&q=web"}, d.links("unknown"), "the active one takes itself off")
		assert.Equal(t, []string{"/"}, d.links("Show all"))
		assert.Contains(t, r.open(t, "/?q=nowhere", 200).text, "Nothing matches the filter.")
	})
}

func TestOneOfAKindIsWrittenAsOne(t *testing.T) {
	r := newRig(t, func(r *rig, _ *Options) { r.fleet = fleetOf(box("web1", "base")) })
	run := state.Run{ID: lastRunID, Phase: state.RunDone, StartedAt: at(6, 0, 0, 0), EndedAt: at(6, 0, 1, 0), Total: 1, Checked: 1}
	r.fakeState.runs = []state.Run{{ID: "x", Phase: state.RunRunning, StartedAt: at(9, 59, 0, 0), Total: 1}, run}
	d := r.open(t, "/", 200)
	for _, want := range []string{
		"1 machine, 1 pair of machine and pack.", "Page 1 of 1, 1 row", "0 of 1 machine done", "1 of 1 machine checked",
	} {
		assert.Contains(t, d.text, want)
	}
	assert.NotContains(t, d.text, "1 rows")
}

func TestFleetPageOfOtherTimes(t *testing.T) {
	t.Run("a run in progress", func(t *testing.T) {
		r := newRig(t, nil)
		r.fakeState.runs = []state.Run{{ID: "x", Phase: state.RunRunning, StartedAt: at(9, 59, 0, 0), Total: 4}}
		d := r.open(t, "/", 200)
		assert.Contains(t, d.text, "A run is in progress since 1 minute ago 0 of 4 machines done")
		assert.Contains(t, d.text, "No run has ended yet.")
	})
	t.Run("the state is not live", func(t *testing.T) {
		r := newRig(t, nil)
		r.down = true
		assert.Contains(t, r.open(t, "/", 200).text, staleState)
	})
	t.Run("no machine has a pack", func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *Options) { r.fleet = nil })
		assert.Contains(t, r.open(t, "/", 200).text, "No machine has a pack yet")
	})
	t.Run("a reload shows at once", func(t *testing.T) {
		r := newRig(t, nil)
		r.fleet = fleetOf(box("fresh1", "base"))
		assert.Contains(t, r.open(t, "/", 200).text, "fresh1")
	})
}

func TestFleetPageOfManyMachinesIsPaged(t *testing.T) {
	s, fleet := bigFleet()
	r := newRig(t, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	d := r.open(t, "/?q=web00", 200) // 1,000 machines, 3,000 pairs, every tenth drifted
	assert.Len(t, d.tags("tr"), 1+rowsPerPage)
	assert.Equal(t, []string{"/?page=2&q=web00"}, d.links("Next"))
	assert.Empty(t, d.links("Previous"))
	assert.Contains(t, d.text, "Page 1 of 30, 3000 rows")

	d = r.open(t, "/?q=web00&page=999", 200)
	assert.Contains(t, d.text, "Page 30 of 30")
	assert.Empty(t, d.links("Next"))
	assert.Equal(t, []string{"/?page=29&q=web00"}, d.links("Previous"))
	assert.Contains(t, r.open(t, "/?page=-1", 200).text, "Page 1 of 300, 30000 rows")
}

func TestMachinePage(t *testing.T) {
	r := newRig(t, nil)
	d := r.open(t, "/machines/web1", 200)
	assert.Equal(t, []string{"Web 1"}, d.tags("h1"))
	for _, want := range []string{"10.0.0.5", "env=prod", "team=shop", "Debian GNU/Linux 12 (bookworm)", "x86_64", "dpkg",
		"The last attempt did not judge every pack: unreadable : 1 item could not be observed", "took 410ms"} {
		assert.Contains(t, d.text, want)
	}
	assert.Len(t, d.tags("tr"), 3)
	assert.Contains(t, r.open(t, "/machines/off1", 200).text, "Drift detection is disabled")
	assert.Contains(t, r.open(t, "/machines/nopacks1", 200).text, "carries no packs")
	assert.Contains(t, r.open(t, "/machines/new1", 200).text, "Last attempt none yet")
	assert.Contains(t, r.open(t, "/machines/db1", 200).text, "connection refused")
}

func TestMissingPagesHelp(t *testing.T) {
	r := newRig(t, nil)
	for path, want := range map[string]string{
		"/machines/web":             "/?q=web",
		"/machines/web9/packs/base": "/?q=web9",
		"/machines/web1/packs/webb": "/machines/web1",
		"/nothing":                  "/",
	} {
		d := r.open(t, path, 404)
		assert.Contains(t, d.links(""), want, path)
		assert.Contains(t, d.links("All machines"), "/")
	}
	assert.Contains(t, r.open(t, "/machines/web1/packs/old", 404).text, "It was taken out of the configuration (seen 2026-01-29 07:00:00 UTC)")
	assert.Contains(t, r.open(t, "/machines/gone1/packs/base", 404).text, "its alert, if there was one, is resolved")
	long := r.open(t, "/machines/"+strings.Repeat("x", 5000), 404)
	assert.Less(t, len(long.text), 2000)
}

func TestPagesOfALargeFleetStaySmall(t *testing.T) {
	s, fleet := bigFleet()
	r := newRig(t, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	_, body := r.get(t, "/")
	assert.Less(t, len(body), 200<<10)
}

func TestRelativeTimes(t *testing.T) {
	now := at(10, 0, 0, 0)
	for d, want := range map[time.Duration]string{
		0:                         "a moment ago",
		-time.Second:              "1 second ago",
		-59 * time.Second:         "59 seconds ago",
		-90 * time.Minute:         "1 hour ago",
		-49 * time.Hour:           "2 days ago",
		20 * time.Hour:            "in 20 hours",
		-1 * 400 * 24 * time.Hour: "400 days ago",
	} {
		assert.Equal(t, want, relative(now.Add(d), now), fmt.Sprint(d))
	}
	require.Equal(t, "2026-01-29 10:00:00 UTC", when(now.In(time.FixedZone("x", 3600))))
}

func TestPagesSayWhatHoldsForAllOfThem(t *testing.T) {
	t.Run("which part of the site it is", func(t *testing.T) {
		r := newRig(t, nil)
		for path, want := range map[string]string{"/": "page", "/machines/web1": "true", "/machines/web1/packs/base": "true"} {
			_, body := r.get(t, path)
			assert.Contains(t, body, `<a href="/" aria-current="`+want+`">Fleet</a>`, path)
		}
	})
	t.Run("that a reload was refused, until one succeeds", func(t *testing.T) {
		refused := at(9, 30, 0, 0)
		r := newRig(t, func(_ *rig, o *Options) { o.ReloadRefused = func() time.Time { return refused } })
		assert.Contains(t, r.open(t, "/machines/web1", 200).text, "last reloaded 30 minutes ago and refused: the one before is still in use")
		refused = time.Time{}
		assert.NotContains(t, r.open(t, "/", 200).text, "refused:")
	})
}

func TestPagesFollowOnlyARunThatMayChangeThem(t *testing.T) {
	for name, tc := range map[string]struct {
		machines []string
		follow   []string
		leave    []string
	}{
		"of all machines": {nil, []string{"/", "/machines/web1", "/machines/web1/packs/base"}, []string{"/machines/off1", "/machines/nopacks1"}},
		"of one machine":  {[]string{"db1"}, []string{"/", "/machines/db1"}, []string{"/machines/web1", "/machines/web1/packs/base"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.runs.current = &state.Run{ID: "x", Phase: state.RunRunning, StartedAt: at(9, 59, 0, 0), Machines: tc.machines, Total: 4, Checked: 2, Failed: 1}
			for _, path := range tc.follow {
				_, body := r.get(t, path+"?q=a%22b")
				assert.Contains(t, body, `<html lang="en" data-poll="2">`, path)
				assert.Contains(t, body, `<progress aria-label="Machines done" value="3" max="4">`, path)
				assert.Contains(t, r.open(t, path, 200).text, "3 of 4 machines done, 1 of them not fully")
				assert.Contains(t, body, `<a class="refresh" href="?q=a%22b">`, path)
			}
			for _, path := range tc.leave {
				_, body := r.get(t, path)
				assert.NotContains(t, body, "data-poll", path)
				assert.NotContains(t, body, "<progress", path)
			}
		})
	}
	t.Run("no run", func(t *testing.T) {
		_, body := newRig(t, nil).get(t, "/")
		assert.NotContains(t, body, "data-poll")
	})
}
