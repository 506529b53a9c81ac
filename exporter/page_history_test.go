package exporter

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

const historyPath = "/machines/web1/packs/base/history"

var basePair = state.Key{Machine: "web1", Pack: "base"}

// changeOn is a change of the day that is so many days before the fixture's.
func changeOn(days int, mismatches ...state.Mismatch) state.Change {
	status := state.Compliant
	if len(mismatches) > 0 {
		status = state.Drifted
	}
	found := at(6, 0, 3, 120).AddDate(0, 0, -days).Add(456 * time.Microsecond)
	return state.Change{Mismatches: mismatches, Verdict: state.Verdict{
		Status: status, At: found, Since: found, Items: 12, Mismatches: len(mismatches), Cause: state.CauseMachineChanged}}
}

// withHistory has a pair that drifted, recovered, drifted and changed, with a check a day of which one failed.
func withHistory(t *testing.T) *rig {
	r := newRig(t, nil)
	mode, mode2 := difference("wrong_permissions /etc/a 0600 0644"), difference("wrong_permissions /etc/a 0600 0666")
	owner, gone := difference("wrong_owner /etc/b root bob"), difference("wrong_owner /etc/c root eve")
	r.history[basePair] = []state.Change{changeOn(0, mode2, owner), changeOn(3, mode, gone), changeOn(6), changeOn(8, gone)}
	record := driftedRecord()
	recent := checksOf("cccdduc")
	for i := range recent {
		recent[i].At = at(6, 0, 3, 120).AddDate(0, 0, i-6)
	}
	recent[6].Status, recent[6].Mismatches = state.Drifted, 2
	record.Recent = recent.Pack()
	r.put(record)
	return r
}

// lines is the text of each element of a class, blanks folded.
func (d document) lines(class string) []string {
	var out []string
	for _, text := range d.all(class) {
		out = append(out, strings.Join(strings.Fields(text), " "))
	}
	return out
}

func TestHistoryPage(t *testing.T) {
	d := withHistory(t).open(t, historyPath, 200)
	assert.Equal(t, []string{"/machines/web1/packs/base"}, d.links("Base Pack"))
	assert.Contains(t, d.text, "2026-01-28 06:00:03 UTC: unknown, no verdict")
	changes := d.lines("change")
	require.Len(t, changes, 4)
	for i, want := range []string{
		"drifted as before, but not the same: 2 mismatches in 12 items · the machine changed appeared 1 file /etc/b wrong owner expected root, actual bob " +
			"went 1 file /etc/c wrong owner expected root, actual eve " +
			"changed 1 file /etc/a wrong permissions was expected 0600, actual 0644; is expected 0600, actual 0666 Compare with the change before",
		"drifted was compliant before · 2 mismatches in 12 items · the machine changed appeared 2 file /etc/a",
		"compliant was drifted before · 12 items went 1 file /etc/c",
		"drifted 1 mismatch in 12 items · the machine changed · the first verdict that is known differed 1 file /etc/c",
	} {
		assert.Contains(t, changes[i], want)
	}
	assert.Equal(t, historyPath+"?from=2026-01-26T06%3A00%3A03.120Z&to=2026-01-29T06%3A00%3A03.120Z#compared", d.links("Compare with the change before")[0])
	assert.Contains(t, withHistory(t).open(t, "/machines/web1/packs/base", 200).links("History"), historyPath)
}

// selected is the chosen option of each select.
func (d document) selected() []string {
	var out []string
	d.each("option", func(n *html.Node) {
		if hasAttr(n, "selected") {
			out = append(out, textOf(n))
		}
	})
	return out
}

func TestComparingTwoChecksOfTheHistory(t *testing.T) {
	const day = "2026-01-%sT06:00:03.120Z"
	for name, tc := range map[string]struct {
		from, to string
		want     []string
		selected []string
	}{
		"nothing asked": {"", "", nil, []string{"2026-01-26 06:00:03 UTC: drifted, 2 mismatches", "2026-01-29 06:00:03 UTC: drifted, 2 mismatches"}},
		"two changes": {"26", "29", []string{"appeared 1 file /etc/b", "went 1 file /etc/c", "changed 1 file /etc/a"},
			[]string{"2026-01-26 06:00:03 UTC: drifted, 2 mismatches", "2026-01-29 06:00:03 UTC: drifted, 2 mismatches"}},
		"over a time in which it was well": {"21", "26", []string{"appeared 1 file /etc/a", "stayed 1 file /etc/c"},
			[]string{"2026-01-21 06:00:03 UTC: drifted, 1 mismatch", "2026-01-26 06:00:03 UTC: drifted, 2 mismatches"}},
		"two checks that found the same": {"26", "27", []string{"Nothing appeared, went or changed between them", "stayed 2"}, nil},
		"backwards":                      {"29", "26", []string{"appeared 1 file /etc/c", "went 1 file /etc/b"}, nil},
		"a check without a verdict": {"28", "29", []string{
			"unknown, no verdict. That check gave no verdict, so that it has no content of its own: what stood then is the verdict of 2026-01-26 06:00:03 UTC, drifted.", "appeared 1 file /etc/b"},
			[]string{"2026-01-28 06:00:03 UTC: unknown, no verdict", "2026-01-29 06:00:03 UTC: drifted, 2 mismatches"}},
		"only the second": {"", "23", []string{"From: 2026-01-21", "went 1 file /etc/c"}, nil},
		"only the first":  {"23", "", []string{"appeared 2 file /etc/a"}, nil},
		"before all that is known": {"02", "29", []string{"No verdict is known of that time", "They cannot be compared"},
			[]string{"2026-01-02 06:00:03 UTC: no check of that time is known", "2026-01-29 06:00:03 UTC: drifted, 2 mismatches"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := url.Values{}
			for key, value := range map[string]string{"from": tc.from, "to": tc.to} {
				if value != "" {
					q.Set(key, fmt.Sprintf(day, value))
				}
			}
			d := withHistory(t).open(t, historyPath+"?"+q.Encode(), 200)
			compared := strings.Join(d.lines("compared"), " ")
			assert.Equal(t, tc.want == nil, compared == "")
			for _, want := range tc.want {
				assert.Contains(t, compared, want)
			}
			if tc.selected != nil {
				assert.Equal(t, tc.selected, d.selected())
			}
			assert.Len(t, d.selected(), 2)
		})
	}
	t.Run("a time between two checks, and in whole seconds", func(t *testing.T) {
		d := withHistory(t).open(t, historyPath+"?from=2026-01-26T12:00:00Z&to=2026-01-29T06:00:03Z", 200)
		assert.Contains(t, d.text, "No check of that time is known: what stood then is the verdict of 2026-01-26 06:00:03 UTC, drifted.")
		assert.Equal(t, []string{"2026-01-26 12:00:00 UTC: no check of that time is known", "2026-01-29 06:00:03 UTC: drifted, 2 mismatches"}, d.selected())
	})
	t.Run("what is no time", func(t *testing.T) {
		d := withHistory(t).open(t, historyPath+"?from=%3Cb%3Eyesterday", 400)
		assert.Contains(t, d.text, `"<b>yesterday" is not the time of a check`)
		assert.Contains(t, d.links("without a comparison"), historyPath)
	})
}

// Entries have no waived mismatches, only their number: what is waived now must not seem to be well.
func TestHistorySaysThatWhatWentMayBeWaived(t *testing.T) {
	r := withHistory(t)
	changes := []state.Change{changeOn(0), changeOn(1, difference("wrong_owner /etc/c root eve")), changeOn(2)}
	changes[0].Verdict.Waived = 1
	r.history[basePair] = changes
	d := r.open(t, historyPath+"?to=2026-01-29T06:00:03Z", 200)
	assert.Contains(t, d.lines("change")[0], "compliant was drifted before · 1 waived in 12 items went, or was waived 1 file /etc/c")
	assert.Contains(t, d.lines("compared")[0], "went, or was waived 1 file /etc/c")
	changes[0].Verdict.Waived, changes[1].Verdict.Waived = 1, 1
	assert.NotContains(t, r.open(t, historyPath, 200).text, "or was waived")
}

func TestHistoryPageSaysWhatIsNotThere(t *testing.T) {
	r := newRig(t, nil)
	assert.Contains(t, r.open(t, "/machines/new1/packs/base/history", 200).text, "No check is known yet. The next run is at 2026-01-30 06:00:00 UTC")
	assert.Contains(t, r.open(t, "/machines/new1/packs/base/history?from=2026-01-26T12:00:00Z", 200).text, "There is no verdict yet")
	assert.Contains(t, r.open(t, "/machines/off1/packs/base/history", 200).text, "Drift detection is disabled for this machine")
	assert.Contains(t, r.open(t, "/machines/web1/packs/nope/history", 404).text, `does not carry a pack "nope"`)
	r = withHistory(t)
	r.err = errors.New("nats: timeout <b>")
	d := r.open(t, historyPath, 200)
	assert.Contains(t, d.text, "The history could not be read: nats: timeout <b>.")
	assert.NotContains(t, d.text, "no verdict yet")
	assert.Len(t, d.all("strip"), 1, "the view has the last checks all the same")
}

func TestHistoryPageHasBounds(t *testing.T) {
	r := withHistory(t)
	var changes []state.Change
	for i := range historyKept {
		var found []state.Mismatch
		for j := range 120 { // more do not fit into an entry
			found = append(found, difference(fmt.Sprintf("wrong_permissions /etc/%d-%d 0600 0644", i, j)))
		}
		changes = append(changes, changeOn(i, found...))
	}
	changes[1].Verdict.Mismatches = 900
	r.history[basePair] = changes
	_, body := r.get(t, historyPath)
	assert.Less(t, len(body), 500<<10)
	d := r.open(t, historyPath+"?from=2026-01-28T06:00:03Z", 200)
	assert.Contains(t, d.lines("change")[0], "and 115 more")
	assert.Contains(t, d.text, "Older changes are not kept.")
	assert.Contains(t, d.text, "Not all mismatches of both are stored")
}

func TestHistoryShowsHostileContentLiterally(t *testing.T) {
	const said, shown = "</code><script>x</script>\x1b\u202e\xff", `</code><script>x</script>\x1b\u{202e}\xff`
	r := withHistory(t)
	hostile := state.Mismatch{Type: said, Kind: said, Item: said, Expected: said, Actual: said}
	changed := hostile
	changed.Expected += "!"
	r.history[basePair] = []state.Change{changeOn(0, changed), changeOn(1, hostile)}
	d := r.open(t, historyPath+"?to=2026-01-29T06:00:03Z", 200)
	assert.GreaterOrEqual(t, strings.Count(d.text, shown), 15)
}

// Nothing of a sensitive item but its hashes is in the history, and they are all that is shown.
func TestHistoryNeverShowsDiffs(t *testing.T) {
	r := withHistory(t)
	leaky := difference("wrong_content /etc/shadow sha256:a sha256:b")
	leaky.Sensitive, leaky.Diff = true, "@@ -1 +1 @@\n-hunter2\n"
	r.history[basePair] = []state.Change{changeOn(0, leaky), changeOn(1)}
	_, body := r.get(t, historyPath+"?to=2026-01-29T06:00:03Z")
	assert.Contains(t, body, "/etc/shadow")
	assert.NotContains(t, body, "hunter2")
}

func TestHistoryShowsTheBeginningOfHashes(t *testing.T) {
	r := withHistory(t)
	was, is := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	r.history[basePair] = []state.Change{changeOn(0, difference("wrong_content /etc/motd sha256:"+was+" sha256:"+is)), changeOn(1)}
	d := r.open(t, historyPath, 200)
	assert.Contains(t, d.text, "expected sha256:a1a1a1a1a1a1… , actual sha256:b2b2b2b2b2b2…")
}
