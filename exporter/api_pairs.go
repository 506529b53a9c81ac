package exporter

import (
	"context"
	"net/http"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// pairReport is a state.Report whose attempt is null if there was none.
type pairReport struct {
	state.Report
	Attempt *state.AttemptReport `json:"attempt"`
	// Recent are the last attempts, the oldest first.
	Recent []recentCheck `json:"recent"`
	// WaiverExpires is the end of the earliest waiver in effect.
	WaiverExpires *time.Time `json:"waiver_expires,omitempty"`
	// Cut says that mismatches or diffs were left out because there are too many to store.
	Cut bool   `json:"cut,omitempty"`
	URL string `json:"url"`
	// AlertURLs lead to the alert in each Alertmanager, as long as it is to be found there.
	AlertURLs []string `json:"alert_urls,omitempty"`
}

func (e *Exporter) apiPair(ctx context.Context, r *http.Request) (any, error) {
	p, notThere := e.findPair(r)
	if notThere != nil {
		return nil, notThere
	}
	record, err := e.detail(ctx, p.key())
	if err != nil {
		return nil, err
	}
	report := reportOf(p.key(), record)
	report.URL = e.links.Absolute(e.links.Pair(p.machine.Name, p.pack))
	for _, l := range e.alertLinks(record) {
		report.AlertURLs = append(report.AlertURLs, l.URL)
	}
	return report, nil
}

// reportOf is the report of a record, or of a pair that has none yet.
func reportOf(k state.Key, record *state.Record) pairReport {
	if record == nil {
		return pairReport{Report: (&state.Record{Key: k}).Report(), Recent: []recentCheck{}}
	}
	p := pairReport{Report: record.Report(), Cut: record.Detail != nil && record.Detail.Cut, Recent: recentOf(record)}
	if v := record.Verdict; v != nil && !v.WaiverExpires.IsZero() {
		p.WaiverExpires = utc(v.WaiverExpires)
	}
	p.Attempt = &p.Report.Attempt
	p.Mismatches, p.Waived, p.Seen = shown(p.Mismatches), shown(p.Waived), shown(p.Seen)
	return p
}

// shown is the mismatches as they may leave: never with a diff of sensitive content, should the store hold one.
func shown(all []state.Mismatch) []state.Mismatch {
	list := append([]state.Mismatch{}, all...) // the record is shared
	for i := range list {
		if list[i].Sensitive {
			list[i].Diff = ""
		}
	}
	return list
}

// recentCheck is one of the last attempts at a pair.
type recentCheck struct {
	At            time.Time    `json:"at"`
	Status        state.Status `json:"status"`
	MismatchCount int          `json:"mismatch_count"`
}

// recentOf are the last attempts that a record has kept; none if there is no record.
func recentOf(r *state.Record) []recentCheck {
	list := []recentCheck{}
	if r != nil {
		for _, c := range r.Recent.Checks() {
			list = append(list, recentCheck{c.At.UTC(), c.Status, c.Mismatches})
		}
	}
	return list
}

func utc(t time.Time) *time.Time {
	t = t.UTC()
	return &t
}
