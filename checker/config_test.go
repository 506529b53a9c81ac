package checker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestConfigProblems(t *testing.T) {
	old := "a setting of type config without a path says nothing of where it is: every check reports it as unsupported"
	formats := "env, ini, json, properties, sshd, toml, yaml"
	iniKey := "key: in format ini it is section.key; where one of them holds a dot or a bracket, put it in quotes or give the section as section"
	decodeCases{
		{"the old form", "{key: PermitRootLogin, expected: no, type: config}", []string{old}},
		{"the old form without a value", "{key: a, type: config}", []string{"expected is required", old}},
		{"the path says the format", "{key: a.b, expected: b, type: config, path: /x.yml}", nil},
		{"a list", "{key: a, expected: [b, c], type: config, path: /x.json}", nil},
		{"a file of sshd", "{key: Port, expected: 22, type: config, path: /etc/ssh/sshd_config}", nil},
		{"absent", "{key: a, state: absent, type: config, path: ~/x.toml}", nil},
		{"any bytes", `{key: "'$(touch x)\\;|*'", expected: "a\nb", type: config, path: "/$(x)", format: json}`, nil},
		{"an ini key in a section of its own", `{key: a.b.c, section: x.y, expected: "", type: config, path: /x, format: ini}`, nil},
		{"no format", "{key: a, expected: b, type: config, path: /x}", []string{"format is required, since the path does not say it: one of " + formats}},
		{"unknown format", "{key: a, expected: b, type: config, path: /x, format: xml}", []string{"format must be " + formats + `, not "xml"`}},
		{"format without a path", "{key: a, expected: b, type: config, format: ini}", []string{"path is required"}},
		{"relative path", "{key: a, expected: b, type: config, path: x.ini}", []string{"path must be absolute or begin with ~/"}},
		{"no value", "{key: a, type: config, path: /x.ini}", []string{"expected is required"}},
		{"null", "{key: a, expected: null, type: config, path: /x.ini}", []string{`expected is null: where the text null is demanded, put it in quotes: "null"`}},
		{"nothing", "{key: a, expected: , type: config, path: /x.ini}", []string{`expected is null: where the text null is demanded, put it in quotes: "null"`}},
		{"null in quotes", `{key: a, expected: "null", type: config, path: /x.json}`, nil},
		{"absent with a value", "{key: a, state: absent, expected: b, type: config, path: /x.ini}", []string{"state absent excludes expected"}},
		{"a list where there are none", "{key: a, expected: [b], type: config, path: /x.ini}", []string{"expected must be one value: format ini has no lists"}},
		{"section elsewhere", "{key: a, section: b, expected: b, type: config, path: /x.json}", []string{"section is for format ini only"}},
		{"first or last elsewhere", "{key: a, repeated: last, expected: b, type: config, path: /x.env}", []string{"repeated is for format ini only"}},
		{"unknown choice", "{key: a, repeated: all, expected: b, type: config, path: /x.ini}", []string{`repeated must be last or first, not "all"`}},
		{"key that is no path", "{key: a..b, expected: b, type: config, path: /x.json}", []string{"key: a part is empty; put an empty name in quotes"}},
		{"dots that are no path", "{key: a..b, expected: b, type: config, path: /x.properties}", nil},
		{"deep ini key", "{key: a.b.c, expected: b, type: config, path: /x.ini}", []string{iniKey}},
		{"ini key of a list", `{key: "a[0]", expected: b, type: config, path: /x.ini}`, []string{iniKey}},
	}.run(t, newConfigKind())
}

func TestOldConfigLoadsWithAWarning(t *testing.T) {
	_, problems := decode(t, newConfigKind(), "{key: PermitRootLogin, expected: no, type: config}")
	require.Len(t, problems, 1)
	assert.True(t, problems[0].Warning)
	assert.False(t, problems.Fatal())
}

func TestNoVerdictPassesOverAnOldConfig(t *testing.T) {
	out := check(t, shells(t)[0], onePack(t, `
  files: [{path: /etc/passwd, owner: root}]
  settings: [{key: PermitRootLogin, expected: no, type: config}]
`, nil))
	require.NotNil(t, out.Failure)
	r := out.Results[0]
	assert.Equal(t, state.Unknown, r.Status)
	assert.Equal(t, []state.ItemError{{
		Kind: "config", Item: "PermitRootLogin", Error: "unsupported: a setting of type config without a path",
		Source: "packs/p.yaml:4",
	}}, r.Errors)
}

func TestConfigDefinitionHoldsWhatIsDemanded(t *testing.T) {
	seen := map[string]bool{}
	for _, text := range []string{
		"path: /x.ini, expected: b", "path: /y.ini, expected: b", "path: /x.ini, expected: c", "path: /x.ini, format: json, expected: b",
		"path: /x.json, expected: [b]", "path: /x.json, expected: [b, c]", "path: /x.json, expected: b c", "path: /x.ini, state: absent",
		"path: /x.ini, expected: b, section: s", "path: /x.ini, expected: b, ignore_case: true", "path: /x.ini, expected: b, ignore_case: false",
		"path: /x.ini, expected: b, inline_comments: false", "path: /x.ini, expected: b, repeated: first", "path: /x.ini, expected: b, repeated: last",
	} {
		item, problems := decode(t, newConfigKind(), "{type: config, key: a, "+text+"}")
		require.Empty(t, problems)
		assert.False(t, seen[item.Definition()], text)
		seen[item.Definition()] = true
	}
}

// configFile is a file in a new directory.
func configFile(t testing.TB, name, content string, mode os.FileMode) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

func TestConfigMismatches(t *testing.T) {
	yaml := configFile(t, "a.yaml", "server: {port: 8080, version: 8.10, tls: null}\nlist: [a, {b: c}]\n", 0o644)
	ini := configFile(t, "a.ini", "top = 1\n[s]\nkey = \"x y\"\nExec = a\nExec = b\n", 0o644)
	sshd := configFile(t, "sshd_config", "Port 22\nport 2222\nPermitRootLogin no\nPermitRootLogin yes\n", 0o644)
	link := filepath.Join(t.TempDir(), "dangling.json")
	require.NoError(t, os.Symlink("/nonexistent", link))
	item := func(path, rest string) string { return "    - {type: config, path: " + path + ", " + rest + "}\n" }
	items := "  settings:\n" +
		item(yaml, "key: server.port, expected: 8080") +
		item(yaml, "key: server.version, expected: 8.1") +
		item(yaml, "key: server.tls, state: absent") +
		item(yaml, "key: server.nope, expected: x") +
		item(yaml, "key: server, expected: x") +
		item(yaml, "key: list, expected: [a]") +
		item(yaml, "key: 'list[0]', expected: a") +
		item(yaml, "key: nope, state: absent") +
		item(ini, "key: top, expected: 2") +
		item(ini, `key: s.key, expected: '"x y"'`) +
		item(ini, "section: s, key: key, expected: x y") +
		item(ini, "key: s.Exec, state: absent") +
		item(ini, "key: 's.\"Exec\"', expected: a, repeated: first") +
		item(sshd, "key: port, expected: 22 2222") +
		item(sshd, "key: Port, expected: [22]") +
		item(sshd, "key: permitrootlogin, expected: no") +
		item(sshd, "key: X11Forwarding, expected: no") +
		item("/nonexistent/x.toml", "key: a, expected: b") +
		item("/nonexistent/x.toml", "key: b, state: absent") +
		item(link, "key: a, expected: b")
	want := []string{
		"wrong_setting " + yaml + " server.version: 8.1 → 8.10",
		"wrong_setting " + yaml + " server.tls: (unset) → null",
		"wrong_setting " + yaml + " server.nope: x → (unset)",
		"wrong_setting " + yaml + " server: x → (a mapping)",
		"wrong_setting " + yaml + " list: [a] → (a list of more than plain values)",
		"wrong_setting " + ini + " top: 2 → 1",
		"wrong_setting " + ini + ` [s] key: x y → "x y"`,
		"wrong_setting " + ini + " s.Exec: (unset) → b",
		"wrong_setting " + sshd + " Port: 22 → 22 2222",
		"wrong_setting " + sshd + " X11Forwarding: no → (unset)",
		"wrong_setting /nonexistent/x.toml a: b → (no such file)",
		"wrong_setting " + link + " a: b → (no such file)",
	}
	eachShell(t, func(t *testing.T, sh shell) {
		assert.Equal(t, want, brief(checkOne(t, sh, items).Mismatches))
	})
}

func TestConfigThatCannotBeRead(t *testing.T) {
	const secret = "hunter2"
	broken := map[string]string{
		"a.yaml": "a: 1\nb: [" + secret + "\n", "b.yaml": "a: 1\n---\na: " + secret + "\n", "c.yaml": "a: 1\na: " + secret + "\n",
		"d.json": "{\"a\":\n" + secret + "}", "e.toml": "a = 1\nb = " + secret + "\n", "f.env": "a=1\nif " + secret + "; then a=2; fi\n",
		"g.ini": "[s]\n[" + secret + "\n", "h.properties": "a=" + secret + "\\u00\n", "i.json": "{\"a\": \"\xff\"}",
	}
	errors := map[string]string{
		"a.yaml": "line 2: is not one YAML document that can be read", "b.yaml": "line 2: is not one YAML document that can be read",
		"c.yaml": "line 2: gives a key again: programs differ in which one counts", "d.json": "line 2: is no JSON", "e.toml": "line 2: is no TOML",
		"f.env": "line 2: is more than an assignment: what the file sets only a shell can tell", "g.ini": "line 2: is no section's beginning",
		"h.properties": `line 1: holds a \u without four hexadecimal digits`, "i.json": "is not valid UTF-8",
	}
	items := "  settings:\n"
	var want []state.ItemError
	add := func(path, why string) {
		items += "    - {type: config, path: " + path + ", key: a, expected: 1}\n"
		want = append(want, state.ItemError{
			Kind: "config", Item: path + " a", Error: why, Source: fmt.Sprintf("packs/p.yaml:%d", 3+len(want)),
		})
	}
	for _, name := range sortedKeys(broken) {
		add(configFile(t, name, broken[name], 0o644), errors[name])
	}
	add(configFile(t, "large.json", `{"a": 1}`+strings.Repeat(" ", maxContent), 0o644), "is larger than 1048576 bytes")
	dir := filepath.Join(t.TempDir(), "dir.json")
	require.NoError(t, os.Mkdir(dir, 0o755))
	add(dir, "is a directory and not a file")
	eachShell(t, func(t *testing.T, sh shell) {
		assert.Equal(t, want, check(t, sh, onePack(t, items, nil)).Results[0].Errors)
	})
}

func TestConfigThatMayNotBeReadIsNoVerdict(t *testing.T) {
	need(t, "setpriv")
	path := configFile(t, "a.json", `{"a": 1}`, 0o600)
	for dir := filepath.Dir(path); dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755))
	}
	sh := shells(t)[0]
	sh.argv = unprivileged{sh}.argv()
	out := check(t, sh, onePack(t, "  settings: [{type: config, path: "+path+", key: a, expected: 1}, {type: config, path: "+path+", key: b, state: absent}]", nil))
	require.Len(t, out.Results[0].Errors, 2)
	for _, e := range out.Results[0].Errors {
		assert.Contains(t, e.Error, "permission denied (the check does not run as root there; become: true lets it)")
	}
}

func TestConfigOthersMayNotReadIsHidden(t *testing.T) {
	open, closed := configFile(t, "a.json", `{"a": "hunter2"}`, 0o644), configFile(t, "b.json", `{"a": "hunter2"}`, 0o640)
	r := checkOne(t, shells(t)[0], fmt.Sprintf(`
  settings:
    - {type: config, path: %s, key: a, expected: x}
    - {type: config, path: %s, key: a, expected: x}
    - {type: config, path: %s, key: '"a"', expected: x, sensitive: false}
    - {type: config, path: %s, key: '"a"', expected: x, sensitive: true}
`, open, closed, closed, open))
	assert.Equal(t, []string{
		"wrong_setting " + open + " a: x → hunter2", "wrong_setting " + closed + " a: (sensitive) → (sensitive)",
		"wrong_setting " + closed + ` "a": x → hunter2`, "wrong_setting " + open + ` "a": (sensitive) → (sensitive)`,
	}, brief(r.Mismatches))
}

func TestConfigOfManyKeysIsReadOnce(t *testing.T) {
	kind := newConfigKind()
	var items []*configItem
	for _, key := range []string{"a", "b"} {
		item, problems := decode(t, kind, "{type: config, path: /x.json, expected: 1, key: "+key+"}")
		require.Empty(t, problems)
		items = append(items, item.(*configItem))
		kind.reads.want("/x.json", items[len(items)-1])
	}
	value, err := kind.reads.value("/x.json", "s1", `{"a": 1, "b": 2}`, items[0])
	require.NoError(t, err)
	assert.Equal(t, scalarValue("1"), value)
	value, known, err := kind.reads.known(items[1], "s1")
	require.NoError(t, err)
	assert.True(t, known, "found beside the other")
	assert.Equal(t, scalarValue("2"), value)
	for _, sum := range []string{"s2", ""} {
		_, known, _ = kind.reads.known(items[1], sum)
		assert.False(t, known, "of other content nothing is remembered")
	}
}
