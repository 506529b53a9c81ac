package checker

import (
	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// settingFields is an item of the section settings with a type that has no further fields.
type settingFields struct {
	Key         yamlfile.Scalar `yaml:"key" show:"always"`
	Expected    yamlfile.Scalar `yaml:"expected" show:"asked"`
	Type        yamlfile.Scalar `yaml:"type" show:"always"`
	pack.Common `yaml:",inline"`
}

// setting is a key that must have a value.
type setting struct{ key, expected string }

func (s *setting) Identity() string { return s.key }

func (s *setting) Definition() string {
	return definition("key", s.key, "expected", "="+s.expected)
}

// setting decodes what all settings have.
func (d *decoding) setting(in settingFields) *setting {
	if !in.Expected.Set {
		d.problem(in.Expected.Line, "expected is required")
	}
	return &setting{key: d.required("key", in.Key), expected: in.Expected.Value}
}

func wrongSetting(expected, actual string) []state.Mismatch {
	return []state.Mismatch{{Type: "wrong_setting", Expected: expected, Actual: actual}}
}
