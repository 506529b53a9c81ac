package checker

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// packageKind checks packages: of the machine's own package manager, or of one that the pack names.
type packageKind struct{}

func (packageKind) Name() string              { return "package" }
func (packageKind) Section() (string, string) { return "packages", "" }
func (packageKind) Fields() any               { return packageFields{} }

// packageFields is an item of the section packages.
type packageFields struct {
	Name        yamlfile.Scalar `yaml:"name" show:"always"`
	Manager     yamlfile.Scalar `yaml:"manager" show:"always"`
	MinVersion  yamlfile.Scalar `yaml:"min_version" show:"open"`
	MaxVersion  yamlfile.Scalar `yaml:"max_version" show:"open"`
	Version     yamlfile.Scalar `yaml:"version" show:"open"`
	State       yamlfile.Scalar `yaml:"state" show:"always"`
	pack.Common `yaml:",inline"`
}

// packageItem is what a pack demands of a package.
type packageItem struct {
	name       string
	manager    string // empty: the machine's
	minVersion string
	maxVersion string
	version    string
	absent     bool
}

func (p *packageItem) Identity() string { return p.name }

func (p *packageItem) Definition() string {
	return definition("name", p.name, "manager", p.manager, "min_version", p.minVersion, "max_version", p.maxVersion,
		"version", p.version, "state", stateText(p.absent))
}

func (packageKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in packageFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	p := &packageItem{
		name:    d.packageName("name", in.Name),
		manager: d.oneOf("manager", in.Manager, packageManagers()...),
		absent:  d.state(in.State),
	}
	before := len(d.problems)
	p.minVersion = d.version("min_version", in.MinVersion, p.manager)
	p.maxVersion = d.version("max_version", in.MaxVersion, p.manager)
	p.version = d.version("version", in.Version, p.manager)
	bounded := in.MinVersion.Set || in.MaxVersion.Set
	switch {
	case p.absent && (bounded || in.Version.Set):
		d.problem(0, "state absent excludes min_version, max_version and version")
	case bounded && in.Version.Set:
		d.problem(0, "version excludes min_version and max_version")
	case len(d.problems) == before && p.impossible():
		d.problem(in.MaxVersion.Line, "no version is at least min_version and at most max_version")
	}
	return p, d.problems
}

// packageName is the name of one package. No manager has names with what patterns are made of: who writes it expects a
// pattern.
func (d *decoding) packageName(field string, s yamlfile.Scalar) string {
	name := d.required(field, s)
	if holdsPattern(name) {
		d.problems = append(d.problems, yamlfile.Problem{
			Line: s.Line, Message: field + " is taken literally, with its *, ? or [: no package has such a name", Warning: true,
		})
	}
	return name
}

// version is a version as the named manager takes it. Where the machine's own is meant, it need only be one to some
// manager here: whether it is one to the machine's can only be told there.
func (d *decoding) version(field string, s yamlfile.Scalar, manager string) string {
	version := d.text(field, s)
	if version == "" || manager != "" && !slices.Contains(packageManagers(), manager) {
		return version
	}
	var err error
	for _, order := range ordersOf(manager) {
		if _, err = order(version, version, false); err == nil {
			return version
		}
	}
	if manager == "" {
		err = fmt.Errorf("%q is not a version to any package manager", version)
	}
	d.problem(s.Line, "%s: %s", field, err)
	return version
}

// impossible tells whether no version can be within both bounds, whichever manager it will be.
func (p *packageItem) impossible() bool {
	if p.minVersion == "" || p.maxVersion == "" {
		return false
	}
	possible := func(order versionOrder) bool {
		least, err := order(p.minVersion, p.maxVersion, false)
		return err == nil && least <= 0
	}
	return !slices.ContainsFunc(ordersOf(p.manager), possible)
}

// managerOn is the manager that has the say about the item on a machine.
func (p *packageItem) managerOn(f Facts) (string, error) {
	manager := cmp.Or(p.manager, f.PackageManager)
	switch {
	case manager == "":
		return "", errors.New("no package manager found")
	case !slices.Contains(packageManagers(), manager):
		return "", fmt.Errorf("packages are not supported with %s", manager)
	}
	return manager, nil
}

// apkTools is the package of apk itself, whose version says how versions compare. Where it has another name, it is a
// new one.
const apkTools = "apk-tools"

func (packageKind) Ops(pack.Item) []string {
	return []string{"package_dpkg", "package_rpm", "package_apk", "package_pacman", "package_opkg", "packages"}
}

func (packageKind) Ask(f Facts, item pack.Item) ([]Question, error) {
	p := item.(*packageItem)
	manager, err := p.managerOn(f)
	if err != nil {
		return nil, err
	}
	op := "package_" + manager
	questions := []Question{{Op: op, Arg: p.name}}
	if manager == "apk" {
		questions = append(questions, Question{Op: op, Arg: apkTools})
	}
	return questions, nil
}

// Compare takes a package for installed only if its manager has finished with it, and for absent only if at most its
// configuration is left: files of one that is half there may well be in use. Where it is installed several times, for
// several architectures or in several versions, each of them must be one that is demanded.
func (packageKind) Compare(f Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	p := item.(*packageItem)
	manager, err := p.managerOn(f)
	if err != nil {
		return nil, nil, err
	}
	found, err := packagesIn(answers, manager, p.name)
	switch {
	case errors.Is(err, errUndecided):
		return nil, []Question{packagesQuestion(manager)}, err
	case err != nil:
		return nil, nil, err
	}
	order, err := orderOn(manager, answers)
	if err != nil {
		return nil, nil, err
	}
	one := func(typ, expected, actual string) ([]state.Mismatch, []Question, error) {
		return []state.Mismatch{{Type: typ, Expected: expected, Actual: actual}}, nil, nil
	}
	var there, installed, wrong []foundPackage
	for _, one := range found {
		if one.there {
			there = append(there, one)
		}
		if one.status != "" {
			continue
		}
		installed = append(installed, one)
		if ok, err := p.satisfied(order, one.version); err != nil {
			return nil, nil, err
		} else if !ok {
			wrong = append(wrong, one)
		}
	}
	switch {
	case p.absent && len(there) > 0:
		return one("unexpected_package", "absent", joined(there))
	case p.absent:
		return nil, nil, nil
	case len(installed) == 0:
		return one("missing_package", p.expected(), unfinished(found))
	case len(wrong) > 0:
		return one("wrong_version", p.expected(), joined(wrong))
	}
	return nil, nil, nil
}

// packagesIn are the packages of a name that were found. It cannot be decided without the list of all packages whether there
// is none, where none that was asked for by name is there.
func packagesIn(answers Answers, manager, name string) ([]foundPackage, error) {
	answer, err := answers.to("package_"+manager, name)
	if err != nil {
		return nil, err
	}
	if answer == unlisted {
		all := packagesQuestion(manager)
		if !answers.has(all) {
			return nil, errUndecided
		}
		_, err := answers.to(all.Op, all.Arg) // it is an error if the list is empty
		return nil, err
	}
	return parseFoundPackages(manager, answer, 3)
}

// orderOn is how the manager of a machine orders versions.
func orderOn(manager string, answers Answers) (versionOrder, error) {
	orders := versionOrders(manager)
	if len(orders) == 1 {
		return orders[0], nil
	}
	found, err := packagesIn(answers, manager, apkTools)
	if err != nil {
		return nil, err
	}
	for _, tools := range found {
		if age, err := orders[0](tools.version, "3", false); err == nil && age < 0 {
			return orders[1], nil
		}
	}
	return orders[0], nil
}

func (p *packageItem) expected() string {
	var bounds []string
	if p.minVersion != "" {
		bounds = append(bounds, ">= "+p.minVersion)
	}
	if p.maxVersion != "" {
		bounds = append(bounds, "<= "+p.maxVersion)
	}
	return cmp.Or(strings.Join(bounds, ", "), p.version, "installed")
}

// satisfied tells whether an installed version is one that is demanded.
func (p *packageItem) satisfied(order versionOrder, installed string) (bool, error) {
	for _, demand := range []struct {
		field, wanted string
		exact         bool
		fits          func(order int) bool
	}{
		{"min_version", p.minVersion, false, func(order int) bool { return order >= 0 }},
		{"max_version", p.maxVersion, false, func(order int) bool { return order <= 0 }},
		{"version", p.version, true, func(order int) bool { return order == 0 }},
	} {
		if demand.wanted == "" {
			continue
		}
		got, err := order(installed, demand.wanted, demand.exact)
		if err != nil {
			return false, fmt.Errorf("%s: %w", demand.field, err)
		}
		if !demand.fits(got) {
			return false, nil
		}
	}
	return true, nil
}

// unfinished says of a package that is not installed what there is instead.
func unfinished(found []foundPackage) string {
	for _, p := range slices.Backward(found) {
		if p.status != "not-installed" {
			return p.String()
		}
	}
	return "absent"
}

func joined(packages []foundPackage) string {
	var texts []string
	for _, p := range packages {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}
