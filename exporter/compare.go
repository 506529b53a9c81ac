package exporter

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// comparison is what differs between two checks of a pair. Its lists are in the order of kind, item and type, and
// without the diffs of what is sensitive.
type comparison struct {
	Appeared []state.Mismatch `json:"appeared"`
	Went     []state.Mismatch `json:"gone"`
	Changed  []changedItem    `json:"changed"`
	Stayed   []state.Mismatch `json:"stayed"`
	// Incomplete says that not all mismatches of one of the two are stored, so that what is only left out there
	// looks as if it had appeared or gone.
	Incomplete bool `json:"incomplete,omitempty"`
}

// changedItem is an item that differed at both checks, but not in the same way.
type changedItem struct {
	From state.Mismatch `json:"from"`
	To   state.Mismatch `json:"to"`
}

// same tells whether the checks found the same.
func (c comparison) same() bool { return len(c.Appeared)+len(c.Went)+len(c.Changed) == 0 }

// compareChanges compares what the checks of two entries of a history found. Nil is a check that found nothing.
func compareChanges(from, to *state.Change) comparison {
	c := comparison{Appeared: []state.Mismatch{}, Went: []state.Mismatch{}, Changed: []changedItem{}, Stayed: []state.Mismatch{}}
	before := map[string][]state.Mismatch{}
	var after []state.Mismatch
	if from != nil {
		c.Incomplete = incomplete(from)
		for _, m := range shown(from.Mismatches) {
			before[itemOf(m)] = append(before[itemOf(m)], m)
		}
	}
	if to != nil {
		c.Incomplete = c.Incomplete || incomplete(to)
		after = shown(to.Mismatches)
	}
	// What is the same goes first, then what is at least of the same type: of an item of which several things
	// differ each is held against its own.
	after = slices.DeleteFunc(after, func(m state.Mismatch) bool {
		_, ok := take(before, m, func(old state.Mismatch) bool {
			return old.Type == m.Type && sameValue(old.Expected, m.Expected) && sameValue(old.Actual, m.Actual)
		})
		if ok {
			c.Stayed = append(c.Stayed, m)
		}
		return ok
	})
	for _, like := range []func(a, b state.Mismatch) bool{
		func(a, b state.Mismatch) bool { return a.Type == b.Type },
		func(_, _ state.Mismatch) bool { return true },
	} {
		after = slices.DeleteFunc(after, func(m state.Mismatch) bool {
			old, ok := take(before, m, func(old state.Mismatch) bool { return like(old, m) })
			if ok {
				c.Changed = append(c.Changed, changedItem{old, m})
			}
			return ok
		})
	}
	c.Appeared = append(c.Appeared, after...)
	for _, left := range before {
		c.Went = append(c.Went, left...)
	}
	for _, list := range [][]state.Mismatch{c.Appeared, c.Went, c.Stayed} {
		slices.SortStableFunc(list, byItem)
	}
	slices.SortStableFunc(c.Changed, func(a, b changedItem) int { return byItem(a.To, b.To) })
	return c
}

// take removes the first mismatch of m's item that fits from before and returns it.
func take(before map[string][]state.Mismatch, m state.Mismatch, fits func(state.Mismatch) bool) (state.Mismatch, bool) {
	id := itemOf(m)
	i := slices.IndexFunc(before[id], fits)
	if i < 0 {
		return state.Mismatch{}, false
	}
	old := before[id][i]
	before[id] = slices.Delete(before[id], i, i+1)
	return old, true
}

func itemOf(m state.Mismatch) string { return state.ItemID(m.Kind, m.Item) }

func byItem(a, b state.Mismatch) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Item, b.Item), cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Expected, b.Expected), cmp.Compare(a.Actual, b.Actual))
}

// sameValue tells whether two values are the same as far as both are stored: a long history entry has only the
// beginnings of its values.
func sameValue(a, b string) bool {
	return a == b || isBeginning(a, b) || isBeginning(b, a)
}

func isBeginning(a, b string) bool {
	start, cut := strings.CutSuffix(a, "…")
	return cut && len(start) > 100 && strings.HasPrefix(b, start)
}

// incomplete tells whether an entry has fewer mismatches than its check found.
func incomplete(c *state.Change) bool { return len(c.Mismatches) < c.Verdict.Mismatches }

// verdictAt is the verdict that stood at a time: the latest change at or before it. Without one the history does
// not reach back so far. Changes are the newest first, as the store has them.
func verdictAt(changes []state.Change, t time.Time) (*state.Change, bool) {
	for i := range changes {
		// In milliseconds, since that is how times are shown and asked for.
		if !changes[i].Verdict.At.Truncate(time.Millisecond).After(t) {
			return &changes[i], true
		}
	}
	return nil, false
}

// checkTime reads the time of a check, RFC 3339. One without a fraction stands for the whole second.
func checkTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, badData("%q is not the time of a check: it must be RFC 3339, such as 2026-01-29T06:00:03.12Z", shorten(s))
	}
	if !strings.Contains(s, ".") {
		t = t.Add(time.Second - time.Nanosecond)
	}
	return t, nil
}
