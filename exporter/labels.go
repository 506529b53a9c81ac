package exporter

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// maxLabelValue bounds label values that a machine chooses, in bytes.
const maxLabelValue = 256

// labelValue makes any string fit for a label: one bad value would spoil the whole scrape.
func labelValue(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxLabelValue {
		return s
	}
	return strings.ToValidUTF8(s[:maxLabelValue], "") // the cut may have gone through a character
}

const labelMachine = "machine"

// labelSet is the labels of one series, sorted by name. It is immutable.
type labelSet struct{ pairs []*dto.LabelPair }

func newLabelSet(pairs ...*dto.LabelPair) *labelSet { return &labelSet{pairs} }

func newLabel(name, value string) *dto.LabelPair {
	value = labelValue(value)
	return &dto.LabelPair{Name: &name, Value: &value}
}

// compare orders series of one gauge as client_golang's registries do.
func (s *labelSet) compare(t *labelSet) int {
	return cmp.Or(cmp.Compare(len(s.pairs), len(t.pairs)), slices.CompareFunc(s.pairs, t.pairs,
		func(a, b *dto.LabelPair) int { return strings.Compare(a.GetValue(), b.GetValue()) }))
}

// labelPool holds labels that many machines have alike once.
type labelPool map[[2]string]*dto.LabelPair

func (p labelPool) label(name, value string) *dto.LabelPair {
	key := [2]string{name, value}
	if p[key] == nil {
		p[key] = newLabel(name, value)
	}
	return p[key]
}

// machineLabels is the labels of the drift_machine_labels of a machine. A machine without labels of its own has
// that series too, so that a join with it loses no machine.
func machineLabels(m *config.Machine, machine *dto.LabelPair, shared labelPool) *labelSet {
	pairs := []*dto.LabelPair{machine}
	taken := map[string]int{}
	for _, original := range slices.Sorted(maps.Keys(m.Labels)) {
		name := "label_" + labelName(original)
		if n := taken[name]; n > 0 {
			name = freeName(taken, name)
		}
		taken[name]++
		pairs = append(pairs, shared.label(name, m.Labels[original]))
	}
	slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
	return newLabelSet(pairs...)
}

// labelName replaces what a classic Prometheus label name cannot have by underscores.
func labelName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, s)
}

// freeName numbers a name that two labels of one machine were made into ("a.b" and "a-b"), in the order of the
// originals.
func freeName(taken map[string]int, name string) string {
	for i := 2; ; i++ {
		if numbered := name + "_" + strconv.Itoa(i); taken[numbered] == 0 {
			return numbered
		}
	}
}
