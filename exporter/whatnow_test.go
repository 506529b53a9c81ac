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
	out, err := exec.Command("/bin/sh", "-c", `drift_exporter() { printf '%s\n' "$@"; }; `+w.Command).Output()
	require.NoError(t, err)
	assert.Equal(t, "check\nit's; rm -rf /\n--pack=$(x)\n--diff\n", string(out))
	plain := box("web1.example-1_a", "base")
	w, err = suggest(&plain, "base", []state.Mismatch{{Kind: "file", Item: "/a"}}, at(10, 0, 0, 0))
	require.NoError(t, err)
	assert.Equal(t, "drift_exporter check web1.example-1_a --pack=base --diff", w.Command)
}
