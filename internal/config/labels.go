package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// labels reads labels of alerts; those that are taken are refused.
func (s scope) labels(raw map[string]yamlfile.Scalar, field string, taken ...string) map[string]string {
	out := make(map[string]string, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		v := raw[name]
		switch {
		case !v.Set: // null is no label
		case !model.LegacyValidation.IsValidLabelName(name):
			s.errorf(v.Line, "%s: %q is not a label name: letters, digits and '_', not beginning with a digit", field, name)
		case strings.HasPrefix(name, "__"):
			s.errorf(v.Line, "%s: %q must not begin with '__', which Prometheus keeps for itself", field, name)
		case slices.Contains(taken, name):
			s.errorf(v.Line, "%s: %q is set by drift_exporter itself", field, name)
		case v.Value == "":
			s.errorf(v.Line, "%s: %q is empty, which is the same as no label: leave it out", field, name)
		case !yamlfile.OneLine(v.Value):
			s.errorf(v.Line, "%s: %q must not hold line breaks or other control characters", field, name)
		default:
			out[name] = v.Value
		}
	}
	return out
}

// sorted is the names that are true.
func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
