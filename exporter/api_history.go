package exporter

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// changeList is a page of the history of a pair, newest first.
type changeList struct {
	state.Key
	Changes   []change `json:"changes"`
	Total     int      `json:"total"`
	NextToken string   `json:"next_token,omitempty"`
	// Comparison is what differs between two checks, if that was asked for.
	Comparison *comparedChanges `json:"comparison,omitempty"`
}

// change is a verdict that differed from the one before.
type change struct {
	judgement
	Mismatches []state.Mismatch `json:"mismatches"`
}

// judgement is a verdict of the past.
type judgement struct {
	Verdict       state.Status `json:"verdict"`
	CheckedAt     time.Time    `json:"checked_at"`
	Since         time.Time    `json:"since"`
	Run           string       `json:"run"`
	Items         int          `json:"items"`
	MismatchCount int          `json:"mismatch_count"`
	WaivedCount   int          `json:"waived_count"`
	Cause         state.Cause  `json:"cause,omitempty"`
}

// comparedChanges is what differs between the verdicts that stood at two times.
type comparedChanges struct {
	From judgement `json:"from"`
	To   judgement `json:"to"`
	comparison
}

func judgementOf(v state.Verdict) judgement {
	return judgement{
		Verdict: v.Status, CheckedAt: v.At, Since: v.Since, Run: v.Run, Items: v.Items,
		MismatchCount: v.Mismatches, WaivedCount: v.Waived, Cause: v.Cause,
	}
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
	stored, err := e.history(ctx, p.key())
	if err != nil {
		return nil, err
	}
	list := changeList{Key: p.key(), Changes: []change{}, Total: len(stored)}
	if list.Comparison, err = compared(stored, r.Form.Get("from"), r.Form.Get("to")); err != nil {
		return nil, err
	}
	stored, list.NextToken, err = older(stored, page, func(c state.Change) time.Time { return c.Verdict.At })
	if err != nil {
		return nil, err
	}
	for _, c := range stored {
		list.Changes = append(list.Changes, change{judgementOf(c.Verdict), shown(c.Mismatches)})
	}
	return list, nil
}

// compared compares the verdicts that stood at two times. Without the second that is the last one, without the
// first the one before the second.
func compared(stored []state.Change, fromText, toText string) (*comparedChanges, error) {
	if fromText == "" && toText == "" {
		return nil, nil
	}
	to, err := stoodAt(stored, "to", toText)
	if err != nil {
		return nil, err
	}
	from := to + 1
	if fromText != "" {
		if from, err = stoodAt(stored, "from", fromText); err != nil {
			return nil, err
		}
	}
	if from >= len(stored) {
		return nil, notFound("the history has no check that is older than the one to compare")
	}
	return &comparedChanges{
		From: judgementOf(stored[from].Verdict), To: judgementOf(stored[to].Verdict),
		comparison: compareChanges(&stored[from], &stored[to]),
	}, nil
}

// stoodAt is the index of the change whose verdict stood at a time; of the last one without a time.
func stoodAt(stored []state.Change, param, text string) (int, error) {
	if text == "" && len(stored) > 0 {
		return 0, nil
	}
	if text == "" {
		return 0, notFound("the history has no check yet")
	}
	t, err := checkTime(text)
	if err != nil {
		return 0, badData("%s %v", param, err)
	}
	found, ok := verdictAt(stored, t)
	if !ok {
		return 0, notFound("%s: the history does not reach back to %s", param, shorten(text))
	}
	return slices.IndexFunc(stored, func(c state.Change) bool { return c.Verdict.At.Equal(found.Verdict.At) }), nil
}
