package exporter

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// machineList is a page of machines, ordered by name.
type machineList struct {
	Machines []machineData `json:"machines"`
	Total    int           `json:"total"` // that the filters let through, on all pages together
	// NextToken asks for the following page; missing on the last one.
	NextToken string `json:"next_token,omitempty"`
}

// machineData is a machine with a summary of its pairs.
type machineData struct {
	Machine     string            `json:"machine"`
	DisplayName string            `json:"display_name"`
	Address     string            `json:"address"`
	Addresses   []string          `json:"addresses,omitempty"` // where there are several: all of them
	Transport   config.Transport  `json:"transport"`
	Site        string            `json:"site,omitempty"`
	Enabled     bool              `json:"drift_detection_enabled"`
	Labels      map[string]string `json:"labels"`
	Facts       *state.Facts      `json:"facts"`   // null: never reached
	Attempt     *machineAttempt   `json:"attempt"` // null: never attempted
	Packs       []pairSummary     `json:"packs"`
	Waivers     []waiverData      `json:"waivers,omitzero"` // not in lists
	URL         string            `json:"url"`
}

// waiverData is a waiver of the configuration, in effect or not.
type waiverData struct {
	Pack    string     `json:"pack"`
	Kind    string     `json:"kind"`
	Item    string     `json:"item"`
	Reason  string     `json:"reason"`
	Expires *time.Time `json:"expires"` // the instant; null: never
}

// machineAttempt is the last try at a machine as a whole.
type machineAttempt struct {
	At              time.Time    `json:"at"`
	Run             string       `json:"run"`
	DurationSeconds float64      `json:"duration_seconds"`
	Reason          state.Reason `json:"reason"` // empty: every pack was judged
	Message         string       `json:"message"`
}

// pairSummary is a state.Report with counts in place of lists.
type pairSummary struct {
	Pack          string               `json:"pack"`
	Verdict       state.Status         `json:"verdict"`
	CheckedAt     *time.Time           `json:"checked_at"`
	Since         *time.Time           `json:"since,omitempty"`
	Items         int                  `json:"items"`
	MismatchCount int                  `json:"mismatch_count"`
	WaivedCount   int                  `json:"waived_count"`
	Cause         state.Cause          `json:"cause,omitempty"`
	Attempt       *state.AttemptReport `json:"attempt"` // null: never attempted
	Alert         state.AlertReport    `json:"alert"`
	Recent        []recentCheck        `json:"recent,omitzero"` // not in lists
	URL           string               `json:"url"`
}

func (e *Exporter) apiMachines(_ context.Context, r *http.Request) (any, error) {
	f, err := parseFilter(r.Form)
	if err != nil {
		return nil, err
	}
	page, err := parsePaging(r.Form)
	if err != nil {
		return nil, err
	}
	total, found, more := e.boards.now().machinesAfter(f, page)
	list := machineList{Machines: make([]machineData, 0, len(found)), Total: total}
	for _, m := range found {
		list.Machines = append(list.Machines, e.machineData(m.machine, m.pairs))
	}
	if more {
		list.NextToken = found[len(found)-1].machine.Name
	}
	return list, nil
}

func (e *Exporter) apiMachine(_ context.Context, r *http.Request) (any, error) {
	m, err := e.findMachine(r)
	if err != nil {
		return nil, err
	}
	found := slices.Collect(pairs(e.opts.View, m))
	d := e.machineData(m, found)
	for i, p := range found {
		d.Packs[i].Recent = recentOf(p.record)
	}
	d.Waivers = []waiverData{}
	for _, w := range m.Waivers {
		shown := waiverData{Pack: w.Pack, Kind: w.Kind, Item: w.Item, Reason: w.Reason}
		if !w.Expires.IsZero() {
			shown.Expires = utc(w.Expires)
		}
		d.Waivers = append(d.Waivers, shown)
	}
	return d, nil
}

func (e *Exporter) machineData(m *config.Machine, found []pair) machineData {
	d := machineData{
		Machine: m.Name, DisplayName: m.DisplayName, Address: m.Address, Transport: m.Transport, Site: m.Site,
		Enabled: m.Enabled, Labels: m.Labels, Packs: make([]pairSummary, 0, len(found)),
		URL: e.links.Absolute(e.links.Machine(m.Name)),
	}
	if len(m.FurtherAddresses) > 0 {
		d.Addresses = append([]string{m.Address}, m.FurtherAddresses...)
	}
	if d.Labels == nil {
		d.Labels = map[string]string{}
	}
	if seen, ok := e.opts.View.Machine(m.Name); ok && seen.HasOutcome() && m.Enabled {
		d.Attempt = &machineAttempt{At: seen.At, Run: seen.Run, DurationSeconds: seen.Duration.Seconds()}
		if seen.Failure != nil {
			d.Attempt.Reason, d.Attempt.Message = seen.Failure.Reason, seen.Failure.Message
		}
		if seen.Facts != (state.Facts{}) {
			d.Facts = &seen.Facts
		}
	}
	for _, p := range found {
		d.Packs = append(d.Packs, e.summary(p))
	}
	return d
}

func (e *Exporter) summary(p pair) pairSummary {
	s := pairSummary{
		Pack: p.pack, Alert: state.AlertReport{State: state.AlertInactive},
		URL: e.links.Absolute(e.links.Pair(p.machine.Name, p.pack)),
	}
	if p.record == nil {
		return s
	}
	report := p.record.Report()
	s.Verdict, s.CheckedAt, s.Since, s.Items, s.Cause = report.Verdict, report.CheckedAt, report.Since, report.Items, report.Cause
	s.Attempt, s.Alert = &report.Attempt, report.Alert
	if v := p.record.Verdict; v != nil {
		s.MismatchCount, s.WaivedCount = v.Mismatches, v.Waived
	}
	return s
}
