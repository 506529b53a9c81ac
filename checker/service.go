package checker

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// serviceKind checks services and other units of systemd, and services of OpenRC.
type serviceKind struct{}

func (serviceKind) Name() string              { return "service" }
func (serviceKind) Section() (string, string) { return "services", "" }
func (serviceKind) Fields() any               { return serviceFields{} }
func (serviceKind) Shell() string             { return systemdShell + openRCShell }

// serviceFields is an item of the section services.
type serviceFields struct {
	Name        yamlfile.Scalar `yaml:"name" show:"always"`
	Enabled     yamlfile.Bool   `yaml:"enabled" show:"open"`
	Running     yamlfile.Bool   `yaml:"running" show:"open"`
	Masked      yamlfile.Bool   `yaml:"masked" show:"open"`
	pack.Common `yaml:",inline"`
}

// serviceItem is what a pack demands of a service. A field that is nil demands nothing.
type serviceItem struct {
	name                     string // without .service
	enabled, running, masked *bool
}

func (s *serviceItem) Identity() string { return s.name }

func (s *serviceItem) Definition() string {
	return definition("name", s.name, "enabled", boolText(s.enabled), "running", boolText(s.running), "masked", boolText(s.masked))
}

func boolText(b *bool) string {
	if b == nil {
		return ""
	}
	return fmt.Sprint(*b)
}

func (serviceKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in serviceFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	s := &serviceItem{
		name: d.service("name", in.Name), enabled: given(in.Enabled), running: given(in.Running), masked: given(in.Masked),
	}
	if s.enabled == nil && s.running == nil && s.masked == nil && len(d.problems) == 0 {
		d.problem(0, "at least one of enabled, running and masked is required")
	}
	if in.Masked.Value && in.Enabled.Value {
		d.problem(in.Masked.Line, "a service that is masked cannot be enabled")
	}
	return s, d.problems
}

func given(b yamlfile.Bool) *bool {
	if !b.Set {
		return nil
	}
	return &b.Value
}

var (
	unitName   = regexp.MustCompile(`^[A-Za-z0-9:_.\\@-]+$`)
	unitSuffix = regexp.MustCompile(`.\.(service|socket|target|device|mount|automount|swap|timer|path|slice|scope)$`)
)

// maxUnitName is the longest name that systemd takes, suffix included.
const maxUnitName = 255

// service is a service's name without .service, so that one service has one identity. Only what systemd allows in
// names is let through: systemctl takes all else for a pattern, a path or a number.
func (d *decoding) service(field string, s yamlfile.Scalar) string {
	before := len(d.problems)
	name := d.required(field, s)
	if len(d.problems) > before {
		return name
	}
	if why := badUnit(name); why != "" {
		d.problem(s.Line, "%s %s", field, why)
	}
	return serviceName(name)
}

func badUnit(name string) string {
	unit := unitOf(name)
	prefix := unit[:strings.LastIndex(unit, ".")]
	switch {
	case strings.HasPrefix(name, "-") && prefix != "-":
		return "must not begin with a -: programs would take it for an option"
	case !unitName.MatchString(name) || name == "." || name == ".." || strings.HasPrefix(prefix, "@") || len(unit) > maxUnitName:
		return `must be the name of one service, such as ssh or logrotate.timer: letters, digits and :-_.\@, at most 255`
	case strings.HasSuffix(prefix, "@"):
		return "must name an instance, such as getty@tty1, not a template"
	}
	return ""
}

func serviceName(unit string) string {
	if name := strings.TrimSuffix(unit, ".service"); unitOf(name) == unit {
		return name
	}
	return unit
}

// unitOf is the full name of a unit of systemd.
func unitOf(name string) string {
	if unitSuffix.MatchString(name) {
		return name
	}
	return name + ".service"
}

func (serviceKind) Ops(pack.Item) []string {
	return []string{"systemd", "openrc"}
}

func (serviceKind) Ask(f Facts, item pack.Item) ([]Question, error) {
	s := item.(*serviceItem)
	question, err := askService(f, s.name)
	if err == nil && f.Init == initOpenRC && s.masked != nil && *s.masked {
		err = errors.New("OpenRC cannot mask a service")
	}
	return question, err
}

// The init systems that are known, as the machine calls them.
const (
	initSystemd = "systemd"
	initOpenRC  = "openrc"
)

func askService(f Facts, name string) ([]Question, error) {
	switch {
	case f.Init == initSystemd:
		return []Question{{Op: "systemd", Arg: unitOf(name)}}, nil
	case f.Init == initOpenRC && unitSuffix.MatchString(name):
		return nil, errors.New("OpenRC has services only")
	case f.Init == initOpenRC:
		return []Question{{Op: "openrc", Arg: name}}, nil
	case f.Init == "":
		return nil, errors.New("the machine does not say what its init system is")
	}
	return nil, fmt.Errorf("services are not supported with the init system %s", f.Init)
}

// serviceState is what a machine says of a service.
type serviceState struct {
	absent                   bool
	passing                  bool // it exists only as long as it runs
	enabled, running, masked claim
}

// claim is what is known of one property. It may be neither: a service that is just starting runs not yet and is not
// stopped either; then neither demand is satisfied.
type claim struct {
	yes, no bool
	text    string // as the machine says it
}

func observedService(f Facts, name string, answers Answers) (serviceState, error) {
	if f.Init == initOpenRC {
		answer, err := answers.to("openrc", name)
		if err != nil {
			return serviceState{}, err
		}
		return parseOpenRC(answer)
	}
	answer, err := answers.to("systemd", unitOf(name))
	if err != nil {
		return serviceState{}, err
	}
	return parseUnit(unitOf(name), answer)
}

func (serviceKind) Compare(f Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	s := item.(*serviceItem)
	got, err := observedService(f, s.name, answers)
	if err != nil {
		return nil, nil, err
	}
	return s.compare(got), nil, nil
}

// compare gives one mismatch of all that differs.
func (s *serviceItem) compare(got serviceState) []state.Mismatch {
	var wanted, expected, actual []string
	positive := false
	demand := func(want *bool, is claim, yes, no string) {
		if want == nil {
			return
		}
		positive = positive || *want
		word, ok := no, is.no
		if *want {
			word, ok = yes, is.yes
		}
		wanted = append(wanted, word)
		if !ok {
			expected, actual = append(expected, word), append(actual, is.text)
		}
	}
	demand(s.enabled, got.enabled, "enabled", "disabled")
	demand(s.running, got.running, "running", "stopped")
	demand(s.masked, got.masked, "masked", "not masked")
	switch {
	case got.absent && positive:
		return []state.Mismatch{{Type: "missing_service", Expected: strings.Join(wanted, ", "), Actual: "absent"}}
	case len(expected) > 0 && !got.absent:
		return []state.Mismatch{{Type: "wrong_service", Expected: strings.Join(expected, ", "), Actual: strings.Join(actual, ", ")}}
	}
	return nil
}
