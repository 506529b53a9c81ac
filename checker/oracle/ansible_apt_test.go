package oracle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// These look at the packages that this machine has: Ansible's apt knows no scratch database. In check mode it changes
// nothing.
func TestPackagesAreJudgedAsAnsibleInCheckModeDoes(t *testing.T) {
	cases := planned(t, "ansible apt")
	testenv.Program(t, "ansible-playbook", "ansible-core")
	m := here("dash", nil, []string{testenv.Program(t, "dash", "dash")})
	if _, diagnosis, ok := m.run(t, "", python, "-c", "import apt"); !ok {
		testenv.Missing(t, "python3-apt: %s", diagnosis)
	}
	c := newChance(t)
	installed := m.optionalPackages(t)
	items, packs, tasks := make([]string, cases), make([]string, cases), make([]task, cases)
	for i := range cases {
		name, version, _ := strings.Cut(of(c, installed...), " ")
		it, args := item{"name": name}, map[string]string{"name": name, "state": "present"}
		switch i % 6 {
		case 0: // as it is
			it["version"], args["name"] = version, name+"="+version
		case 1: // a version that nobody has: Ansible finds no candidate
			it["version"], args["name"] = version+"~oracle", name+"="+version+"~oracle"
		case 2:
		case 3:
			it["state"], args["state"] = "absent", "absent"
		case 4:
			name = fmt.Sprintf("no-such-package-%d", c.IntN(1000))
			it["name"], args["name"] = name, name
		case 5:
			name = fmt.Sprintf("no-such-package-%d", c.IntN(1000))
			it["name"], args["name"], it["state"], args["state"] = name, name, "absent", "absent"
		}
		items[i], packs[i], tasks[i] = fmt.Sprint(it), onePack(t, "packages", it), task{"ansible.builtin.apt", args}
	}
	var n tally
	n.add(t, c, judgedByAnsible(t, items, m.verdicts(t, packs, nil), tasks))
	n.healthy(t, cases)
}

// optionalPackages are installed packages, with their versions, that nothing keeps anybody from removing.
func (m machine) optionalPackages(t testing.TB) []string {
	list, _, ok := m.run(t, "", "dpkg-query", "-W", "-f", `${Package} ${Version}|${db:Status-Abbrev}|${Priority}|${Essential}\n`)
	require.True(t, ok)
	var found []string
	for line := range strings.Lines(list) {
		if name, rest, _ := strings.Cut(strings.TrimSpace(line), "|"); rest == "ii |optional|no" {
			found = append(found, name)
		}
	}
	require.NotEmpty(t, found)
	// Of one that is there for several architectures Ansible means the machine's own.
	names := func(i int) string { name, _, _ := strings.Cut(found[i], " "); return name }
	var once []string
	for i := range found {
		if !slices.ContainsFunc(found, func(other string) bool { return other != found[i] && strings.HasPrefix(other, names(i)+" ") }) {
			once = append(once, found[i])
		}
	}
	return slices.Compact(once)
}
