package exporter

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// oracleText is what the oracle shows, in the format that a scraper gets.
func oracleText(t testing.TB, reg *prometheus.Registry, format expfmt.Format) string {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	var text bytes.Buffer
	encoder := expfmt.NewEncoder(&text, format)
	for _, f := range families {
		require.NoError(t, encoder.Encode(f))
	}
	return text.String()
}

// After each of many random changes, every scraper gets what a plain collector would give it, byte for byte.
func TestWhatIsKeptEqualsWhatIsMadeAnew(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newChanges(seed)
			r := newRig(t, func(r *rig, o *Options) { o.View, o.Store, o.Fleet = w.state, w.state, w.asFleet })
			reg := prometheus.NewPedanticRegistry()
			require.NoError(t, reg.Register(oracle{w.state, w.asFleet}))
			for step := range 50 {
				change := w.step()
				for _, scraper := range scrapers {
					got := scraped(t, r, "/metrics", scraper.header)
					want := oracleText(t, reg, expfmt.NegotiateAccept(scraper.header, expfmt.DefaultOpenMetricsAcceptedFormats()...))
					require.True(t, strings.HasPrefix(got, want), "step %d, %s: %s\nwant: %.2000q\ngot: %.2000q", step, change, scraper.name, want, got)
					rest := got[len(want):]
					require.NotContains(t, rest, "drift_compliant")
					require.Contains(t, rest, "drift_state_connected")
				}
			}
		})
	}
}

// changes makes random ones to a small fleet and its state.
type changes struct {
	*rand.Rand
	state *fakeState
	fleet *Fleet
	now   time.Time
}

func newChanges(seed uint64) *changes {
	//nolint:gosec // the same changes every time are what is wanted
	return &changes{Rand: rand.New(rand.NewPCG(seed, 1)), state: newFakeState(), now: at(6, 0, 0, 0)}
}

func (c *changes) asFleet() *Fleet { return c.fleet }

func (c *changes) step() string {
	c.now = c.now.Add(time.Duration(c.IntN(5000)) * time.Millisecond)
	kinds := []struct {
		name string
		make func()
	}{
		{"reloaded", c.reload},
		{"checked", func() { c.check(c.name()) }},
		{"all checked", func() {
			for i := range 6 {
				c.check(fmt.Sprintf("m%d", i))
			}
		}},
		{"retired", func() {
			k := state.Key{Machine: c.name(), Pack: c.pack()}
			if old, ok := c.state.Record(k); ok {
				r := *old
				r.Retired = c.now
				c.state.put(&r)
			}
		}},
		{"nothing", func() {}},
	}
	if c.fleet == nil {
		c.reload()
		return "loaded"
	}
	k := kinds[c.IntN(len(kinds))]
	k.make()
	return k.name
}

func (c *changes) name() string { return fmt.Sprintf("m%d", c.IntN(6)) }
func (c *changes) pack() string { return []string{"base", "web", "a.b", "a-b"}[c.IntN(4)] }

// reload changes one machine or takes it out; sometimes it changes nothing.
func (c *changes) reload() {
	var machines []config.Machine
	if c.fleet == nil {
		for i := range 6 {
			machines = append(machines, box(fmt.Sprintf("m%d", i), "base", c.pack()))
		}
	} else {
		machines = slices.Clone(c.fleet.Config.Machines)
	}
	if len(machines) == 0 {
		c.fleet = nil
		return
	}
	m := &machines[c.IntN(len(machines))]
	switch c.IntN(7) {
	case 0:
		m.Enabled = !m.Enabled
	case 1:
		m.Packs = slices.DeleteFunc(slices.Clone(m.Packs), func(p string) bool { return p == "base" })
	case 2:
		m.Packs = append(slices.Clone(m.Packs), c.pack()) // maybe twice
	case 3:
		m.Labels = map[string]string{"env": []string{"prod", "dev"}[c.IntN(2)], "a.b": "1\n\"\\", "a-b": "\xff2"}
	case 4:
		m.Labels = map[string]string{"rack": fmt.Sprint(c.IntN(9))}
	case 5:
		m.Address, m.Transport = fmt.Sprintf("10.0.0.%d", c.IntN(20)), config.TransportLocal
	}
	if c.IntN(12) == 0 {
		machines = slices.Delete(machines, 0, 1)
	}
	c.Shuffle(len(machines), func(i, j int) { machines[i], machines[j] = machines[j], machines[i] })
	c.fleet = fleetOf(machines...)
}

func (c *changes) check(machine string) {
	c.state.putMachine(&state.Machine{Name: machine, At: c.now, Duration: time.Duration(c.IntN(1000)) * time.Millisecond,
		Facts: state.Facts{OS: []string{"", "debian", "alpine", "\xff\x00"}[c.IntN(4)]}})
	for _, pack := range []string{"base", c.pack()} {
		r := &state.Record{Key: state.Key{Machine: machine, Pack: pack}, Attempt: state.Attempt{Status: state.Unknown, At: c.now}}
		if old, ok := c.state.Record(r.Key); ok {
			r.Verdict, r.Alert, r.Recent = old.Verdict, old.Alert, old.Recent
		}
		r.Attempt.Reason = []state.Reason{state.ReasonConnect, state.ReasonConnect, state.ReasonAuth, "", "\xff\n\""}[c.IntN(5)]
		if c.IntN(4) > 1 {
			r.Attempt.Reason = ""
			r.Attempt.Status = []state.Status{state.Compliant, state.Drifted}[c.IntN(2)]
			r.Verdict = &state.Verdict{Status: r.Attempt.Status, At: c.now, Items: c.IntN(20), Mismatches: c.IntN(5), Waived: c.IntN(2)}
			if r.Verdict.Waived > 0 {
				r.Verdict.WaiverExpires = c.now.AddDate(0, 0, c.IntN(9))
			}
			r.Alert = []*state.Alert{nil, {StartsAt: c.now}, {StartsAt: c.now, ResolvedAt: c.now}}[c.IntN(3)]
		}
		if c.IntN(9) > 0 {
			r.Recent = r.Recent.With(state.Check{At: c.now, Status: r.Attempt.Status})
		}
		c.state.put(r)
	}
}
