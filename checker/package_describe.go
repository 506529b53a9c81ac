package checker

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

var _ describer = packageKind{}

// packagesQuestion asks for all packages that a manager knows.
func packagesQuestion(manager string) Question { return Question{Op: "packages", Arg: manager} }

// packageList reads the answer to packagesQuestion: every package, by name, those that are not installed included. One
// that is installed for several architectures or in several versions is there as often. The keys that rpm keeps as
// packages are left out.
func packageList(answers Answers, manager string) ([]foundPackage, error) {
	q := packagesQuestion(manager)
	answer, err := answers.to(q.Op, q.Arg)
	if err != nil {
		return nil, err
	}
	found, err := parseFoundPackages(manager, answer, 4)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(p foundPackage) bool { return manager == "rpm" && p.name == "gpg-pubkey" })
	slices.SortFunc(found, func(a, b foundPackage) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.arch, b.arch), cmp.Compare(a.version, b.version))
	})
	return found, nil
}

func (packageKind) selector() string { return "a name, or all" }

// describe takes the name of a package, as the field name, or all: then what is not completely installed is left out.
func (k packageKind) describe(f Facts, selector string, a Answers) ([]*yaml.Node, []Question, error) {
	if holdsPattern(selector) {
		return nil, nil, errors.New("patterns of packages are not known: give a name, or all")
	}
	p := &packageItem{name: selector}
	manager, err := p.managerOn(f)
	if err != nil {
		return nil, nil, err
	}
	questions, err := k.Ask(f, p)
	if err != nil {
		return nil, nil, err
	}
	if selector == selectAll {
		questions[0] = packagesQuestion(manager)
	}
	if !a.has(questions[0]) {
		return nil, questions, errUndecided
	}
	var found []foundPackage
	if selector == selectAll {
		found, err = packageList(a, manager)
	} else {
		found, err = packagesIn(a, manager, selector)
	}
	switch {
	case errors.Is(err, errUndecided):
		return nil, []Question{packagesQuestion(manager)}, err
	case err != nil:
		return nil, nil, err
	}
	order, err := orderOn(manager, a)
	if err != nil {
		return nil, nil, err
	}
	if selector == selectAll {
		return describeAll(order, found), nil, nil
	}
	item, err := describeNamed(order, selector, found)
	return []*yaml.Node{item}, nil, err
}

// describeNamed is the item of one package. A name that was mistyped must not become a demand that it be absent.
func describeNamed(order versionOrder, name string, found []foundPackage) (*yaml.Node, error) {
	there := slices.DeleteFunc(slices.Clone(found), func(p foundPackage) bool { return !p.there })
	installed := slices.DeleteFunc(slices.Clone(found), func(p foundPackage) bool { return p.status != "" })
	switch {
	case len(there) == 0:
		return nil, errors.New("is not installed")
	case len(installed) == 0:
		return nil, fmt.Errorf("is neither installed nor absent: %s", joined(there))
	}
	return describePackage(order, name, installed), nil
}

// describeAll are the items of all packages that are installed.
func describeAll(order versionOrder, found []foundPackage) []*yaml.Node {
	byName := map[string][]foundPackage{}
	for _, p := range found {
		if p.status == "" {
			byName[p.name] = append(byName[p.name], p)
		}
	}
	var items []*yaml.Node
	for _, name := range sortedKeys(byName) {
		items = append(items, describePackage(order, name, byName[name]))
	}
	return items
}

// describePackage demands exactly the version that is installed, or where there are several, one between the oldest
// and the newest. It demands none where the installed ones would not satisfy it: if they are no versions to their own
// manager, or differ in having an epoch.
func describePackage(order versionOrder, name string, installed []foundPackage) *yaml.Node {
	oldest, newest := installed[0].version, installed[0].version
	for _, one := range installed {
		if age, err := order(one.version, oldest, false); err == nil && age < 0 {
			oldest = one.version
		}
		if age, err := order(one.version, newest, false); err == nil && age > 0 {
			newest = one.version
		}
	}
	p := &packageItem{minVersion: oldest, maxVersion: newest}
	if oldest == newest {
		p = &packageItem{version: oldest}
	}
	for _, one := range installed {
		if ok, err := p.satisfied(order, one.version); err != nil || !ok {
			return mapping("name", name)
		}
	}
	return mapping("name", name, "version", p.version, "min_version", p.minVersion, "max_version", p.maxVersion)
}
