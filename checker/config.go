package checker

import (
	"errors"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// configKind is the setting of a configuration file. Packs of the older format have it without saying of which file,
// so that nobody can tell what it demands: it loads with a warning, and no check passes over it in silence.
type configKind struct{}

func (configKind) Name() string              { return "config" }
func (configKind) Section() (string, string) { return "settings", "config" }

// Shell is empty: nothing is observed.
func (configKind) Shell() string { return "" }

type configItem struct{ *setting }

func (configKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in struct {
		Setting settingFields   `yaml:",inline"`
		Path    yamlfile.Scalar `yaml:"path"`
		Format  yamlfile.Scalar `yaml:"format"`
	}
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	item := configItem{d.setting(in.Setting)}
	if in.Path.Set || in.Format.Set {
		d.problem(0, "settings of type config are not supported by this version: check the file in the section files")
	} else {
		d.problem(0, "a setting of type config without a path says nothing of where it is: every check reports it as unsupported")
		d.problems[len(d.problems)-1].Warning = true
	}
	return item, d.problems
}

func (configKind) Ask(Facts, pack.Item) ([]Question, error) {
	return nil, errors.New("unsupported: a setting of type config without a path")
}

// Compare is never reached: Ask is an error for every item.
func (configKind) Compare(Facts, pack.Item, Answers) ([]state.Mismatch, []Question, error) {
	return nil, nil, errors.New("unsupported")
}
