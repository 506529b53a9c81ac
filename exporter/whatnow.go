package exporter

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// whatNow is what the diff view suggests to do about a drift.
type whatNow struct {
	Command  []string  // that checks the pair again and stores nothing, word by word
	CheckNow bool      // the page has a button that does
	NextRun  time.Time // zero: not known
	Sources  []string  // where the pack demands what differs, the first few
	Waivers  string    // YAML for the machine's configuration, of the first few
	Below    bool      // the machine has the key that Waivers belongs under, so that it begins without
	Place    string    // file:line of the machine; empty: not known
	Waived   []string  // items that have a waiver already, which has ended or is too new to count; the first few
	Others   int       // that have one too
	More     int       // items that Waivers leaves out
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
	w := &whatNow{Command: []string{"drift_exporter", "check", shellWord(m.Name), "--pack=" + shellWord(pack), "--diff"}, Below: len(m.Waivers) > 0}
	if m.File != "" {
		w.Place = fmt.Sprintf("%s:%d", m.File, m.Line)
	}
	seen := map[string]bool{}
	var items []state.Mismatch
	var waived []string
	for _, mm := range mismatches {
		if id := itemOf(mm); !seen[id] {
			seen[id] = true
			if hasWaiver(m, pack, mm) { // a second one would be refused
				waived = append(waived, mm.Item)
			} else {
				items = append(items, mm)
			}
		}
		if mm.Source != "" && len(w.Sources) < maxSuggested && !slices.Contains(w.Sources, mm.Source) {
			w.Sources = append(w.Sources, mm.Source)
		}
	}
	w.More = max(0, len(items)-maxSuggested)
	w.Waived = waived[:min(len(waived), maxSuggested)]
	w.Others = len(waived) - len(w.Waived)
	var err error
	w.Waivers, err = waiverLines(pack, items[:len(items)-w.More], w.Below, now)
	return w, err
}

func hasWaiver(m *config.Machine, pack string, mm state.Mismatch) bool {
	return slices.ContainsFunc(m.Waivers, func(w config.Waiver) bool {
		return w.Pack == pack && w.Kind == mm.Kind && w.Item == mm.Item
	})
}

// waiverLines waives items, below a key that is there or with it.
func waiverLines(pack string, items []state.Mismatch, below bool, now time.Time) (string, error) {
	if len(items) == 0 {
		return "", nil
	}
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
	for _, i := range items {
		snippet.Waivers = append(snippet.Waivers, waiver{pack, i.Kind, i.Item, "why it may differ for now", expires})
	}
	var text bytes.Buffer
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	var lines any = snippet
	if below {
		lines = snippet.Waivers
	}
	if err := enc.Encode(lines); err != nil {
		return "", err
	}
	return text.String(), nil
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
