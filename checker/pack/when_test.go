package pack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
)

// onlyItem loads a pack of one file item with these further fields.
func onlyItem(t *testing.T, fields string) pack.Entry {
	t.Helper()
	p := load(t, map[string]string{"a.yaml": "items: {files: [{path: /x, " + fields + "}]}"})["a"]
	require.Len(t, p.Entries, 1)
	return p.Entries[0]
}

func TestItemsApplyWhereAllConditionsHold(t *testing.T) {
	debian := map[string]string{"os": "debian", "version": "12", "arch": "x86_64", "init": "systemd", "package_manager": "dpkg"}
	vars := map[string]any{"role": "web", "roles": []any{"web", "db"}, "count": 3, "ha": true, "version": "8.10"}
	for _, c := range []struct {
		name, fields string
		want         bool
	}{
		{"no condition", "description: x", true},
		{"one value", "when: {os: debian}", true},
		{"another value", "when: {os: alpine}", false},
		{"one of several", "when: {os: [alpine, debian]}", true},
		{"none of several", "when: {os: [alpine, fedora]}", false},
		{"values are text", "when: {version: 12}", true},
		{"all must hold", "when: {os: debian, version: 11}", false},
		{"arch by Debian's name", "when: {arch: amd64}", true},
		{"arch as the kernel says it", "when: {arch: x86_64}", true},
		{"another arch", "when: {arch: arm64}", false},
		{"init and manager", "when: {init: systemd, package_manager: [dpkg, apk]}", true},
		{"a var", "when: {vars: {role: web}}", true},
		{"a var of another value", "when: {vars: {role: db}}", false},
		{"a var that is a list", "when: {vars: {roles: db}}", true},
		{"a var that is not there", "when: {vars: {site: a}}", false},
		{"a number and a truth value", "when: {vars: {count: 3, ha: true}}", true},
		{"a var as it is written", "when: {vars: {version: 8.10}}", true},
		{"a var beside a fact", "when: {os: debian, vars: {role: db}}", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			applies, err := onlyItem(t, c.fields).When.Applies(debian, vars)
			require.NoError(t, err)
			assert.Equal(t, c.want, applies)
		})
	}
}

func TestWhatAMachineDoesNotSayIsNoAnswer(t *testing.T) {
	_, err := onlyItem(t, "when: {os: debian}").When.Applies(map[string]string{"arch": "x86_64"}, nil)
	assert.EqualError(t, err, "when: the machine does not say its os")
}

func TestConditionsThatAreNone(t *testing.T) {
	for fields, want := range map[string]string{
		"when: {}":                "packs/a.yaml:1: when must name a condition: one of arch, init, os, package_manager, version or vars",
		"when: {os: []}":          "packs/a.yaml:1: when: os must name at least one value",
		"when: ":                  "packs/a.yaml:1: when is empty: leave it out for an item that applies everywhere",
		"when: {os: }":            "packs/a.yaml:1: when: os is empty",
		"when: {os: ~, arch: x}":  "packs/a.yaml:1: when: os is empty",
		"when: {vars: }":          "packs/a.yaml:1: when: vars is empty",
		"when: {vars: {role: }}":  "packs/a.yaml:1: when.vars: role is empty",
		"when: {vars: {}}":        "packs/a.yaml:1: when must name a condition: one of arch, init, os, package_manager, version or vars",
		"when: debian":            "packs/a.yaml:1: when must be a mapping, not a single value",
		"when: {so: debian}":      `packs/a.yaml:1: unknown field "so" in when (did you mean "os"?)`,
		"when: {os: {a: b}}":      "packs/a.yaml:1: when.os must be a value, or a list of values",
		"when: {os: [debian, ~]}": "packs/a.yaml:1: when.os must be a value, or a list of values",
		"sensitive: maybe":        "packs/a.yaml:1: sensitive must be true or false",
		"description: [x]":        "packs/a.yaml:1: description must be a single value, not a list",
	} {
		_, problems := pack.Load(files(map[string]string{"a.yaml": "items: {files: [{path: /x, " + fields + "}]}"}), "packs", kinds{})
		assert.Equal(t, []string{want}, texts(problems), fields)
	}
}

func TestOneIdentityMayAppearOncePerWhen(t *testing.T) {
	const debian, alpine, any = "{path: /x, mode: 1, when: {os: debian}}", "{path: /x, mode: 2, when: {os: [alpine]}}", "{path: /x, mode: 3}"
	for _, c := range []struct{ name, items, want string }{
		{"excluding each other", debian + "," + alpine, ""},
		{"the same twice", debian + "," + debian, "packs/a.yaml:1: file \"/x\" is in this pack twice, first in line 1: each needs a when of its own, and no machine for which both hold"},
		{"one without", debian + "," + any, "packs/a.yaml:1: file \"/x\" is in this pack twice, first in line 1: each needs a when of its own, and no machine for which both hold"},
		{"both without", any + "," + any, "packs/a.yaml:1: file \"/x\" is in this pack twice, first in line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := pack.Load(files(map[string]string{"a.yaml": "items: {files: [" + c.items + "]}"}), "packs", kinds{})
			if c.want == "" {
				assert.Empty(t, problems)
			} else {
				assert.Equal(t, []string{c.want}, texts(problems))
			}
		})
	}
}

func TestAChildsItemReplacesAllOfItsParentsWhen(t *testing.T) {
	packs := load(t, map[string]string{
		"parent.yaml": "items: {files: [{path: /x, mode: 1, when: {os: a}}, {path: /y}, {path: /x, mode: 2, when: {os: b}}]}",
		"child.yaml":  "extends: parent\nitems: {files: [{path: /x, mode: 3, when: {os: a}}, {path: /x, mode: 4, when: {os: c}}]}",
		"other.yaml":  "extends: parent\nitems: {files: [{path: /x, mode: 5}, {path: /z}]}",
	})
	assert.Equal(t, []string{
		"file /x=3 (child, packs/child.yaml:2)", "file /x=4 (child, packs/child.yaml:2)", "file /y= (parent, packs/parent.yaml:1)",
	}, summary(packs["child"]))
	assert.Equal(t, []string{
		"file /x=5 (other, packs/other.yaml:2)", "file /y= (parent, packs/parent.yaml:1)", "file /z= (other, packs/other.yaml:2)",
	}, summary(packs["other"]))
}
