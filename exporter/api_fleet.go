package exporter

import (
	"context"
	"net/http"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// fleetData is the fleet at one look: how it stands, what runs, and whether the exporter itself is well.
type fleetData struct {
	Machines      machineCounts  `json:"machines"`
	Pairs         standingCounts `json:"pairs"`
	CurrentRun    *state.Run     `json:"current_run"`    // null: none is on
	LastRun       *state.Run     `json:"last_run"`       // null: none has ended
	NextRun       *time.Time     `json:"next_run"`       // null: not known
	Live          bool           `json:"live"`           // the state is complete and connected
	Configured    bool           `json:"configured"`     // a configuration is loaded
	ReloadRefused *time.Time     `json:"reload_refused"` // when; null: the last one was not
	Version       string         `json:"version"`
}

// standingCounts is how many stand in which way. One can be in two of them: see standing.
type standingCounts struct {
	Total     int `json:"total"`
	Drifted   int `json:"drifted"`
	Unknown   int `json:"unknown"`
	Never     int `json:"never"`
	Compliant int `json:"compliant"`
	Disabled  int `json:"disabled"`
}

// machineCounts is how many machines have a pair that stands in which way.
type machineCounts struct {
	standingCounts
	WithoutPacks int `json:"without_packs"` // enabled ones
}

// of is the count of a standing.
func (c *standingCounts) of(s standing) *int {
	switch s {
	case standingDrifted:
		return &c.Drifted
	case standingNever:
		return &c.Never
	case standingCompliant:
		return &c.Compliant
	case standingDisabled:
		return &c.Disabled
	default: // what is not known is never taken for compliant
		return &c.Unknown
	}
}

func (e *Exporter) apiFleet(context.Context, *http.Request) (any, error) {
	b := e.boards.now()
	d := fleetData{
		Machines: b.census().machines, Pairs: b.census().pairs, NextRun: e.nextRun(), Live: e.opts.View.Live(),
		Configured: b.fleet != nil && b.fleet.Config != nil, Version: e.opts.Version,
	}
	if run, ok := e.currentRun(); ok {
		d.CurrentRun = &run
	}
	if run, ok := e.opts.View.LastRun(); ok {
		d.LastRun = &run
	}
	if e.opts.ReloadRefused != nil {
		if at := e.opts.ReloadRefused().UTC(); !at.IsZero() {
			d.ReloadRefused = &at
		}
	}
	return d, nil
}

// nextRun is null while it is not known.
func (e *Exporter) nextRun() *time.Time {
	next := e.opts.Runs.NextRun().UTC()
	if next.IsZero() {
		return nil
	}
	return &next
}
