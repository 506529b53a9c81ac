package exporter

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// matching is what the board is held against: the machine's pairs that the filter lets through, and whether the
// machine itself is in the list. One without such pairs is only where nothing is asked of pairs.
func (e *Exporter) matching(m *config.Machine, f filter) (found []pair, ok bool) {
	if !f.hasLabels(m) {
		return nil, false
	}
	named := f.names(m)
	for p := range pairs(e.opts.View, m) {
		if (named || f.in(p.pack)) && (f.pack == "" || p.pack == f.pack) && (f.status == "" || p.is(f.status)) {
			found = append(found, p)
		}
	}
	return found, len(found) > 0 || named && !f.ofPairs()
}

// names tells whether the text is found in what names the machine.
func (f filter) names(m *config.Machine) bool {
	if f.in(m.Name) || f.in(m.DisplayName) || f.in(m.Address) || slices.ContainsFunc(m.FurtherAddresses, f.in) {
		return true
	}
	for name, value := range m.Labels {
		if f.in(name + "=" + value) {
			return true
		}
	}
	return false
}

func TestMachinesOfABoardAreThoseThatMatch(t *testing.T) {
	r := newRig(t, everything)
	for _, query := range []string{
		"", "q=web", "q=WEB+1", "q=env%3Dprod", "q=example.org", "q=base", "q=nopacks", "q=nowhere", "pack=base", "pack=none", "status=unknown",
		"status=drifted", "status=never", "status=compliant", "status=disabled", "label=env%3Dprod", "label=env%3Ddev", "q=1&status=unknown&pack=web",
	} {
		f, err := parseFilter(mustURL(t, "/?"+query).Query())
		require.NoError(t, err)
		var want []string
		for i := range r.fleet.Config.Machines {
			if found, ok := r.exporter.matching(&r.fleet.Config.Machines[i], f); ok {
				want = append(want, r.fleet.Config.Machines[i].Name)
				want = append(want, keysOf(found)...)
			}
		}
		var got []string
		for after, more := "", true; more; {
			var page []matched
			_, page, more = r.exporter.boards.now().machinesAfter(f, paging{2, after})
			for _, m := range page {
				got = append(got, m.machine.Name)
				got = append(got, keysOf(m.pairs)...)
				after = m.machine.Name
			}
		}
		assert.Equal(t, want, got, query)
	}
}
