package checker

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const (
	// maxStages bounds how often a kind may ask again. Contents after hashes are the second stage.
	maxStages = 4
	// maxFurther bounds how many further questions are put to a machine, whose answers may be large.
	maxFurther = 100
)

// observation is an item of a pack on a machine, while it is being judged.
type observation struct {
	entry      pack.Entry
	kind       Kind
	asked      []Question
	open       bool // it waits for answers
	mismatches []state.Mismatch
	err        error
}

// observe judges the items of all packs together: what two of them ask is asked once.
func (d *dialogue) observe(facts Facts, items []*observation) error {
	var questions []Question
	for _, item := range items {
		asked, err := item.kind.Ask(facts, item.entry.Item)
		if item.open = err == nil; !item.open {
			item.err = err
			continue
		}
		questions = item.wait(asked, questions)
	}
	further := maxFurther
	for stage := 0; ; stage++ {
		if questions = d.unanswered(questions); len(questions) > 0 {
			if stage == maxStages {
				return fmt.Errorf("%w: questions without end", errBug)
			}
			if err := d.ask(questions); err != nil {
				return err
			}
		}
		questions = nil
		for _, item := range items {
			if item.open {
				before := len(questions)
				questions = item.compare(facts, d.answers, questions, further > 0)
				further -= len(questions) - before
			}
		}
		if len(questions) == 0 {
			return nil
		}
	}
}

// errBug is a kind that breaks its contract.
var errBug = errors.New("a bug in this program")

// unanswered are the questions that are still to be put, each once.
func (d *dialogue) unanswered(questions []Question) []Question {
	var out []Question
	seen := map[Question]bool{}
	for _, q := range questions {
		if _, known := d.answers[q]; !known && !seen[q] {
			seen[q] = true
			out = append(out, q)
		}
	}
	return out
}

var opName = regexp.MustCompile(`^[a-z_]+$`)

// wait adds to the questions that must be answered before the item is compared (again). What cannot travel as a
// line is an error of the item; decoders refuse it before.
func (o *observation) wait(asked, questions []Question) []Question {
	for _, q := range asked {
		if q.Arg == "" || strings.ContainsAny(q.Arg, "\n\x00") || !opName.MatchString(q.Op) {
			o.open, o.err = false, errors.New("is empty, or holds a newline or a NUL, and cannot be asked for")
			return questions
		}
	}
	o.asked = append(o.asked, asked...)
	return append(questions, asked...)
}

// compare judges the item by the answers so far, and adds to the questions if it may ask for more.
func (o *observation) compare(facts Facts, all Answers, questions []Question, mayAsk bool) []Question {
	answers := make(Answers, len(o.asked))
	for _, q := range o.asked {
		answers[q] = all[q]
	}
	mismatches, more, err := o.kind.Compare(facts, o.entry.Item, answers)
	if err == nil && len(more) > 0 && mayAsk {
		return o.wait(more, questions)
	}
	o.open, o.err = false, err
	if err == nil {
		o.mismatches = o.complete(mismatches)
	}
	return questions
}

// complete fills in what a kind leaves to us, and makes values fit to be shown.
func (o *observation) complete(mismatches []state.Mismatch) []state.Mismatch {
	for i := range mismatches {
		m := &mismatches[i]
		m.Kind, m.Item, m.Source = o.entry.Kind, shown(o.entry.Item.Identity()), o.entry.Source
		m.Expected, m.Actual = printable(m.Expected, maxText), printable(m.Actual, maxText)
	}
	return mismatches
}

// itemError is why the item could not be observed; nil if it could.
func (o *observation) itemError() *state.ItemError {
	if o.err == nil {
		return nil
	}
	return &state.ItemError{
		Kind: o.entry.Kind, Item: shown(o.entry.Item.Identity()), Error: printable(o.err.Error(), maxText),
	}
}
