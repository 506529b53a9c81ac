package exporter

import (
	"fmt"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// progress is how far a run is.
type progress struct {
	*state.Run
	Refresh string
}

// Progress is the run in progress as long as it may change the page.
func (p page) Progress() *progress {
	if p.Poll == 0 {
		return nil
	}
	return &progress{Run: p.Current, Refresh: p.Refresh}
}

// howFar says how far a run is.
func howFar(r *state.Run) string {
	text := fmt.Sprintf("%d of %s done", r.Done(), plaintext.Count(r.Total, "machine"))
	if r.Failed > 0 {
		text += fmt.Sprintf(", %d of them not fully", r.Failed)
	}
	if r.Retrying > 0 {
		text += fmt.Sprintf(", %d to be tried again", r.Retrying)
	}
	if r.ToCome > 0 {
		text += fmt.Sprintf(", %d to have their turn until %s UTC", r.ToCome, r.SpreadUntil.UTC().Format("2006-01-02 15:04"))
	}
	return text
}

// checkButton starts a run.
type checkButton struct {
	URL, Text string
	Busy      string // why another run would be refused; empty: it would not
	Refresh   string // for a page that does not follow the run
}

// Check is the button of a page; nil where runs are not to be started from pages.
func (p page) Check(url, text string) *checkButton {
	if !p.Lifecycle {
		return nil
	}
	b := &checkButton{URL: url, Text: text}
	switch {
	case p.Current == nil || !p.Current.Works() || p.Current.Spread():
	case p.Poll > 0:
		b.Busy = "a run is in progress"
	default:
		b.Busy, b.Refresh = "a run of other machines is in progress: "+howFar(p.Current), p.Refresh
	}
	return b
}
