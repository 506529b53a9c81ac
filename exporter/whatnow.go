package exporter

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// whatNow is what the diff view suggests to do about a drift.
type whatNow struct {
	Command string   // that checks the pair again
	Sources []string // where the pack demands what differs, the first few
	Waivers string   // YAML for config.yaml, of the first few
	More    int      // items that Waivers leaves out
}

// maxSuggested bounds the items that are written out as waivers, and the lines of the pack that are named.
const maxSuggested = 5

// waiverDays is how long a suggested waiver lasts: until somebody must have had time to repair the machine.
const waiverDays = 14

// suggest makes the suggestions for a pair that drifted.
func suggest(m *config.Machine, pack string, mismatches []state.Mismatch, now time.Time) (*whatNow, error) {
	if len(mismatches) == 0 {
		return nil, nil
	}
	w := &whatNow{Command: "drift_exporter check " + shellWord(m.Name) + " --pack=" + shellWord(pack) + " --diff"}
	seen := map[string]bool{}
	var items []state.Mismatch
	for _, mm := range mismatches {
		if id := itemOf(mm); !seen[id] {
			seen[id] = true
			items = append(items, mm)
		}
		if mm.Source != "" && len(w.Sources) < maxSuggested && !slices.Contains(w.Sources, mm.Source) {
			w.Sources = append(w.Sources, mm.Source)
		}
	}
	w.More = max(0, len(items)-maxSuggested)
	type waiver struct {
		Pack    string    `yaml:"pack"`
		Kind    string    `yaml:"kind"`
		Item    string    `yaml:"item"`
		Reason  string    `yaml:"reason"`
		Expires yaml.Node `yaml:"expires"`
	}
	// A date without quotes, as people write it.
	expires := yaml.Node{Kind: yaml.ScalarNode, Value: now.UTC().AddDate(0, 0, waiverDays).Format(time.DateOnly)}
	var snippet struct {
		Waivers []waiver `yaml:"waivers"`
	}
	for _, i := range items[:len(items)-w.More] {
		snippet.Waivers = append(snippet.Waivers, waiver{pack, i.Kind, i.Item, "why it may differ for now", expires})
	}
	var text bytes.Buffer
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := enc.Encode(snippet); err != nil {
		return nil, err
	}
	w.Waivers = text.String()
	return w, nil
}

// shellWord quotes a word for a POSIX shell where that is needed.
func shellWord(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@", r)
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
