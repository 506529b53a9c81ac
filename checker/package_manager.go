package checker

import (
	"fmt"
	"slices"
	"strings"
)

// packageManagers are those that are known, as the fact package_manager and a pack name them. Each has a shell
// function packages_NAME that lists what is installed, and an op package_NAME.
func packageManagers() []string { return []string{"apk", "dpkg", "opkg", "pacman", "rpm"} }

// versionOrder orders an installed version and a wanted one as a package manager does: negative if the installed one
// is older. exact says that just the wanted version will do, and not that it is a bound. It fails for what is no
// version there.
type versionOrder func(installed, wanted string, exact bool) (int, error)

// versionOrders are those of a manager. There are two where newer versions of the manager order otherwise: first that
// of the newer ones.
func versionOrders(manager string) []versionOrder {
	switch manager {
	case "rpm":
		return []versionOrder{rpmInstalled}
	case "pacman":
		return []versionOrder{pacmanInstalled}
	case "apk":
		return []versionOrder{apkInstalled(false), apkInstalled(true)}
	}
	return []versionOrder{debInstalled} // opkg has taken its order from dpkg
}

// ordersOf are the orders of a manager, or those of all where none is named.
func ordersOf(manager string) []versionOrder {
	if manager != "" {
		return versionOrders(manager)
	}
	var orders []versionOrder
	for _, manager := range packageManagers() {
		orders = append(orders, versionOrders(manager)...)
	}
	return orders
}

// foundPackage is a package that a manager knows, installed or not.
type foundPackage struct {
	name    string // set in lists of all packages only
	arch    string
	version string
	status  string // empty if the manager has finished installing it, else what there is: "half-configured"
	there   bool   // something of it is on the machine, beyond configuration that it left behind
}

// String is the version, behind the status if it is not just installed.
func (p foundPackage) String() string { return strings.TrimSpace(p.status + " " + p.version) }

// harmlessFlags do not change that a package is installed: a hold for instance says what becomes of it later.
var harmlessFlags = [...]string{"ok", "hold", "user", "replace", "noprune", "prefer", "obsolete"}

// parseFoundPackages reads lines "WANTED FLAGS STATUS<tab>ARCHITECTURE<tab>VERSION", with "<tab>NAME" in lists of all
// packages. dpkg invented these words; the script says what the others know in them.
func parseFoundPackages(manager, answer string, columns int) ([]foundPackage, error) {
	var found []foundPackage
	for line := range strings.Lines(strings.TrimSuffix(answer, "\n")) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		words := strings.Fields(fields[0])
		if len(fields) != columns || len(words) != 3 {
			return nil, fmt.Errorf("%s gave %s", manager, quoted(line))
		}
		p := foundPackage{arch: fields[1], version: fields[2]}
		if columns > 3 {
			p.name = fields[3]
		}
		damaged := slices.ContainsFunc(strings.Split(words[1], ","), func(flag string) bool {
			return !slices.Contains(harmlessFlags[:], flag)
		})
		switch {
		case damaged: // reinstreq
			p.status, p.there = words[1]+" "+words[2], true
		case words[2] == "installed":
			p.there = true
		default:
			p.status = words[2]
			p.there = words[2] != "not-installed" && words[2] != "config-files"
		}
		found = append(found, p)
	}
	return found, nil
}

// unlisted is the answer of a manager that knows none of the packages that it was asked for by name, be it that none is there
// or that its database is lost.
const unlisted = "unlisted"

// share takes apart what dpkg-query has listed: each package of a name, or of a name and an architecture, that was asked for.
func (packageKind) share(_ string, asked []shared, printed string) []string {
	lines := linesOf(printed)
	if len(lines) == 0 {
		return slices.Repeat([]string{unlisted}, len(asked))
	}
	found := make(map[string]string, len(lines))
	for _, line := range lines {
		i := strings.LastIndexByte(line, '\t')
		fields := strings.Split(line, "\t")
		if len(fields) != 4 {
			return nil
		}
		name, arch := fields[3], fields[1]
		found[name] += line[:i] + "\n"
		found[name+":"+arch] += line[:i] + "\n"
	}
	answers := make([]string, len(asked))
	for i, one := range asked {
		answers[i] = found[one.arg]
	}
	return answers
}
