package exporter

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// boardOf is the board of these records, each of a machine of its own in that order, with the pack base.
func boardOf(records ...*state.Record) *board {
	s, fleet := newFakeState(), fleetOf()
	for i, r := range records {
		name := fmt.Sprint("m", i)
		fleet.Config.Machines = append(fleet.Config.Machines, box(name, "base"))
		if r != nil {
			r.Key = state.Key{Machine: name, Pack: "base"}
			s.put(r)
		}
	}
	return (&boards{view: s, fleet: always(fleet)}).now()
}

func record(verdict state.Status, mismatches int, since time.Time, attempt state.Status, checked time.Time) *state.Record {
	r := &state.Record{Attempt: state.Attempt{Status: attempt, At: checked}}
	if verdict != "" {
		r.Verdict = &state.Verdict{Status: verdict, Mismatches: mismatches, Since: since}
	}
	return r
}

func TestOrdersOfTheFleetPage(t *testing.T) {
	day := func(n int) time.Time { return at(6, 0, 0, 0).AddDate(0, 0, n) }
	b := boardOf(
		record(state.Compliant, 0, day(-9), state.Compliant, day(0)), // m0
		nil, // m1
		record(state.Drifted, 2, day(-5), state.Drifted, day(0)),    // m2
		record(state.Drifted, 2, day(-1), state.Unknown, day(0)),    // m3
		record("", 0, time.Time{}, state.Unknown, day(-1)),          // m4
		record(state.Drifted, 7, day(-5), state.Drifted, day(-3)),   // m5
		record(state.Compliant, 0, day(-9), state.Unknown, day(-2)), // m6
	)
	for sort, want := range map[string]string{
		"":            "m3 m2 m5 m4 m6 m1 m0", // new drift before old, then what is unknown, never checked, compliant
		"machine":     "m0 m1 m2 m3 m4 m5 m6",
		"-machine":    "m6 m5 m4 m3 m2 m1 m0",
		"mismatches":  "m5 m2 m3 m0 m6 m1 m4",
		"-mismatches": "m6 m0 m3 m2 m5 m1 m4", // those without a verdict are last all the same
		"since":       "m3 m2 m5 m0 m6 m1 m4",
		"-since":      "m6 m0 m5 m2 m3 m1 m4",
		"checked":     "m0 m2 m3 m4 m6 m5 m1",
		"-checked":    "m1 m5 m6 m4 m3 m2 m0",
		"pack":        "m0 m1 m2 m3 m4 m5 m6",
	} {
		t.Run("sort="+sort, func(t *testing.T) {
			by, reverse, err := parseOrder(sort)
			require.NoError(t, err)
			for range 2 { // a second time as the first
				total, found := b.find(filter{}, by, reverse, 0, 100)
				got := ""
				for _, p := range found {
					got += " " + p.machine.Name
				}
				assert.Equal(t, " "+want, got)
				assert.Equal(t, len(b.pairs), total)
			}
		})
	}
}

// The fleet page and the API find the same, each in its own way.
func TestBoardFindsWhatTheAPIFinds(t *testing.T) {
	r := newRig(t, nil)
	e := &Exporter{opts: Options{View: r, Fleet: always(r.fleet)}}
	b := (&boards{view: r, fleet: always(r.fleet)}).now()
	for _, query := range []string{
		"", "q=web", "q=WEB+1", "q=env%3Dprod", "q=10.0.0", "q=base", "q=nowhere", "pack=base", "status=unknown", "status=drifted", "status=never",
		"status=compliant", "status=disabled", "label=env%3Dprod", "label=env%3Ddev", "q=web&status=unknown&pack=web&label=team%3Dshop", "q=%0A", "q=%00", "q=web1%0Aweb", "q=1", "q=prod",
	} {
		f, err := parseFilter(mustURL(t, "/?"+query).Query())
		require.NoError(t, err)
		var want []pair
		for i := range r.fleet.Config.Machines {
			found, _ := e.matching(&r.fleet.Config.Machines[i], f)
			want = append(want, found...)
		}
		total, found := b.find(f, byMachine, false, 0, 100)
		assert.Len(t, want, total, query)
		assert.ElementsMatch(t, keysOf(want), keysOf(found), query)
	}
}

func keysOf(pairs []pair) (keys []string) {
	for _, p := range pairs {
		keys = append(keys, fmt.Sprint(p.key(), p.record != nil))
	}
	return keys
}

func TestABoardIsMadeOncePerChange(t *testing.T) {
	s, fleet := fixtureState(), fixtureFleet()
	all := &boards{view: s, fleet: func() *Fleet { return fleet }}
	first := all.now()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() { assert.Same(t, first, all.now()) })
	}
	wait.Wait()
	s.put(driftedRecord())
	second := all.now()
	assert.NotSame(t, first, second)
	assert.Same(t, first.roster, second.roster, "what the fleet alone says stays")
	fleet = fixtureFleet()
	assert.NotSame(t, second.roster, all.now().roster)
}

func TestOnlyLabelsThatHelpAreOffered(t *testing.T) {
	var machines = fleetOf().Config.Machines
	for i := range 300 {
		m := box(fmt.Sprintf("m%03d", i), "base")
		m.Labels = map[string]string{"serial": m.Name, "env": []string{"prod", "dev"}[i%2], "odd": "a\u202Eb", "long": fmt.Sprint("x", 100+i, string(make([]byte, 100)))}
		machines = append(machines, m)
	}
	choices := newRoster(fleetOf(machines...)).labels
	assert.Len(t, choices, maxLabelChoices)
	assert.Equal(t, []labelChoice{{"env=dev", 150}, {"env=prod", 150}, {"serial=m000", 1}}, choices[:3])
}

func TestStandingsOfAPairAgree(t *testing.T) {
	s, fleet := fixtureState(), fixtureFleet()
	s.put(&state.Record{Key: state.Key{Machine: "new1", Pack: "base"}, Attempt: state.Attempt{Status: state.Compliant}}) // without a verdict
	for _, p := range (&boards{view: s, fleet: always(fleet)}).now().pairs {
		for i, standing := range standings() {
			assert.Equal(t, p.is(standing), p.stands()&(1<<i) != 0, "%s is %s", p.key(), standing)
		}
	}
}

// A reload in the middle of a request: what is listed and what is counted are of the same fleet all the same.
func TestPacksAndTheirCountsAreOfOneFleet(t *testing.T) {
	fleets := []*Fleet{fleetOf(box("a1", "alpha")), fleetOf(box("b1", "beta"), box("b2", "beta"))}
	fleets[0].Packs, fleets[1].Packs = []PackInfo{packOf("alpha", "", 1)}, []PackInfo{packOf("beta", "", 1)}
	asked := 0
	r := newRig(t, func(_ *rig, o *Options) {
		o.Fleet = func() *Fleet {
			asked++
			return fleets[asked%len(fleets)]
		}
	})
	for i := range 6 {
		asked += i // so that each is the first that some request sees
		var answer struct{ Data packList }
		_, body := r.get(t, apiBase+"/packs")
		require.NoError(t, json.Unmarshal([]byte(body), &answer))
		p := answer.Data.Packs[0]
		assert.Equal(t, map[string]int{"alpha": 1, "beta": 2}[p.Pack], p.Machines)
		row := r.open(t, "/packs", 200).rows()[0]
		assert.Contains(t, []string{"alpha 1 1 1 never checked", "beta 1 2 2 never checked"}, row)
	}
}
