package exporter

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// machineContent is the page of a machine.
type machineContent struct {
	Machine *config.Machine
	Seen    *state.Machine // nil: never attempted, or disabled
	Rows    []row
	API     string
}

func (e *Exporter) machinePage(w http.ResponseWriter, r *http.Request) {
	m, err := e.findMachine(r)
	if err != nil {
		e.refusePageWith(w, r, err, e.searchFor(r.PathValue("machine")))
		return
	}
	c := &machineContent{Machine: m, API: e.links.Path("/api/v1/machines/" + url.PathEscape(m.Name))}
	if seen, ok := e.opts.View.Machine(m.Name); ok && m.Enabled {
		c.Seen = seen
	}
	for p := range pairs(e.opts.View, m) {
		c.Rows = append(c.Rows, newRow(p))
	}
	e.render(w, r, http.StatusOK, "machine", m.DisplayName, c)
}

// searchFor helps who mistyped a name.
func (e *Exporter) searchFor(name string) pageLink {
	name = shorten(name)
	return pageLink{"Machines with “" + visible(name) + "” in their name, address or labels", e.links.Fleet() + "?q=" + url.QueryEscape(name)}
}

// concerned tells whether the run checks the machine.
func (c *machineContent) concerned(run *state.Run) bool { return checks(run, c.Machine) }

// checks tells whether the run checks the machine: all runs do, but those of some machines only.
func checks(run *state.Run, m *config.Machine) bool {
	return checked(m) && (len(run.Machines) == 0 || slices.Contains(run.Machines, m.Name))
}
