package exporter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func (r *rig) drift(mismatches []state.Mismatch) {
	record := driftedRecord()
	record.Detail.Mismatches, record.Verdict.Mismatches = mismatches, len(mismatches)
	r.put(record)
}

func manyMismatches(n int) []state.Mismatch {
	all := make([]state.Mismatch, 0, n)
	for i := range n {
		all = append(all, state.Mismatch{Type: "wrong_permissions", Kind: []string{"file", "package"}[i%2], Item: fmt.Sprintf("/usr/share/x%05d", i),
			Expected: "0644", Actual: "0755", Source: fmt.Sprint("packs/base.yaml:", i)})
	}
	return all
}

func TestDiffViewOfVeryManyMismatchesHasBounds(t *testing.T) {
	r := newRig(t, nil)
	r.drift(manyMismatches(2000))
	_, body := r.get(t, "/machines/web1/packs/base")
	assert.Less(t, len(body), 700<<10)
	d := r.open(t, "/machines/web1/packs/base", 200)
	assert.Contains(t, d.text, "2000 mismatches , 1 waived in 12 items")
	assert.Contains(t, d.text, "1500 more mismatches have no room on this page: all of them are in the JSON")
	assert.Len(t, d.all("mismatch"), maxMismatches+1, "the waived one has room of its own")
	assert.Contains(t, d.text, "file 1000 package 1000 What now? waived 1")
	assert.Contains(t, d.text, "230 more of this kind", "folded")

	all := append(manyMismatches(2000), state.Mismatch{Kind: "sysctl", Item: "x"})
	page := newMismatchPage(&config.Machine{}, "base", false)
	list := page.list("x", all, 500)
	require.Len(t, list.Groups, 3, "no kind goes missing")
	assert.Equal(t, []int{1000, 1000, 1}, []int{list.Groups[0].Count, list.Groups[1].Count, list.Groups[2].Count})
	assert.GreaterOrEqual(t, list.LeftOut, 2001-500)
	assert.LessOrEqual(t, list.LeftOut, 2001-300)
}

func TestWorstDiffViewHasBounds(t *testing.T) {
	r := newRig(t, nil)
	for name, diff := range map[string]string{
		"very many lines": "@@ -1,9 +1,9 @@\n" + strings.Repeat("-\n+\n", 3<<10),
		"very long lines": "@@ -1 +1 @@\n-" + strings.Repeat("a\t", 4<<10) + "\n+" + strings.Repeat("b\t", 4<<10) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			all := manyMismatches(16)
			for i := range all {
				all[i].Diff = diff
			}
			r.drift(all)
			for _, view := range []string{"", "?view=split"} {
				_, body := r.get(t, "/machines/web1/packs/base"+view)
				assert.Less(t, len(body), 1<<20, "%s%s", name, view)
			}
		})
	}
}

func TestKindsAreToJumpTo(t *testing.T) {
	r := newRig(t, nil)
	r.drift(manyMismatches(3))
	d := r.open(t, "/machines/web1/packs/base", 200)
	assert.Equal(t, []string{"#mismatches-0"}, d.links("file 2"))
	assert.Equal(t, []string{"#mismatches-1"}, d.links("package 1"))
	assert.Equal(t, []string{"#waived"}, d.links("waived 1"))
	assert.Equal(t, []string{"#now"}, d.links("What now?"))
	ids := map[string]int{}
	for n := range d.root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "id" {
				ids[a.Val]++
			}
		}
	}
	for _, id := range []string{"mismatches-0", "mismatches-1", "waived", "waived-0", "now"} {
		assert.Equal(t, 1, ids[id], id)
	}
}

func TestLongValuesFold(t *testing.T) {
	r := newRig(t, nil)
	for name, tc := range map[string]struct{ value, start string }{
		"long":             {strings.Repeat("ab ", 100), strings.Repeat("ab ", 26) + "ab…"},
		"of several bytes": {strings.Repeat("日", 100), strings.Repeat("日", 26) + "…"},
		"of many lines":    {strings.Repeat("<b>\n", 10), "<b>…"},
		"no UTF-8":         {strings.Repeat("\x80", 300), "…"},
		"short":            {"ab", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r.drift([]state.Mismatch{{Type: "wrong_setting", Kind: "sysctl", Item: "x", Expected: "1", Actual: tc.value}})
			d := r.open(t, "/machines/web1/packs/base", 200)
			sides := d.all("sides")[0]
			assert.Contains(t, sides, visible(tc.value))
			if tc.start != "" {
				assert.Contains(t, d.tags("summary"), tc.start)
			} else {
				assert.NotContains(t, strings.Join(d.tags("summary"), " "), "…")
			}
		})
	}
}

func TestWaivedItemsSayUntilWhen(t *testing.T) {
	r := newRig(t, nil)
	m, _ := r.fleet.machine("web1")
	m.Waivers = []config.Waiver{
		{Pack: "web", Kind: "file", Item: "/etc/motd", Reason: "banner under review", Expires: at(9, 9, 9, 0)},
		{Pack: "base", Kind: "file", Item: "/etc/motd", Reason: "banner under review", Expires: at(0, 0, 0, 0).AddDate(0, 0, 3)},
	}
	assert.Contains(t, r.open(t, "/machines/web1/packs/base", 200).text, "waived: banner under review, until 2026-02-01 00:00:00 UTC (in 2 days)")
	m.Waivers = []config.Waiver{{Pack: "base", Kind: "file", Item: "/etc/*", Reason: "banner under review"}}
	record := driftedRecord()
	record.Detail.Waived[0].Of = "/etc/*"
	r.put(record)
	assert.Contains(t, r.open(t, "/machines/web1/packs/base", 200).text, "waived: banner under review, for good")
}

func TestDiffsAreShownSideBySideOnDemand(t *testing.T) {
	r := newRig(t, nil)
	d := r.open(t, "/machines/web1/packs/base", 200)
	require.Equal(t, []string{"/machines/web1/packs/base?view=split"}, d.links("side by side"))
	d = r.open(t, "/machines/web1/packs/base?view=split", 200)
	assert.Equal(t, []string{"/machines/web1/packs/base"}, d.links("by lines"))
	assert.Equal(t, []string{"− expected", "+ actual"}, d.tags("th"))
	assert.Equal(t, []string{"--- keep out"}, d.all("del"))
	assert.Equal(t, []string{"+<script>alert(1)</script>"}, d.all("add"))
	r.drift([]state.Mismatch{{Type: "wrong_setting", Kind: "sysctl", Item: "x", Expected: "1", Actual: "2"}})
	assert.NotContains(t, r.open(t, "/machines/web1/packs/base", 200).text, "side by side", "there is nothing to show so")
}
