package checker

import (
	"cmp"
	"slices"
)

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
