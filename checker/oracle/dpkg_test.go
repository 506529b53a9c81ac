package oracle_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// dpkgMachine is this machine with a scratch database of dpkg that holds these stanzas.
func dpkgMachine(t testing.TB, stanzas []string) machine {
	testenv.Program(t, "dpkg", "dpkg")
	dir := openDir(t)
	for _, sub := range []string{"info", "updates", "triggers"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "arch"), []byte("amd64\ni386\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "status"), []byte(strings.Join(stanzas, "\n")), 0o644))
	m := here("dpkg", nil, []string{testenv.Program(t, "dash", "dash")}, "DPKG_ADMINDIR="+dir)
	_, diagnosis, ok := m.run(t, "", "dpkg-query", "-W")
	require.True(t, ok, "the scratch database is broken: %s", diagnosis)
	return m
}

// stanza is a package in the database of dpkg.
func stanza(name, status, arch, version string) string {
	text := fmt.Sprintf("Package: %s\nStatus: %s\nMaintainer: nobody\nArchitecture: %s\nMulti-Arch: same\nDescription: none\nVersion: %s\n",
		name, status, arch, version)
	switch status[strings.LastIndex(status, " ")+1:] {
	case "triggers-awaited":
		text += "Triggers-Awaited: base\n"
	case "triggers-pending":
		text += "Triggers-Pending: /x\n"
	case "config-files":
		text += "Config-Version: " + version + "\n"
	}
	return text
}

// debVersion makes a version of few parts, so that two are often equal or nearly so.
func (c chance) debVersion() string {
	number := func() string {
		return of(c, "0", "1", "1", "2", "9", "10", "01", "007", "99999999999999999999", "100000000000000000000", fmt.Sprint(c.IntN(300)))
	}
	version := number()
	for range c.IntN(4) {
		version += of(c, ".", ".", ".", "~", "+", "-", "a", "rc", "~rc", "+b", ".Z", "..", "~~", "~+", "dfsg") + of(c, number(), number(), "")
	}
	if c.in(60) {
		version += "-" + number() + of(c, "", "", "", "ubuntu1", "+deb12u1", "+deb12u2", "~bpo12+1", ".1", "~")
	}
	version = strings.Replace(version, "--", "-", 1)
	if version = strings.TrimRight(version, "-"); c.in(25) {
		version = of(c, "0:", "1:", "2:", "01:") + version
	}
	return version
}

// near is a version that differs from another little or not at all.
func (c chance) near(version string) string {
	switch i := c.IntN(len(version) + 1); c.IntN(6) {
	case 0:
		return version
	case 1:
		return version + of(c, "~", "+b1", ".0", "0", "-1", "a")
	case 2:
		_, after, epoch := strings.Cut(version, ":")
		if !epoch {
			after = version
		}
		return of(c, after, "1:"+after, "0:"+after)
	case 3:
		if last := strings.LastIndex(version, "-"); last > 0 {
			return version[:last]
		}
	case 4:
		return version[:i] + of(c, "0", "1", "~", ".", "+", "a", "Z") + version[i:]
	}
	return c.debVersion()
}

// valid makes versions until dpkg itself takes one.
func (c chance) valid(t testing.TB, next func() string) string {
	for {
		version := next()
		if _, _, ok := (machine{}).run(t, "", "dpkg", "--validate-version", version); ok && version != "" && version[0] != '+' { // it takes an epoch of +1
			return version
		}
	}
}

// operators are those of dpkg that the fields stand for.
var operators = map[string]string{"min_version": "ge", "max_version": "le", "version": "eq"}

func TestVersionsAreComparedAsDpkgDoes(t *testing.T) {
	testenv.Program(t, "dpkg", "dpkg")
	c := newChance(t)
	cases := planned(t, "dpkg versions")
	var stanzas, packs, fields, demanded []string
	for i := range cases {
		have := c.valid(t, c.debVersion)
		want := c.valid(t, func() string { return c.near(have) })
		name, field := fmt.Sprintf("p%d", i), of(c, "min_version", "max_version", "version")
		stanzas = append(stanzas, stanza(name, "install ok installed", "amd64", have))
		packs = append(packs, onePack(t, "packages", item{"name": name, field: want}))
		demanded, fields = append(demanded, want), append(fields, field)
	}
	m := dpkgMachine(t, stanzas)
	ours := m.verdicts(t, packs, nil)
	listed, _, ok := m.run(t, "", "dpkg-query", "-W", "-f", `${Package} ${Version}\n`)
	require.True(t, ok)
	installed := map[string]string{} // as dpkg writes it: without an epoch of 0, for instance
	for line := range strings.Lines(listed) {
		name, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		installed[name] = version
	}
	judgements := make([]judged, cases)
	for i := range cases {
		have := installed[fmt.Sprintf("p%d", i)]
		judgements[i] = judged{
			item: fmt.Sprintf("%s: %s, installed: %s", fields[i], demanded[i], have), ours: ours[i],
			theirs: m.dpkgCompares(t, have, operators[fields[i]], demanded[i]),
		}
	}
	var n tally
	n.add(t, c, judgements)
	n.healthy(t, cases)
}

// dpkgCompares judges an installed version with dpkg --compare-versions. The two mercies that the documentation grants
// are done by hand before: a demand without an epoch is not told of the installed one, and an exact one without a
// revision is not told of the revision.
func (m machine) dpkgCompares(t testing.TB, installed, operator, demanded string) verdict {
	have := installed
	if _, after, epoch := strings.Cut(have, ":"); epoch && !strings.Contains(demanded, ":") {
		have = after
	}
	if last := strings.LastIndex(have, "-"); operator == "eq" && !strings.Contains(demanded, "-") && last >= 0 {
		have = have[:last]
	}
	if _, _, ok := m.run(t, "", "dpkg", "--compare-versions", have, operator, demanded); ok {
		return compliant
	}
	return drifted("wrong_version " + installed)
}

func TestStatesOfPackagesAreJudgedAsDpkgDoes(t *testing.T) {
	c := newChance(t)
	cases := planned(t, "dpkg states")
	var stanzas, packs, items, asked []string
	for i := range cases {
		name := fmt.Sprintf("lib%d", i)
		arches := of(c, []string{"amd64"}, []string{"amd64"}, []string{"amd64"}, []string{"i386"}, []string{"amd64", "i386"}, nil)
		for _, arch := range arches {
			stanzas = append(stanzas, stanza(name, c.dpkgStatus(), arch, "1.2-3"))
		}
		it := item{"name": of(c, name, name, name+":amd64", name+":i386")}
		if c.in(40) {
			it["state"] = "absent"
		}
		packs, items = append(packs, onePack(t, "packages", it)), append(items, fmt.Sprint(it, " of ", arches))
		asked = append(asked, it["name"].(string))
	}
	// The one that triggers-awaited waits for.
	m := dpkgMachine(t, append(stanzas, stanza("base", "install ok installed", "amd64", "1")))
	ours := m.verdicts(t, packs, nil)
	judgements := make([]judged, cases)
	for i := range cases {
		judgements[i] = m.dpkgState(t, asked[i], strings.Contains(packs[i], "state: absent"))
		judgements[i].item, judgements[i].ours = items[i], ours[i]
	}
	var n tally
	n.add(t, c, judgements)
	n.healthy(t, cases)
}

func (c chance) dpkgStatus() string {
	wanted := of(c, "install", "install", "hold", "deinstall", "purge")
	flag := of(c, "ok", "ok", "ok", "ok", "ok", "ok", "reinstreq")
	now := of(c, "installed", "installed", "installed", "installed", "installed", "installed", "installed", "config-files", "config-files",
		"half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending")
	return wanted + " " + flag + " " + now
}

// dpkgState judges with what dpkg-query says of one package, in the letters that dpkg -l shows.
func (m machine) dpkgState(t testing.TB, name string, absent bool) judged {
	out, _, _ := m.run(t, "", "dpkg-query", "-W", "-f", `${db:Status-Abbrev}|${Package}:${Architecture}\n`, name+"*")
	installed, traces := 0, 0
	for line := range strings.Lines(out) {
		letters, full, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "|")
		if plain, _, _ := strings.Cut(full, ":"); plain != name && full != name {
			continue // the pattern's doing
		}
		require.Len(t, letters, 3)
		switch state, flag := letters[1], letters[2]; {
		case state == 'i' && flag == ' ':
			installed++
			traces++
		case flag != ' ' || state != 'n' && state != 'c':
			traces++
		}
	}
	j := judged{theirs: compliant, note: out}
	switch {
	case absent && traces > 0:
		j.theirs = drifted("unexpected_package")
	case !absent && installed == 0:
		j.theirs = drifted("missing_package")
	}
	return j
}
