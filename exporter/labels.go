package exporter

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

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

const machineLabelsHelp = "The labels that the configuration gives a machine, each as label_<name>. Always 1."

// machineLabels is the drift_machine_labels of a machine. A machine without labels has it too, so that a join
// with it loses no machine.
func machineLabels(m *config.Machine) prometheus.Metric {
	names := []string{"machine"}
	values := []string{labelValue(m.Name)}
	taken := map[string]int{}
	for _, original := range slices.Sorted(maps.Keys(m.Labels)) {
		name := "label_" + labelName(original)
		if n := taken[name]; n > 0 {
			name = freeName(taken, name)
		}
		taken[name]++
		names = append(names, name)
		values = append(values, labelValue(m.Labels[original]))
	}
	d := prometheus.NewDesc("drift_machine_labels", machineLabelsHelp, names, nil)
	return gauge(d, 1, values...)
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
