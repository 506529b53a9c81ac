package exporter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// folded is each text with its blanks folded.
func folded(texts []string) []string {
	all := []string{}
	for _, text := range texts {
		all = append(all, strings.Join(strings.Fields(text), " "))
	}
	return all
}

// rows is each row of the page's table, without its head.
func (d document) rows() []string {
	all := folded(d.tags("tr"))
	return all[min(1, len(all)):]
}

func TestFleetPage(t *testing.T) {
	r := newRig(t, nil)
	d := r.open(t, "/", 200)

	t.Run("counts what the gauges say", func(t *testing.T) {
		assert.Equal(t, []string{"1 drifted", "2 unknown", "2 never checked", "1 compliant", "1 disabled"}, folded(d.tags("li")))
		assert.Contains(t, d.text, "6 machines, 6 pairs of machine and pack, 1 without packs.")
	})
	t.Run("shows the shares of all pairs, each once, in a bar that can be read out", func(t *testing.T) {
		assert.Equal(t, []string{"Of 6 pairs 1 drifted, 2 unknown, 2 never checked, 1 disabled"}, d.attrs("svg", "aria-label"))
		assert.Equal(t, []string{"166", "333", "333", "166"}, d.attrs("rect", "width"))
		assert.Equal(t, []string{"0", "166", "499", "832"}, d.attrs("rect", "x"))
	})
	t.Run("shows first what needs attention first", func(t *testing.T) {
		assert.Equal(t, []string{
			"Web 1 web1 base drifted alert 3 +1 waived 3 hours ago 3 hours ago ·?×",
			"db1 base unknown connect: dial tcp 10.0.0.7:22: connection refused – – 3 hours ago –",
			"Web 1 web1 web unknown before compliant unreadable: 1 item could not be observed 0 9 days ago 3 hours ago –",
			"back1 base never checked – – – –",
			"new1 base never checked – – – –",
			"off1 base disabled – – – –",
		}, d.rows())
	})
	t.Run("tells of the last and the next run, with the rows that the counts mean", func(t *testing.T) {
		assert.Contains(t, d.text, "Last run 3 hours ago , scheduled, took 10s: 0 of 2 machines checked , 2 could not be fully checked Next run 2026-01-30 06:00:00 UTC (in 20 hours)")
		assert.Equal(t, []string{"/?status=unknown"}, d.links("could not be fully checked"))
		assert.Equal(t, []string{"/?sort=checked"}, d.links("machines checked"))
	})
	t.Run("links to everything", func(t *testing.T) {
		assert.Equal(t, []string{"/metrics"}, d.links("Metrics"))
		assert.Equal(t, []string{"/packs"}, d.links("Packs"))
		assert.Equal(t, []string{"/api/v1/machines"}, d.links("API"))
		assert.Equal(t, []string{"/machines/web1", "/machines/web1"}, d.links("Web 1"))
		assert.Equal(t, []string{"/?status=drifted"}, d.links("drifted"))
	})
}

func TestFleetPageFilters(t *testing.T) {
	r := newRig(t, nil)
	t.Run("by text, status and pack, and keeps the filter in the form and the links", func(t *testing.T) {
		d := r.open(t, "/?q=web&status=unknown&pack=web&sort=machine", 200)
		assert.Len(t, d.rows(), 1)
		assert.Contains(t, d.text, "1 of 6 pairs")
		assert.Equal(t, []string{"/?pack=web&q=web&sort=machine"}, d.links("unknown"), "the active one takes itself off")
		assert.Equal(t, []string{"/?sort=machine"}, d.links("Show all"))
		assert.Contains(t, d.attrs("input", "value"), "web")
		assert.Equal(t, []string{"unknown", "web", "machine"}, folded(d.chosen()))
	})
	t.Run("by labels, each of which can be taken off", func(t *testing.T) {
		d := r.open(t, "/?label=env%3Dprod&label=team%3Dshop&label=", 200)
		assert.Len(t, d.rows(), 2)
		assert.Equal(t, []string{"/?label=team%3Dshop"}, d.links("env=prod"))
		assert.Equal(t, []string{"/?label=env%3Dprod"}, d.links("team=shop"))
		assert.Equal(t, []string{"", "env=prod", "team=shop"}, d.attrs("input", "value"), "the form asks for them, too")
		assert.NotContains(t, d.attrs("select", "name"), "label", "no other is left to choose")
	})
	t.Run("by a further address", func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *Options) { r.fleet.Config.Machines[1].FurtherAddresses = []string{"2001:db8::7"} })
		assert.Len(t, r.open(t, "/?q=DB8::7", 200).rows(), 1)
	})
	t.Run("offers the labels that there are", func(t *testing.T) {
		assert.Subset(t, r.open(t, "/", 200).attrs("option", "value"), []string{"env=prod", "team=shop"})
	})
	t.Run("refuses what cannot be meant", func(t *testing.T) {
		for _, query := range []string{"sort=nonsense", "sort=-", "label=env", "status=x", "q=" + strings.Repeat("x", maxFleetQuery)} {
			assert.Contains(t, r.open(t, "/?"+query, 400).text, "Bad Request")
		}
	})
}

func TestEmptyFleetPagesHelp(t *testing.T) {
	for name, tc := range map[string]struct {
		fleet *Fleet
		path  string
		want  string
	}{
		"nothing matches":          {fixtureFleet(), "/?q=nowhere", "Nothing matches the filter."},
		"no machine has a pack":    {fleetOf(box("bare1")), "/", "No machine has a pack yet"},
		"there are no machines":    {fleetOf(), "/", "No machines are configured."},
		"no configuration is read": {nil, "/", "No machines are configured."},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(r *rig, _ *Options) { r.fleet = tc.fleet })
			assert.Contains(t, r.open(t, tc.path, 200).text, tc.want)
		})
	}
}

func TestOneOfAKindIsWrittenAsOne(t *testing.T) {
	r := newRig(t, func(r *rig, _ *Options) { r.fleet = fleetOf(box("web1", "base")) })
	run := state.Run{ID: lastRunID, Phase: state.RunDone, StartedAt: at(6, 0, 0, 0), EndedAt: at(6, 0, 1, 0), Total: 1, Checked: 1}
	r.fakeState.runs = []state.Run{{ID: "x", Phase: state.RunRunning, StartedAt: at(9, 59, 0, 0), Total: 1}, run}
	d := r.open(t, "/", 200)
	for _, want := range []string{
		"1 machine, 1 pair of machine and pack.", "1–1 of 1 row", "0 of 1 machine done", "1 of 1 machine checked",
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
		assert.Contains(t, d.text, "Last run none has ended yet")
	})
	t.Run("a run that was cut short", func(t *testing.T) {
		r := newRig(t, nil)
		r.fakeState.runs[0].NotTried, r.fakeState.runs[0].Error = 3, "cut short by the next run"
		d := r.open(t, "/", 200)
		assert.Equal(t, []string{"/?sort=-checked"}, d.links("3 not tried"))
		assert.Contains(t, d.text, "cut short by the next run")
	})
	t.Run("the state is not live", func(t *testing.T) {
		r := newRig(t, nil)
		r.down = true
		assert.Contains(t, r.open(t, "/", 200).text, staleState)
	})
	t.Run("a reload shows at once", func(t *testing.T) {
		r := newRig(t, nil)
		r.open(t, "/", 200)
		r.fleet = fleetOf(box("fresh1", "base"))
		assert.Contains(t, r.open(t, "/", 200).text, "fresh1")
	})
	t.Run("a result shows at once", func(t *testing.T) {
		r := newRig(t, nil)
		assert.Len(t, r.open(t, "/?status=never", 200).rows(), 2)
		r.put(&state.Record{Key: state.Key{Machine: "new1", Pack: "base"}, Attempt: state.Attempt{Status: state.Unknown, At: at(9, 0, 0, 0)}})
		assert.Len(t, r.open(t, "/?status=never", 200).rows(), 1)
	})
}

func TestFleetPageOfManyMachinesIsPaged(t *testing.T) {
	s, fleet := bigFleet()
	r := newRig(t, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	d := r.open(t, "/?q=web00&sort=pack", 200) // 1,000 machines, 3,000 pairs, every tenth drifted
	assert.Len(t, d.rows(), rowsPerPage)
	assert.Equal(t, []string{"/?page=2&q=web00&sort=pack"}, d.links("Next"))
	assert.Equal(t, []string{"/?page=30&q=web00&sort=pack"}, d.links("Last »"))
	assert.Empty(t, d.links("Previous"))
	assert.Contains(t, d.text, "3000 of 30000 pairs")
	assert.Contains(t, d.text, "1–100 of 3000 rows, page 1 of 30")

	d = r.open(t, "/?q=web00&page=999", 200)
	assert.Contains(t, d.text, "2901–3000 of 3000 rows, page 30 of 30")
	assert.Empty(t, d.links("Next"))
	assert.Equal(t, []string{"/?page=29&q=web00"}, d.links("Previous"))
	assert.Equal(t, []string{"/?q=web00"}, d.links("First"))
	assert.Contains(t, r.open(t, "/?page=-1", 200).text, "of 30000 rows, page 1 of 300")
	for _, far := range []string{"9223372036854775807", "92233720368547759", "99999999999999999999"} {
		assert.Contains(t, r.open(t, "/?page="+far, 200).text, "of 30000 rows, page 300 of 300")
	}
}

// Rows as long as they can be: every pair drifted and failed, of long names, with strips that change at every check.
func TestPagesOfALargeFleetStaySmall(t *testing.T) {
	long := strings.Repeat("n", 100)
	r := newRig(t, func(r *rig, _ *Options) {
		var machines []config.Machine
		for i := range 1000 {
			m := box(strings.Repeat("m", 60)+string(rune('a'+i%26))+strings.Repeat("z", i/26), "base-"+long)
			m.DisplayName, m.Labels = strings.Repeat("<&\">", 40), map[string]string{long: m.Name, "rack": m.Name[60:]}
			machines = append(machines, m)
			record := driftedRecord()
			record.Key = state.Key{Machine: m.Name, Pack: m.Packs[0]}
			record.Attempt.Status, record.Attempt.Reason, record.Attempt.Message = state.Unknown, state.ReasonProtocol, strings.Repeat("<", 512)
			record.Recent = ""
			for i := range state.MaxRecent {
				record.Recent = record.Recent.With(state.Check{At: at(i%24, 0, 0, 0), Status: []state.Status{state.Drifted, state.Unknown, state.Compliant}[i%3], Mismatches: 100})
			}
			r.put(record)
		}
		r.fleet = fleetOf(sortedMachines(machines)...)
	})
	for _, query := range []string{"", "?q=mmm&status=drifted&sort=since&label=", "?sort=-checked&page=5"} {
		res, body := r.get(t, "/"+query)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, rowsPerPage+1, strings.Count(body, "<tr>"))
		assert.Less(t, len(body), 200<<10, query)
		t.Logf("%q: %d KB", query, len(body)>>10)
	}
}

func FuzzFleetQuery(f *testing.F) {
	f.Add("status=drifted&pack=base&label=env=prod&label=&sort=-since&page=5&q=x")
	f.Add("sort=-&page=-1")
	f.Add("page=9223372036854775807")
	f.Add("q=%zz&label=")
	b := (&boards{view: fixtureState(), fleet: always(fixtureFleet())}).now()
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseFleetQuery(raw)
		if err != nil {
			require.Equal(t, 400, asHTTP(err).status)
			return
		}
		total, found := b.find(q.filter, q.by, q.reverse, 0, rowsPerPage)
		require.Len(t, found, total)
		if q.page > 1 { // of so few rows there is no second page
			_, found = b.find(q.filter, q.by, q.reverse, (q.page-1)*rowsPerPage, rowsPerPage)
			require.Empty(t, found)
		}
		again, err := parseFleetQuery(strings.TrimPrefix((&Exporter{}).address(q, "page"), "/?"))
		if again.asked.Encode() == "" {
			return // nothing was asked, and the address is a bare /
		}
		require.NoError(t, err)
		require.Equal(t, [...]any{q.filter, q.by, q.reverse}, [...]any{again.filter, again.by, again.reverse}, "links ask for the same")
	})
}
