package supply_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// allowed are the licences, as SPDX names them, that what is linked with the program may have: they ask for no more than that
// they go with it, which tools/licences sees to.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}

// marks are sentences that only one licence has, in lower case and with single blanks.
var marks = []struct{ sentence, licence string }{
	{"apache license version 2.0, january 2004", "Apache-2.0"},
	{"licensed under the apache license, version 2.0", "Apache-2.0"},
	{"mozilla public license version 2.0", "MPL-2.0"},
	{"mozilla public license, version 2.0", "MPL-2.0"},
	{"permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"},
	{"permission to use, copy, modify, and/or distribute this software for any purpose", "ISC"},
	{"permission to use, copy, modify, and distribute this software for any purpose", "ISC"},
	{"gnu general public license", "GPL"},
	{"gnu lesser general public license", "LGPL"},
	{"gnu affero general public license", "AGPL"},
	{"server side public license", "SSPL-1.0"},
	{"business source license", "BUSL-1.1"},
	{"creative commons", "CC"},
}

var blanks = regexp.MustCompile(`[\s*#]+`)

// licencesIn names the licences whose texts are in a text.
func licencesIn(text string) []string {
	text = blanks.ReplaceAllString(strings.ToLower(text), " ")
	found := map[string]bool{}
	for _, m := range marks {
		if strings.Contains(text, m.sentence) {
			found[m.licence] = true
		}
	}
	if strings.Contains(text, "redistribution and use in source and binary forms") {
		if strings.Contains(text, "neither the name") || strings.Contains(text, "may not be used to endorse") || strings.Contains(text, "names of its contributors may") {
			found["BSD-3-Clause"] = true
		} else {
			found["BSD-2-Clause"] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// licencesOf names the licences of a module, by the files that go with the program.
func licencesOf(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	found := map[string]bool{}
	for _, e := range entries {
		if name := strings.ToLower(e.Name()); e.Type().IsRegular() && (strings.HasPrefix(name, "licen") || strings.HasPrefix(name, "copying")) {
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			require.NoError(t, err)
			for _, licence := range licencesIn(string(text)) {
				found[licence] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// modulesOf are the modules that packages, and what they need, come from: where they are, by path.
func modulesOf(t *testing.T, args ...string) map[string]string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}"}, args...)...)
	cmd.Dir, cmd.Env = testenv.Repository(t), append(os.Environ(), "GOOS=linux")
	out, err := cmd.Output()
	require.NoError(t, err)
	modules := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			modules[path] = dir
		}
	}
	return modules
}

// table is the list in docs/licences.md, and what in it is not allowed.
func table(t *testing.T, modules map[string]string) (rows string, refused []string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		licences := licencesOf(t, modules[path])
		rows += fmt.Sprintf("| `%s` | %s |\n", path, strings.Join(licences, ", "))
		if len(licences) == 0 || slices.ContainsFunc(licences, func(l string) bool { return !slices.Contains(allowed, l) }) {
			refused = append(refused, fmt.Sprintf("%s: %v", path, licences))
		}
	}
	return rows, refused
}

func TestLicencesOfDependenciesAreListedAndAllowed(t *testing.T) {
	linked := modulesOf(t, "./cmd/drift_exporter")
	tests := modulesOf(t, "-test", "./...")
	maps.DeleteFunc(tests, func(path, _ string) bool { return linked[path] != "" })
	require.Greater(t, len(linked), 20)
	require.NotEmpty(t, tests)
	file := filepath.Join(testenv.Repository(t), "docs", "licences.md")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	page := string(text)
	for name, modules := range map[string]map[string]string{"linked": linked, "tests": tests} {
		rows, refused := table(t, modules)
		assert.Empty(t, refused, "%s: none of %v", name, allowed)
		begin, end := fmt.Sprintf("<!-- %s: begin -->\n", name), fmt.Sprintf("<!-- %s: end -->", name)
		before, rest, ok := strings.Cut(page, begin)
		require.True(t, ok, begin)
		_, after, ok := strings.Cut(rest, end)
		require.True(t, ok, end)
		page = before + begin + "| module | licence |\n|---|---|\n" + rows + end + after
	}
	for _, licence := range allowed {
		assert.Contains(t, page, "`"+licence+"`", "the page names what is allowed")
	}
	if os.Getenv("UPDATE_DOCS") == "1" {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o600))
		return
	}
	assert.Equal(t, page, string(text), "docs/licences.md is not what the program is made of (make licences)")
}

func TestLicencesAreToldApart(t *testing.T) {
	for text, want := range map[string][]string{
		"Apache License\n   Version 2.0, January 2004":                                                                            {"Apache-2.0"},
		"The MIT License\n\nPermission is hereby granted, free of charge, to any\nperson obtaining a copy":                        {"MIT"},
		"Redistribution and use in source and binary forms … Neither the name of Google":                                          {"BSD-3-Clause"},
		"Redistribution and use in source and binary forms, with or without":                                                      {"BSD-2-Clause"},
		"Permission to use, copy, modify, and/or distribute this software for any purpose":                                        {"ISC"},
		"GNU GENERAL PUBLIC LICENSE\nVersion 3":                                                                                   {"GPL"},
		"Mozilla Public License Version 2.0":                                                                                      {"MPL-2.0"},
		"All rights reserved.":                                                                                                    nil,
		"Apache License Version 2.0, January 2004 … Permission is hereby granted, free of charge, to any person obtaining a copy": {"Apache-2.0", "MIT"},
	} {
		assert.Equal(t, want, licencesIn(text), text)
	}
}
