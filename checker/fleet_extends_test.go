package checker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// problemsOf are those of a configuration with the packs base, web (which extends it), shop (which extends that) and db.
func problemsOf(t *testing.T, machines string) []string {
	t.Helper()
	t.Chdir(writeFiles(t, map[string]string{
		"config.yaml": "machines:\n" + machines, "packs/base.yaml": "items:\n" + passwdOwner,
		"packs/web.yaml": "extends: base", "packs/shop.yaml": "extends: web", "packs/db.yaml": "items:\n" + passwdOwner,
	}))
	f, problems := LoadFleet("config.yaml", "/root")
	require.NotNil(t, f, problems)
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	return lines
}

func TestAPackBesideOneThatItExtendsGetsAWarning(t *testing.T) {
	for name, c := range map[string]struct {
		machines string
		want     []string
	}{
		"its parent": {"  - name: a\n    packs:\n      - base\n      - web\n", []string{
			`config.yaml:5: warning: machine "a": pack "web" extends "base": what "base" demands is checked and reported twice`,
		}},
		"in the other order": {"  - {name: a, packs: [web, base]}\n", []string{
			`config.yaml:2: warning: machine "a": pack "web" extends "base": what "base" demands is checked and reported twice`,
		}},
		"its parent's parent": {"  - {name: a, packs: [base, db, shop]}\n", []string{
			`config.yaml:2: warning: machine "a": pack "shop" extends "base": what "base" demands is checked and reported twice`,
		}},
		"packs that are not related":      {"  - {name: a, packs: [base, db]}\n  - {name: b, packs: [web]}\n", []string{}},
		"where drift detection is off":    {"  - {name: a, packs: [base, web], drift_detection_enabled: false}\n", []string{}},
		"not on one machine but two each": {"  - {name: a, packs: [base]}\n  - {name: b, packs: [shop, db]}\n", []string{}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, problemsOf(t, c.machines)) })
	}
}

func TestManyMachinesWithAPackAndOneThatItExtendsGetOneWarning(t *testing.T) {
	var machines strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&machines, "  - {name: web%04d, packs: [base, web]}\n", i)
	}
	assert.Equal(t, []string{
		`config.yaml:2: warning: machine "web0000" and 999 more: pack "web" extends "base": what "base" demands is checked and reported twice`,
	}, problemsOf(t, machines.String()))
}
