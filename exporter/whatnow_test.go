package exporter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The lines that are offered load as they are, whatever the items are called.
func TestSuggestedWaiversLoad(t *testing.T) {
	items := []string{"/etc/ssh/sshd_config", "a: b # c", `- "quoted" 'twice'`, "yes", "{{.}} &x *y !z %"}
	var mismatches []state.Mismatch
	for _, i := range items {
		mismatches = append(mismatches, state.Mismatch{Kind: "file", Item: i, Source: "packs/base.yaml:9"})
	}
	m := box("web1", "base")
	w, err := suggest(&m, "base", mismatches, at(10, 0, 0, 0))
	require.NoError(t, err)
	assert.Equal(t, []string{"packs/base.yaml:9"}, w.Sources)
	assert.Zero(t, w.More)

	dir := t.TempDir()
	text := "machines:\n  - name: web1\n    packs: [base]\n" + "    " + strings.ReplaceAll(strings.TrimSpace(w.Waivers), "\n", "\n    ") + "\n"
	file := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	c, problems := config.Load(file, dir)
	require.False(t, problems.Fatal(), "%v\n%s", problems, text)
	require.Len(t, c.Machines[0].Waivers, len(items))
	for i, waiver := range c.Machines[0].Waivers {
		assert.Equal(t, config.Waiver{Pack: "base", Kind: "file", Item: items[i], Reason: "why it may differ for now",
			Expires: time.Date(2026, 2, 13, 0, 0, 0, 0, time.UTC)}, waiver)
	}
}

// A key that is given twice is refused, and so are two waivers of an item.
func TestSuggestedWaiversLoadBelowThoseThatAreThere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yaml")
	load := func(more string) config.Machine {
		text := "machines:\n  - name: web1\n    packs: [base]\n    waivers:\n" +
			"      - {pack: base, kind: file, item: /a, reason: old, expires: 2026-01-02}\n" + more
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		c, problems := config.Load(file, dir)
		require.False(t, problems.Fatal(), "%v\n%s", problems, text)
		return c.Machines[0]
	}
	m := load("")
	w, err := suggest(&m, "base", []state.Mismatch{{Kind: "file", Item: "/a"}, {Kind: "file", Item: "/b"}, {Kind: "package", Item: "/a"}}, at(10, 0, 0, 0))
	require.NoError(t, err)
	assert.True(t, w.Below)
	assert.Equal(t, file+":2", w.Place)
	assert.Equal(t, []string{"/a"}, w.Waived)
	m = load("      " + strings.ReplaceAll(strings.TrimSpace(w.Waivers), "\n", "\n      ") + "\n")
	assert.Len(t, m.Waivers, 3)
}

func TestWhatNowSaysWhenItCounts(t *testing.T) {
	const path, look = "/machines/web1/packs/base", "To look without telling anybody: drift_exporter check web1 --pack=base --diff"
	for name, tc := range map[string]struct {
		change func(*rig, *Options)
		want   []string
	}{
		"the page can check": {func(_ *rig, o *Options) { o.EnableLifecycle = true },
			[]string{"then press Check now above, or wait for the next run at 2026-01-30 06:00:00 UTC (in 20 hours) . " + look}},
		"only runs check":       {func(*rig, *Options) {}, []string{"then wait for the next run at 2026-01-30 06:00:00 UTC (in 20 hours) . " + look}},
		"no run is due":         {func(r *rig, _ *Options) { r.runs.next = time.Time{} }, []string{"then wait for the next run. " + look}},
		"no waivers yet":        {func(*rig, *Options) {}, []string{"Add to machine web1 : waivers: - pack: base"}},
		"there are waivers":     {waived("/other"), []string{"Add below the waivers: of machine web1 in /etc/fleet.yaml:7 : - pack: base"}},
		"one of the same item":  {waived("/etc/issue"), []string{"item: curl", "/etc/issue has a waiver there already: give what has ended a later date."}},
		"nothing without them":  {waived("/etc/issue", "/etc/ssh/sshd_config", "curl"), []string{"configuration /etc/ssh/sshd_config , curl , /etc/issue have waivers there already"}},
		"the lines last a time": {func(*rig, *Options) {}, []string{"expires: 2026-02-12"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newRig(t, tc.change).open(t, path, 200)
			for _, want := range tc.want {
				assert.Contains(t, d.text, want)
			}
		})
	}
}

// waived gives web1 waivers of items of base, of all kinds that differ in the fixture.
func waived(items ...string) func(*rig, *Options) {
	return func(r *rig, _ *Options) {
		m := &r.fleet.Config.Machines[5]
		m.File, m.Line = "/etc/fleet.yaml", 7
		for _, item := range items {
			for _, kind := range []string{"file", "package"} {
				m.Waivers = append(m.Waivers, config.Waiver{Pack: "base", Kind: kind, Item: item, Reason: "x"})
			}
		}
	}
}

func TestSuggestionsAreFewAndOnePerItem(t *testing.T) {
	var mismatches []state.Mismatch
	for i := range 20 {
		mismatches = append(mismatches, state.Mismatch{Kind: "file", Item: fmt.Sprint("/f", i/2), Source: fmt.Sprint("packs/base.yaml:", i)})
	}
	m := box("web1", "base")
	w, err := suggest(&m, "base", mismatches, at(10, 0, 0, 0))
	require.NoError(t, err)
	assert.Equal(t, maxSuggested, strings.Count(w.Waivers, "item:"))
	assert.Equal(t, 5, w.More)
	assert.Len(t, w.Sources, maxSuggested)
	w, err = suggest(&m, "base", nil, at(10, 0, 0, 0))
	require.NoError(t, err)
	assert.Nil(t, w)
}

func TestSuggestedCommandIsSafeToPaste(t *testing.T) {
	m := box("it's; rm -rf /", "base")
	w, err := suggest(&m, "$(x)", []state.Mismatch{{Kind: "file", Item: "/a"}}, at(10, 0, 0, 0))
	require.NoError(t, err)
	out, err := exec.Command("/bin/sh", "-c", `drift_exporter() { printf '%s\n' "$@"; }; `+strings.Join(w.Command, " ")).Output()
	require.NoError(t, err)
	assert.Equal(t, "check\nit's; rm -rf /\n--pack=$(x)\n--diff\n", string(out))
	plain := box("web1.example-1_a", "base")
	w, err = suggest(&plain, "base", []state.Mismatch{{Kind: "file", Item: "/a"}}, at(10, 0, 0, 0))
	require.NoError(t, err)
	assert.Equal(t, "drift_exporter check web1.example-1_a --pack=base --diff", strings.Join(w.Command, " "))
}
