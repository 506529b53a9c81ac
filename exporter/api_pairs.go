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
	// Cut says that mismatches or diffs were left out because there are too many to store.
	Cut bool `json:"cut,omitempty"`
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
	return reportOf(p.key(), record), nil
}

// reportOf is the report of a record, or of a pair that has none yet.
func reportOf(k state.Key, record *state.Record) pairReport {
	if record == nil {
		return pairReport{Report: (&state.Record{Key: k}).Report()}
	}
	p := pairReport{Report: record.Report(), Cut: record.Detail != nil && record.Detail.Cut}
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

// changeList is a page of the history of a pair, newest first.
type changeList struct {
	state.Key
	Changes   []change `json:"changes"`
	Total     int      `json:"total"`
	NextToken string   `json:"next_token,omitempty"`
}

// change is a verdict that differed from the one before.
type change struct {
	Verdict       state.Status     `json:"verdict"`
	CheckedAt     time.Time        `json:"checked_at"`
	Since         time.Time        `json:"since"`
	Run           string           `json:"run"`
	Items         int              `json:"items"`
	MismatchCount int              `json:"mismatch_count"`
	WaivedCount   int              `json:"waived_count"`
	Cause         state.Cause      `json:"cause,omitempty"`
	Mismatches    []state.Mismatch `json:"mismatches"`
}

func (e *Exporter) apiHistory(ctx context.Context, r *http.Request) (any, error) {
	p, notThere := e.findPair(r)
	if notThere != nil {
		return nil, notThere
	}
	page, err := parsePaging(r.Form)
	if err != nil {
		return nil, err
	}
	stored, err := e.opts.Store.History(ctx, p.key())
	if err != nil && asHTTP(err).status != http.StatusNotFound {
		return nil, err
	}
	list := changeList{Key: p.key(), Changes: []change{}, Total: len(stored)}
	stored, list.NextToken, err = older(stored, page, func(c state.Change) time.Time { return c.Verdict.At })
	if err != nil {
		return nil, err
	}
	for _, c := range stored {
		v := c.Verdict
		list.Changes = append(list.Changes, change{
			Verdict: v.Status, CheckedAt: v.At, Since: v.Since, Run: v.Run, Items: v.Items,
			MismatchCount: v.Mismatches, WaivedCount: v.Waived, Cause: v.Cause,
			Mismatches: shown(c.Mismatches),
		})
	}
	return list, nil
}
