package checker

import (
	"errors"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// withoutLines returns a content without the lines that match one of the patterns.
func withoutLines(content string, patterns []*linePattern) string {
	var out strings.Builder
	for line := range strings.Lines(content) {
		bare := strings.TrimSuffix(line, "\n")
		if !slices.ContainsFunc(patterns, func(p *linePattern) bool { return p.matches(bare) }) {
			out.WriteString(line)
		}
	}
	return out.String()
}

// compareRest compares contents that differ by what is left of them without the lines that may differ. The hashes and
// the diff of a mismatch are of that.
func (f *fileItem) compareRest(facts Facts, got observed, answers Answers, path, wanted string) ([]state.Mismatch, []Question, error) {
	if f.secret(facts, got) {
		return nil, nil, errors.New("its content must not leave the machine, and ignore_lines needs it here (sensitive: false lets it)")
	}
	content, more, err := readWhole(got, answers, path)
	if err != nil {
		return nil, more, err
	}
	wanted, content = withoutLines(wanted, f.ignored), withoutLines(content, f.ignored)
	if wanted == content {
		return nil, nil, nil
	}
	mismatch := state.Mismatch{
		Type: "wrong_content", Expected: "sha256:" + hashOf([]byte(wanted)), Actual: "sha256:" + hashOf([]byte(content)),
	}
	if len(content) <= maxDiffed && isText([]byte(wanted)) && isText([]byte(content)) {
		mismatch.Diff = unifiedDiff(wanted, content)
	}
	return []state.Mismatch{mismatch}, nil, nil
}
