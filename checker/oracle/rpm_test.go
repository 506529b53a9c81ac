package oracle_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// rpmMachine is this machine with a scratch database of rpm, which holds packages p0, p1, … of these versions. All have
// a colon, since nothing before it is another epoch than 0 to rpm, though not to its order.
// rpmbuild makes them all of one spec, as packages that may each have a version of its own. Where the database is
// stands in ~/.rpmmacros, so that nobody has to be told.
func rpmMachine(t testing.TB, versions []string) machine {
	rpm, rpmbuild := testenv.Program(t, "rpm", "rpm"), testenv.Program(t, "rpmbuild", "rpm")
	home := openDir(t)
	m := here("rpm", nil, []string{testenv.Program(t, "dash", "dash")}, "HOME="+home)
	spec := "Name: source\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n%description\nx\n"
	for i, text := range versions {
		epoch, rest, _ := strings.Cut(text, ":")
		version, release, _ := strings.Cut(rest, "-")
		if epoch != "" {
			epoch = "Epoch: " + epoch + "\n"
		}
		spec += fmt.Sprintf("%%package -n p%d\nSummary: x\n%sVersion: %s\nRelease: %s\n%%description -n p%[1]d\nx\n%%files -n p%[1]d\n", i, epoch, version, release)
	}
	file := filepath.Join(home, "all.spec")
	require.NoError(t, os.WriteFile(file, []byte(spec), 0o600))
	macros := "%_dbpath " + home + "/db\n%_topdir " + home + "/top\n%_build_name_fmt %%{NAME}.rpm\n"
	require.NoError(t, os.WriteFile(filepath.Join(home, ".rpmmacros"), []byte(macros), 0o600))
	_, diagnosis, ok := m.run(t, "", rpmbuild, "-bb", "--quiet", file)
	require.True(t, ok, "%s", diagnosis)
	made, err := filepath.Glob(filepath.Join(home, "top/RPMS/*.rpm"))
	require.NoError(t, err)
	require.Len(t, made, len(versions))
	_, diagnosis, ok = m.run(t, "", append([]string{rpm, "--install", "--justdb", "--nodeps", "--noverify"}, made...)...)
	require.True(t, ok, "%s", diagnosis)
	return m
}

// rpmPart makes a version or a release of few parts that rpmbuild takes, so that two are often equal or nearly so.
func (c chance) rpmPart() string {
	piece := func() string {
		return of(c, "0", "1", "1", "2", "10", "01", "007", "99999999999999999999", "100000000000000000000", "a", "b", "rc", "RC", "rc1", "fc39", "el9", fmt.Sprint(c.IntN(300)))
	}
	part := piece()
	for range c.IntN(4) {
		part += of(c, ".", ".", "", "~", "^", "_", "+", "~~", "^~") + piece()
	}
	return part + of(c, "", "", "", "", "~", "^", "+")
}

// rpmNear is a version that differs from another, which has an epoch and a release, little or not at all.
func (c chance) rpmNear(full string) string {
	epoch, rest, _ := strings.Cut(full, ":")
	version, release, _ := strings.Cut(rest, "-")
	switch c.IntN(8) {
	case 0:
		version = c.rpmPart()
	case 1:
		version += of(c, "~", "^", ".0", "0", "a", "+", "_1", "~rc1", "^git1")
	case 2:
		version = strings.ReplaceAll(version, ".", of(c, "_", "+", "", "~", "^"))
	case 3:
		version = strings.TrimRight(version[:len(version)-1]+"0", ".")
	case 4:
		release = of(c, c.rpmPart(), release+".1", "0"+release)
	case 5:
		epoch = of(c, "0", "1", "2", "00")
	}
	wanted := version
	if c.in(50) {
		wanted += "-" + release
	}
	if c.in(50) {
		wanted = cmp.Or(epoch, "0") + ":" + wanted
	}
	return wanted
}

func TestVersionsAreComparedAsRPMDoes(t *testing.T) {
	cases := planned(t, "rpm versions")
	c := newChance(t)
	installed := make([]string, cases)
	for i := range installed {
		installed[i] = of(c, "", "", "0", "1", "2") + ":" + c.rpmPart() + "-" + c.rpmPart()
	}
	m := rpmMachine(t, installed)
	packs, items, fields, wanted := make([]string, cases), make([]string, cases), make([]string, cases), make([]string, cases)
	for i, have := range installed {
		fields[i], wanted[i] = of(c, "min_version", "max_version", "version"), c.rpmNear(have)
		packs[i] = onePack(t, "packages", item{"name": fmt.Sprintf("p%d", i), "manager": "rpm", fields[i]: wanted[i]})
		items[i] = fmt.Sprintf("%s: %s, installed: %s", fields[i], wanted[i], have)
	}
	orders := m.rpmCompares(t, installed, wanted)
	judgements := make([]judged, cases)
	for i, said := range m.verdicts(t, packs, nil) {
		judgements[i] = judged{item: items[i], ours: said, theirs: drifted("wrong_version " + strings.TrimPrefix(installed[i], ":")), note: orders[i]}
		if satisfies := map[string]string{"min_version": "0 1", "max_version": "0 -1", "version": "0"}[fields[i]]; containsWord(satisfies, orders[i]) {
			judgements[i].theirs = compliant
		}
	}
	var n tally
	n.add(t, c, judgements)
	n.healthy(t, cases)
}

func containsWord(words, word string) bool { return strings.Contains(" "+words+" ", " "+word+" ") }

// rpmCompares has rpm itself compare pairs of versions, all in one process. What the documentation grants is done by
// hand before: an installed epoch, or release, does not count where none is demanded.
func (m machine) rpmCompares(t testing.TB, installed, wanted []string) []string {
	script := "%{lua:"
	for i, have := range installed {
		epoch, rest, _ := strings.Cut(have, ":")
		version, release, _ := strings.Cut(rest, "-")
		if strings.Contains(wanted[i], "-") {
			version += "-" + release
		}
		if strings.Contains(wanted[i], ":") {
			version = cmp.Or(epoch, "0") + ":" + version
		}
		script += fmt.Sprintf("print(rpm.vercmp(%q, %q) .. ' ')\n", version, wanted[i])
	}
	out, diagnosis, ok := m.run(t, "", "rpm", "--eval", script+"}")
	require.True(t, ok, "%s", diagnosis)
	orders := strings.Fields(out)
	require.Len(t, orders, len(installed))
	return orders
}

// What is there, and what is not: a few states, since rpm knows no others.
func TestPresenceIsJudgedAsRPMDoes(t *testing.T) {
	m := rpmMachine(t, []string{":1-1"})
	packs := []string{}
	names := []string{"p0", "p0.noarch", "p0:noarch", "p0.x86_64", "p", "p*", "source", "P0", "p0-1-1"}
	var judgements []judged
	for _, name := range names {
		out, _, _ := m.run(t, "", "rpm", "--query", "--all", "--queryformat", "%{NAME} %{NAME}.%{ARCH} %{NAME}:%{ARCH}\n")
		there := containsWord(strings.ReplaceAll(out, "\n", " "), name)
		for _, state := range []string{"present", "absent"} {
			packs = append(packs, onePack(t, "packages", item{"name": name, "manager": "rpm", "state": state}))
			one := judged{item: name + " " + state, theirs: compliant}
			if there && state == "absent" {
				one.theirs = drifted("unexpected_package")
			} else if !there && state == "present" {
				one.theirs = drifted("missing_package")
			}
			judgements = append(judgements, one)
		}
	}
	for i, said := range m.verdicts(t, packs, nil) {
		judgements[i].ours = said
	}
	var n tally
	n.add(t, newChance(t), judgements)
	n.healthy(t, len(packs))
}
