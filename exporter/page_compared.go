package exporter

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// comparedView is what differs between two checks.
type comparedView struct {
	From, To checkView
	// Comparable says that of both it is known what they found.
	Comparable bool
	Same       bool
	Incomplete bool
	Lists      []itemList
	API        string
}

// checkView is a check that is compared.
type checkView struct {
	At      time.Time
	Words   string // its outcome, if it is known
	Unknown bool   // it gave no verdict
	// Verdict is the one that stood then; nil: none did, or it is no longer stored.
	Verdict *state.Verdict
}

// compare fills in the form and, if checks are asked for, their comparison. As in the API the second check is the last
// one unless it is given, and the first the change before the second.
func (c *historyContent) compare(asked url.Values, changes []state.Change) error {
	known := c.knownChecks(changes)
	fromText, toText := asked.Get("from"), asked.Get("to")
	var from, to time.Time
	var err error
	if fromText != "" {
		if from, err = checkTime(fromText); err != nil {
			return err
		}
	}
	if toText != "" {
		if to, err = checkTime(toText); err != nil {
			return err
		}
	} else if len(changes) > 0 {
		to = changes[0].Verdict.At
	}
	if fromText == "" {
		from = changeBefore(changes, to)
	}
	c.From, c.To = checkOptions(known, from), checkOptions(known, to)
	if fromText == "" && toText == "" || len(changes) == 0 {
		return nil
	}
	v := &comparedView{API: c.API + "?" + url.Values{"from": {checkStamp(from)}, "to": {checkStamp(to)}}.Encode()}
	var a, b *state.Change
	v.From, a = describe(known, changes, from)
	v.To, b = describe(known, changes, to)
	if v.Comparable = a != nil && b != nil; v.Comparable {
		found := compareChanges(a, b)
		v.Same, v.Incomplete = found.same(), found.Incomplete
		v.Lists = listItems(maxComparedItems, itemsOf(found, a, b)...)
	}
	c.Compared = v
	return nil
}

// changeBefore is the time of the change before the one that stood at a time; of that one itself if there is none.
func changeBefore(changes []state.Change, t time.Time) time.Time {
	for i := range changes {
		if !changes[i].Verdict.At.Truncate(time.Millisecond).After(t) {
			return changes[min(i+1, len(changes)-1)].Verdict.At
		}
	}
	return t
}

// knownChecks are the last checks and those of the changes, the newest first, each once.
func (c *historyContent) knownChecks(changes []state.Change) state.Checks {
	all := slices.Clone(c.Recent)
	for i := range changes {
		v := changes[i].Verdict
		all = append(all, state.Check{At: v.At.Truncate(time.Millisecond).UTC(), Status: v.Status, Mismatches: v.Mismatches})
	}
	slices.SortStableFunc(all, func(a, b state.Check) int { return cmp.Compare(b.At.UnixMilli(), a.At.UnixMilli()) })
	return slices.CompactFunc(all, func(a, b state.Check) bool { return a.At.UnixMilli() == b.At.UnixMilli() })
}

// checkAt is the known check of a time: the latest that is not after it, if it is of that very moment or, where whole
// seconds were asked for, of that second.
func checkAt(known state.Checks, t time.Time) (state.Check, bool) {
	for _, check := range known {
		if !check.At.After(t) {
			return check, t.Sub(check.At) < time.Second && (t.Nanosecond() == int(time.Second-time.Nanosecond) || t.Sub(check.At) < time.Millisecond)
		}
	}
	return state.Check{}, false
}

// checkOptions are the options of the form. A time that is no check's is one of them while it is what is compared.
func checkOptions(known state.Checks, chosen time.Time) []checkOption {
	selected, found := checkAt(known, chosen)
	var all []checkOption
	if !found && !chosen.IsZero() {
		all = append(all, checkOption{checkStamp(chosen), when(chosen) + ": no check of that time is known", true})
	}
	for _, check := range known {
		all = append(all, checkOption{checkStamp(check.At), when(check.At) + ": " + outcome(check.Status, check.Mismatches), found && check.At.Equal(selected.At)})
	}
	return all
}

// describe is a check of that time and the change that tells what it found.
func describe(known state.Checks, changes []state.Change, t time.Time) (checkView, *state.Change) {
	v := checkView{At: t}
	if check, ok := checkAt(known, t); ok {
		v.At, v.Words, v.Unknown = check.At, outcome(check.Status, check.Mismatches), !judged(check.Status)
	}
	found, ok := verdictAt(changes, t)
	if !ok {
		return v, nil
	}
	v.Verdict = &found.Verdict
	return v, found
}
