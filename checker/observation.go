package checker

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const (
	// maxRounds bounds how often a kind may ask again for an item. Contents after hashes are the second round; most of
	// all takes a file of sshd whose Include is a pattern, and those files' too: each is a pattern, sizes and contents.
	maxRounds = 8
	// maxFurther bounds how many questions are put to a machine that add to what is shown and change no judgement.
	maxFurther = 100
	// maxHeld bounds the sizes of all answers that one item may wait for.
	maxHeld = 32 << 20
	// maxInFlight bounds the sizes of the answers that a machine is asked for at a time. One is always asked for.
	maxInFlight = 8 << 20
	// maxExpanded bounds what one item may stand for.
	maxExpanded = 1000
)

// observation is an item of a pack on a machine, while it is being judged.
type observation struct {
	entry      *pack.Entry // of a pack that others look at as well
	item       pack.Item   // the entry's, or one of those that it stands for
	kind       Kind
	said       *Facts // of the machine; nil: nothing
	asked      []Question
	rounds     int
	open       bool           // it waits for answers
	expanded   []*observation // what it stands for; then it is not compared itself
	mismatches []state.Mismatch
	err        error
}

// observe judges the items of all packs together: what two of them ask is asked once.
func (d *dialogue) observe(items []*observation) error {
	for _, item := range items {
		item.ask()
	}
	further := maxFurther
	for {
		items = openOf(items)
		d.release(items)
		if len(items) == 0 {
			return nil
		}
		if questions := d.unanswered(items); len(questions) > 0 {
			if err := d.ask(questions); err != nil {
				return err
			}
		}
		var more []*observation
		for _, item := range items {
			if d.has(item.asked) {
				item.compare(d.answers, &further)
				more = append(more, item.expanded...)
			}
		}
		items = append(items, more...)
	}
}

func openOf(items []*observation) []*observation {
	var open []*observation
	for _, item := range items {
		if item.open {
			open = append(open, item)
		}
	}
	return open
}

// has tells whether all questions are answered.
func (d *dialogue) has(questions []Question) bool {
	return !slices.ContainsFunc(questions, func(q Question) bool { return !d.answers.has(q) })
}

// unanswered are the questions that are to be put next, each once: all small ones, and as many large ones as may be
// in flight. The next call changes what it returns.
func (d *dialogue) unanswered(items []*observation) []Question {
	out, seen := d.next[:0], d.seen
	clear(seen)
	size := int64(0)
	for _, item := range items {
		for _, q := range item.asked {
			if d.answers.has(q) || seen[q.key()] || q.Size > 0 && size > 0 && size+q.Size > maxInFlight {
				continue
			}
			size += q.Size
			seen[q.key()] = true
			out = append(out, q)
		}
	}
	d.next = out
	return out
}

// release forgets the large answers that no item waits for.
func (d *dialogue) release(items []*observation) {
	if len(d.large) == 0 {
		return
	}
	awaited := map[Question]bool{}
	for _, item := range items {
		for _, q := range item.asked {
			awaited[q.key()] = true
		}
	}
	for _, q := range d.large {
		if !awaited[q] {
			delete(d.answers, q)
		}
	}
	d.large = slices.DeleteFunc(d.large, func(q Question) bool { return !awaited[q] })
}

var opName = regexp.MustCompile(`^[a-z_]+$`)

// ask opens the item with the questions that it begins with, if it applies.
func (o *observation) ask() {
	if o.err != nil {
		return
	}
	asked, err := o.kind.Ask(o.facts(), o.item)
	if o.err = err; err == nil {
		o.open = true
		o.wait(asked)
	}
}

// facts are what the machine said, with what the pack says of the item.
func (o *observation) facts() Facts {
	var facts Facts
	if o.said != nil {
		facts = *o.said
	}
	facts.Sensitive = o.entry.Sensitive
	return facts
}

// wait adds to the questions that must be answered before the item is compared (again). What cannot travel as a
// line is an error of the item; decoders refuse it before.
func (o *observation) wait(asked []Question) {
	for _, q := range asked {
		if q.Arg == "" || strings.ContainsAny(q.Arg, "\n\x00") || !opName.MatchString(q.Op) {
			o.open, o.err = false, errors.New("is empty, or holds a newline or a NUL, and cannot be asked for")
			return
		}
	}
	if o.rounds++; o.rounds > maxRounds {
		o.open, o.err = false, fmt.Errorf("%w: questions without end", errBug)
		return
	}
	o.asked = append(o.asked, asked...)
	size := int64(0)
	for _, q := range o.asked {
		size += q.Size
	}
	if size > maxHeld {
		o.open, o.err = false, fmt.Errorf("needs more than %d MiB of the machine", maxHeld>>20)
	}
}

// errBug is a kind that breaks its contract.
var errBug = errors.New("a bug in this program")

// compare judges the item by the answers so far, or has it wait for more. further is how many questions may still be
// put that the judgement does not depend on.
func (o *observation) compare(answers Answers, further *int) {
	if o.expand(answers) {
		return
	}
	mismatches, more, err := o.kind.Compare(o.facts(), o.item, answers)
	undecided := errors.Is(err, errUndecided)
	if len(more) > 0 && (undecided || err == nil && *further >= len(more)) {
		if !undecided {
			*further -= len(more)
		}
		o.wait(more)
		return
	}
	o.open, o.err = false, err
	o.mismatches = o.complete(mismatches) // beside an error: what was seen all the same
}

// expand puts what the item stands for in its place, if it does.
func (o *observation) expand(answers Answers) bool {
	kind, can := o.kind.(expander)
	if !can || o.item != o.entry.Item {
		return false
	}
	items, err := kind.expand(o.facts(), o.item, answers)
	if len(items) > maxExpanded {
		err = fmt.Errorf("stands for more than %d", maxExpanded)
	}
	if err != nil {
		o.open, o.err = false, err
		return true
	}
	for _, item := range items {
		one := &observation{entry: o.entry, item: item, kind: o.kind, said: o.said}
		one.ask()
		o.expanded = append(o.expanded, one)
	}
	o.open = len(items) == 0
	return !o.open
}

// complete fills in what a kind leaves to us, and makes values fit to be shown.
func (o *observation) complete(mismatches []state.Mismatch) []state.Mismatch {
	_, hidesItself := o.kind.(selfHiding)
	for i := range mismatches {
		m := &mismatches[i]
		m.Kind, m.Item, m.Source = o.entry.Kind, shown(o.item.Identity()), o.entry.Source
		if whole := shown(o.entry.Item.Identity()); whole != m.Item {
			m.Of = whole
		}
		if !hidesItself && (m.Sensitive || o.entry.Sensitive.Value) {
			m.Sensitive, m.Expected, m.Actual, m.Diff = true, hidden, hidden, ""
		}
		m.Expected, m.Actual = printableValue(m.Expected), printableValue(m.Actual)
	}
	return mismatches
}

// hidden stands for what may not be shown.
const hidden = "(sensitive)"

// itemError is why the item could not be observed; nil if it could.
func (o *observation) itemError() *state.ItemError {
	if o.err == nil {
		return nil
	}
	return &state.ItemError{
		Kind: o.entry.Kind, Item: shown(o.item.Identity()), Error: printable(o.explain(), maxText), Source: o.entry.Source,
	}
}

// explain is the text of the item's error: of a sensitive item only what the script itself says, since a kind may
// quote what it could not make sense of.
func (o *observation) explain() string {
	text := o.err.Error()
	var said machineError
	_, hidesItself := o.kind.(selfHiding)
	switch {
	case o.entry.Sensitive.Value && !hidesItself && !errors.As(o.err, &said) && !errors.Is(o.err, errApplies):
		return "could not be judged; why is not shown of a sensitive item"
	case o.said != nil && o.said.Elevate != "" && strings.Contains(text, "permission denied"):
		return text + " (the check does not run as root there; " + o.said.Elevate + " lets it)"
	}
	return text
}
