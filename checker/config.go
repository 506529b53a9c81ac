package checker

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// configKind checks one key of a configuration file, which is read on our side. Packs of the older format have such
// items without saying of which file, so that nobody can tell what they demand: they load with a warning, and no check
// passes over them in silence.
type configKind struct{ reads *configReads }

// newConfigKind makes the kind for one check: what a file was read to hold is remembered for as long as the kind is.
func newConfigKind() configKind { return configKind{&configReads{}} }

func (configKind) Name() string              { return "config" }
func (configKind) Section() (string, string) { return "settings", "config" }
func (configKind) Fields() any               { return configFields{} }

// Shell is empty: what it asks, the kind file answers.
func (configKind) Shell() string { return "" }

// configFields is an item of the section settings with type config.
type configFields struct {
	Key            yamlfile.Scalar `yaml:"key" show:"always"`
	Expected       yamlfile.Texts  `yaml:"expected" show:"asked"`
	State          yamlfile.Scalar `yaml:"state" show:"always"`
	Type           yamlfile.Scalar `yaml:"type" show:"always"`
	Path           yamlfile.Scalar `yaml:"path" show:"always"`
	Format         yamlfile.Scalar `yaml:"format" show:"always"`
	Section        yamlfile.Scalar `yaml:"section" show:"always"`
	IgnoreCase     yamlfile.Bool   `yaml:"ignore_case" show:"always"`
	InlineComments yamlfile.Bool   `yaml:"inline_comments" show:"always"`
	Repeated       yamlfile.Scalar `yaml:"repeated" show:"always"`
	pack.Common    `yaml:",inline"`
}

// configItem is a key of a file and the value that it must have.
type configItem struct {
	path     string // empty in the old form
	format   string
	key      string
	steps    []keyStep // of the key, in formats that nest
	section  string    // of an ini file
	isList   bool      // a list is demanded
	expected []string  // one, unless it is a list
	absent   bool
	// What programs that read ini files differ in.
	ignoreCase, inlineComments yamlfile.Bool
	repeated                   string
}

// Identity names the file as well: a key may be in many.
func (c *configItem) Identity() string {
	if c.path == "" {
		return c.key
	}
	if c.section != "" && c.steps == nil {
		return c.path + " [" + c.section + "] " + c.key
	}
	return c.path + " " + c.key
}

func (c *configItem) Definition() string {
	bools := ""
	for _, b := range []yamlfile.Bool{c.ignoreCase, c.inlineComments} {
		bools += fmt.Sprint(b.Set, b.Value, " ")
	}
	return definition("path", c.path, "format", c.format, "section", c.section, "key", c.key, "state", stateText(c.absent),
		"reading", bools, "repeated", c.repeated, "expected", fmt.Sprintf("%t %q", c.isList, c.expected))
}

func (configKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in configFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	c := &configItem{
		key: d.required("key", in.Key), absent: d.state(in.State), section: in.Section.Value,
		expected: in.Expected.Texts(), ignoreCase: in.IgnoreCase, inlineComments: in.InlineComments,
		repeated: d.oneOf("repeated", in.Repeated, repeatedLast, repeatedFirst),
	}
	_, c.isList = yamlfile.List(orNull(yamlfile.Get(node, "expected")))
	c.isList = c.isList && in.Expected.Set
	switch {
	case c.absent && in.Expected.Set:
		d.problem(in.Expected.Line, "state absent excludes expected")
	case !c.absent && !in.Expected.Set && in.Expected.Line > 0:
		d.problem(in.Expected.Line, `expected is null: where the text null is demanded, put it in quotes: "null"`)
	case !c.absent && !in.Expected.Set:
		d.problem(in.Expected.Line, "expected is required")
	}
	if !in.Path.Set && !in.Format.Set && !in.Section.Set && !in.State.Set {
		d.problem(0, "a setting of type config without a path says nothing of where it is: every check reports it as unsupported")
		d.problems[len(d.problems)-1].Warning = true
		return c, d.problems
	}
	c.path = d.path("path", in.Path)
	d.configFormat(c, in)
	return c, d.problems
}

func orNull(node *yaml.Node) *yaml.Node {
	if node == nil {
		return &yaml.Node{}
	}
	return node
}

// configFormat decodes what depends on the format.
func (d *decoding) configFormat(c *configItem, in configFields) {
	c.format = configFormatOf(in.Format.Value, c.path)
	format, known := configFormats[c.format]
	switch {
	case in.Format.Set && !known:
		d.problem(in.Format.Line, "format must be %s, not %q", strings.Join(sortedKeys(configFormats), ", "), in.Format.Value)
		return
	case !known:
		d.problem(in.Format.Line, "format is required, since the path does not say it: one of %s", strings.Join(sortedKeys(configFormats), ", "))
		return
	case c.isList && !format.lists:
		d.problem(in.Expected.Line, "expected must be one value: format %s has no lists", c.format)
	}
	onlyINI := map[string]bool{
		"section": in.Section.Set, "ignore_case": in.IgnoreCase.Set, "inline_comments": in.InlineComments.Set, "repeated": in.Repeated.Set,
	}
	for _, field := range sortedKeys(onlyINI) {
		if onlyINI[field] && c.format != "ini" {
			d.problem(0, "%s is for format ini only", field)
		}
	}
	if !format.nests || in.Section.Set || c.key == "" {
		return
	}
	var err error
	if c.steps, err = parseKey(c.key); err != nil {
		d.problem(in.Key.Line, "key: %s", err)
	}
	if c.format == "ini" && err == nil {
		d.iniKey(c, in.Key.Line)
	}
}

// iniKey takes a key of an ini file apart: one without a dot stands before any section.
func (d *decoding) iniKey(c *configItem, line int) {
	isList := slices.ContainsFunc(c.steps, func(s keyStep) bool { return s.isIndex })
	if isList || len(c.steps) > 2 {
		d.problem(line, "key: in format ini it is section.key; where one of them holds a dot or a bracket, put it in quotes or give the section as section")
		return
	}
	if len(c.steps) == 2 {
		c.section = c.steps[0].name
	}
}

var errOldConfig = errors.New("unsupported: a setting of type config without a path")

func (configKind) Ops(pack.Item) []string {
	return append(contentOps(), "glob")
}

func (k configKind) Ask(facts Facts, item pack.Item) ([]Question, error) {
	c := item.(*configItem)
	if c.path == "" {
		return nil, errOldConfig
	}
	path, err := onMachine(c.path, facts)
	if err != nil {
		return nil, err
	}
	k.reads.want(path, c)
	return []Question{{Op: "file", Arg: path}}, nil
}

func (k configKind) Compare(facts Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	c := item.(*configItem)
	path, err := onMachine(c.path, facts)
	if err != nil {
		return nil, nil, err
	}
	reading := configReading{answers: answers}
	if got, known, err := k.reads.known(c, reading.sum(path)); known {
		if _, _, err := reading.status(path); err != nil {
			return nil, nil, err
		}
		return c.verdict(facts, reading, got, err)
	}
	content, there, err := reading.file(path)
	if err != nil {
		return nil, reading.more, err
	}
	var got configValue
	switch {
	case !there:
		got = configValue{what: "(no such file)"}
	case c.format == "sshd":
		got, err = reading.sshd(c.key, content)
	default:
		got, err = k.reads.value(path, reading.sum(path), content, c)
	}
	return c.verdict(facts, reading, got, err)
}

// verdict is what a value that was read comes to.
func (c *configItem) verdict(facts Facts, reading configReading, got configValue, err error) ([]state.Mismatch, []Question, error) {
	if err != nil {
		return nil, reading.more, err
	}
	return c.judge(got, !facts.Sensitive.Or(reading.secret)), nil, nil
}

// judge compares what there is with what is demanded.
func (c *configItem) judge(got configValue, show bool) []state.Mismatch {
	wanted := configValue{set: true, isList: c.isList, texts: c.expected}
	if c.absent {
		wanted = configValue{what: "(unset)"}
	}
	if c.format == "sshd" && !c.absent {
		wanted = scalarValue(strings.Join(strings.Fields(strings.Join(c.expected, " ")), " "))
	}
	if got.equal(wanted) {
		return nil
	}
	mismatch := wrongSetting(wanted.String(), got.String())
	mismatch[0].Sensitive = !show
	return mismatch
}
