package checker

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readConfig is what a file says of a key: the text of the value, or "error: …".
func readConfig(t testing.TB, format, content, fields string) string {
	kind := newConfigKind()
	item, problems := decode(t, kind, "{type: config, path: /x, format: "+format+", expected: x, "+fields+"}")
	require.Empty(t, problems)
	kind.reads.want("/x", item.(*configItem))
	value, err := kind.reads.value("/x", hashOf([]byte(content)), content, item.(*configItem))
	if err != nil {
		return "error: " + err.Error()
	}
	return value.String()
}

func TestKeys(t *testing.T) {
	for key, want := range map[string][]keyStep{
		"a":                             {{name: "a"}},
		"a.b":                           {{name: "a"}, {name: "b"}},
		"a.'b.c'":                       {{name: "a"}, {name: "b.c"}},
		`"a[0]".b`:                      {{name: "a[0]"}, {name: "b"}},
		`"it's"`:                        {{name: "it's"}},
		"''":                            {{}},
		"a[0]":                          {{name: "a"}, {index: 0, isIndex: true}},
		"[10][2].x":                     {{index: 10, isIndex: true}, {index: 2, isIndex: true}, {name: "x"}},
		"a b-c/d$(x)":                   {{name: "a b-c/d$(x)"}},
		"a'b'":                          {{name: "a'b'"}},
		"'a'.'b'['c']x":                 nil,
		"":                              nil,
		".":                             nil,
		"a.":                            nil,
		".a":                            nil,
		"a..b":                          nil,
		"a.[0]":                         nil,
		"a[0]b":                         nil,
		"a[-1]":                         nil,
		"a[01]":                         nil,
		"a[x]":                          nil,
		"a[0":                           nil,
		"a[99999999999999999999]":       nil,
		"'a":                            nil,
		"'a'b":                          nil,
		strings.Repeat("a.", 101)[:201]: nil,
	} {
		steps, err := parseKey(key)
		assert.Equal(t, want, steps, key)
		assert.Equal(t, want == nil, err != nil, key)
	}
}

func TestTrees(t *testing.T) {
	for _, c := range []struct{ format, content, key, want string }{
		{"json", `{"a": {"b": [1, {"c": "x\ny"}]}}`, "a.b[1].c", "x\ny"},
		{"json", `{"a": 1.0, "a.b": 1e3, "": true}`, "a", "1.0"},
		{"json", `{"a": 1.0, "a.b": 1e3, "": true}`, "'a.b'", "1e3"},
		{"json", `{"a": 1.0, "a.b": 1e3, "": true}`, "''", "true"},
		{"json", `{"a": 12345678901234567890123}`, "a", "12345678901234567890123"},
		{"json", `{"a": null}`, "a", "null"},
		{"json", `{"a": {"b": 1}, "a": {}}`, "a.b", "(unset)"},
		{"json", `{"a": {"b": 1}}`, "a[0]", "(unset)"},
		{"json", `[1, [2]]`, "[0]", "1"},
		{"json", `[1, [2]]`, "[1][0].x", "(unset)"},
		{"json", `[1, "b", null]`, "[3]", "(unset)"},
		{"json", `{"a": [1, "b", null]}`, "a", "[1, b, null]"},
		{"json", `{"a": [[]]}`, "a", "(a list of more than plain values)"},
		{"json", "{}\n{}", "a", "error: line 2: something follows the JSON value"},
		{"json", "", "a", "error: line 1: is no JSON"},
		{"json", "{\"a\": 1,\n}", "a", "error: line 2: is no JSON"},
		{"json", strings.Repeat("[", 100_000), "a", "error: line 1: is no JSON"},

		{"json", "\ufeff{\"a\": 1}", "a", "error: begins with a byte order mark, which many programs refuse in this format"},
		{"toml", "\ufeffa = 1", "a", "error: begins with a byte order mark, which many programs refuse in this format"},
		{"json", "\xff\xfe{\x00}\x00", "a", "error: is not UTF-8 but UTF-16: it begins with the byte order mark of that"},
		{"yaml", "\xfe\xff\x00a", "a", "error: is not UTF-8 but UTF-16: it begins with the byte order mark of that"},
		{"toml", "\xff\xfea\x00", "a", "error: is not UTF-8 but UTF-16: it begins with the byte order mark of that"},

		{"yaml", "\ufeffa: 1\nb: 2\n", "a", "1"},
		{"yaml", "a: 8.10\nb: yes\n", "a", "8.10"},
		{"yaml", "a: 8.10\nb: yes\n", "b", "yes"},
		{"yaml", "a: 0o17\n8080: x\n", "8080", "x"},
		{"yaml", "a: |\n  x\n  y\n", "a", "x\ny\n"},
		{"yaml", "a: ~\n", "a", "null"},
		{"yaml", "a:\n", "a", "null"},
		{"yaml", "a: &x {b: 1}\nc: *x\n", "c.b", "1"},
		{"yaml", "a: &x {b: 1}\nc: {<<: *x, d: 2}\n", "c.b", "1"},
		{"yaml", "a: &x {b: 1}\nc: {<<: *x, b: 2}\n", "c.b", "2"},
		{"yaml", "a: &x {b: 1}\ny: &y {b: 2, c: 3}\nc: {<<: [*x, *y]}\n", "c.b", "1"},
		{"yaml", "a: &x {b: 1}\ny: &y {b: 2, c: 3}\nc: {<<: [*x, *y]}\n", "c.c", "3"},
		{"yaml", "a: &x {b: 1}\ny: &y {<<: *x, c: 3}\nc: {<<: {<<: *y}}\n", "c.b", "1"},
		{"yaml", "a: &x {b: 1}\nc: {<<: *x}\n", "c.d", "(unset)"},
		{"yaml", "a: &x {b: 1}\nc: {<<: *x}\n", "c.'<<'", "(unset)"},
		{"yaml", "a: &x {b: 1}\nc: {\"<<\": *x}\n", "c.b", "(unset)"},
		{"yaml", "a: &x {b: 1}\nc: {\"<<\": *x}\n", "c.'<<'.b", "1"},
		{"yaml", "a: &x {b: 1, b: 2}\nc:\n  <<: *x\n", "c.b", "error: line 1: gives a key again: programs differ in which one counts"},
		{"yaml", "a: [1, &y 2.0, *y]\n", "a", "[1, 2.0, 2.0]"},
		{"yaml", "a: !vault x\n", "a", "error: line 1: the value has a tag of its own"},
		{"yaml", "a: [!vault x]\n", "a", "error: line 1: the value has a tag of its own"},
		{"yaml", "a: !!binary aGk=\n", "a", "hi"},
		{"yaml", "", "a", "(unset)"},
		{"yaml", "# nothing\n", "a", "(unset)"},
		{"yaml", "x", "a", "(unset)"},
		{"yaml", "a: {b: 1, b: 2}\nc: 3", "c", "3"},

		{"toml", "a = 8.10\nb = 0x1F\nc = 1_000\n", "a", "8.10"},
		{"toml", "a = 8.10\nb = 0x1F\nc = 1_000\n", "b", "0x1F"},
		{"toml", "a = 8.10\nb = 0x1F\nc = 1_000\n", "c", "1_000"},
		{"toml", "a = true\nb = 'x'\nc = \"\"\"\nx\ty\"\"\"\n", "a", "true"},
		{"toml", "a = true\nb = 'x'\nc = \"\"\"\nx\\ty\"\"\"\n", "c", "x\ty"},
		{"toml", "a = 1979-05-27T07:32:00Z\n", "a", "1979-05-27T07:32:00Z"},
		{"toml", "a = 1979-05-27 07:32:00\n", "a", "1979-05-27 07:32:00"},
		{"toml", "[a.b]\nc.d = 1\n[e]\nc = 2\n", "a.b.c.d", "1"},
		{"toml", "[a.b]\nc.d = 1\n[e]\nc = 2\n", "e.c", "2"},
		{"toml", "[a.b]\nc.d = 1\n[e]\nc = 2\n", "a", "(a mapping)"},
		{"toml", "[[a]]\nx = 1\n[a.sub]\ny = 2\n[[a]]\nx = 3\n[[a.l]]\nz = 4\n[[a.l]]\nz = 5\n", "a[0].sub.y", "2"},
		{"toml", "[[a]]\nx = 1\n[a.sub]\ny = 2\n[[a]]\nx = 3\n[[a.l]]\nz = 4\n[[a.l]]\nz = 5\n", "a[1].l[1].z", "5"},
		{"toml", "a = {b = [1, 'x', {c.d = 2}]}\n", "a.b[2].c.d", "2"},
		{"toml", "a = [1, 2.50, 'x']\n", "a", "[1, 2.50, x]"},
		{"toml", "\"a.b\" = 1\n'' = 2\n", "'a.b'", "1"},
		{"toml", "", "a", "(unset)"},
		{"toml", "a = 1\na = 2\n", "a", "error: line 2: gives a key or a table again"},
		{"toml", "[a]\nb = 1\n[a]\nc = 2\n", "a.b", "error: line 3: gives a key or a table again"},
		{"toml", "a = {b = 1}\na.c = 2\n", "a.b", "error: line 2: gives a key or a table again"},
		{"toml", "a = {b = 1, b = 2}\n", "a.b", "error: line 1: gives a key or a table again"},
		{"toml", "a = []\n[[a]]\n", "a", "error: line 2: gives a key or a table again"},
		{"toml", "[a.b]\n[a]\nc = 1\n", "a.c", "1"},
		{"toml", "[a.b]\n[a]\nb.c = 1\n", "a.c", "error: line 3: gives a key or a table again"},
		{"toml", "[a]\nb.c = 1\n[a.b]\n", "a.c", "error: line 3: gives a key or a table again"},
		{"toml", "[a]\nb.c = 1\n[a.b.d]\nx = 1\n", "a.b.d.x", "1"},
		{"toml", "a = 1\nb = \n", "a", "error: line 2: is no TOML"},
		{"toml", "a = " + strings.Repeat("[", 100_000), "a", "error: line 1: is no TOML"},
	} {
		assert.Equal(t, c.want, readConfig(t, c.format, c.content, "key: "+yamlBytes(c.key)), "%s %.60q %s", c.format, c.content, c.key)
	}
}

func TestINI(t *testing.T) {
	const again = "say which of them counts with repeated: last or first"
	for _, c := range []struct{ content, fields, want string }{
		{"a = 1\n[s]\na=2\n", "key: a", "1"},
		{"a = 1\n[s]\na=2\n", "key: s.a", "2"},
		{"[s]\na=1\n[t]\n[s]\na=2\n", "key: s.a", "error: line 5: sets the key to another value than line 2: " + again},
		{"[s]\na=1\n[t]\n[s]\na=2\n", "key: s.a, repeated: last", "2"},
		{"[s]\na=1\n[t]\n[s]\na=2\n", "key: s.a, repeated: first", "1"},
		{"[s]\na=1\na = 1 \n", "key: s.a", "1"},
		{"[s]\na=1\na=1\na=2\n", "key: s.a", "error: line 4: sets the key to another value than line 3: " + again},
		{"[s]\na=1\na=\n", "key: s.a", "error: line 3: sets the key to another value than line 2: " + again},
		{"[s]\na=1\na=2\na=1\n", "key: s.a, repeated: first", "1"},
		{"[s]\na=1\n[t]\na=2\nb=3\nb=4\n", "key: s.a", "1"},
		{"[s]\na=1 ; x\na=1 # y\n", "key: s.a, inline_comments: true", "1"},
		{"[s]\na=1\n[t]\n[s]\nb=2\n", "key: s.a", "1"},
		{"[s]\r\na = 1\r\n", "key: s.a", "1"},
		{"\ufeff[s]\na=1\n", "key: s.a", "1"},
		{"[s] ; comment\n# a=1\n; a=2\n", "key: s.a", "(unset)"},
		{"[ s ]\n\ta = x = y\n\tb = 2\n", "key: s.a", "x = y"},
		{"[s]\nskip\n", "key: s.skip", ""},
		{"[s]\na: 1\n", "key: s.a", "1"},
		{"[remote \"o.r\"]\n\turl = x\n", "section: 'remote \"o.r\"', key: url", "x"},
		{"date.timezone = UTC\n", "section: '', key: date.timezone", "UTC"},
		{"[s]\nfruit:metadata = x\n", "key: 's.fruit:metadata'", "x"},
		{"[s]\nfruit:metadata = x\n", "key: s.fruit", "error: line 2: sets the key or one with a colon in it: programs differ"},
		{"[s]\nKEY = 1\n", "key: s.key", "error: line 2: sets the key in another case: say whether that is the same with ignore_case: true or false"},
		{"[S]\nKEY = 1\nkey = 2\n", "key: s.key, ignore_case: true", "error: line 3: sets the key to another value than line 2: " + again},
		{"[S]\nKEY = 1\nkey = 2\n", "key: s.key, ignore_case: true, repeated: last", "2"},
		{"[s]\nKEY = 1\nkey = 2\n", "key: s.key, ignore_case: false", "2"},
		{"[s]\nKEY = 1\n", "key: s.key, ignore_case: false", "(unset)"},
		{"[s]\na = 1 ; x\n", "key: s.a", "error: line 2: holds ; or # after a blank: say whether a comment begins there with inline_comments: true or false"},
		{"[s]\na = 1 ; x\n", "key: s.a, inline_comments: true", "1"},
		{"[s]\na = 1 ; x\n", "key: s.a, inline_comments: false", "1 ; x"},
		{"[s]\na = 1;x#y\n", "key: s.a", "1;x#y"},
		{"[s]\na = \"1 ; x\"\n", "key: s.a, inline_comments: true", "error: line 2: holds ; or # between quotes: programs differ in what it means"},
		{"[s]\na = 1\n  b = 2\n", "key: s.a", "error: line 2: programs differ in what it means: " + doubtContinued},
		{"[s]\na = 1\n  b = 2\n", "key: s.b", "error: line 3: programs differ in what it means: " + doubtIndent},
		{"[s]\na =\n  x\n  y\nb = 2\n", "key: s.b", "2"},
		{"[s]\na = 1 \\\nb = 2\nc = 3\n", "key: s.a", "error: line 2: programs differ in what it means: " + doubtBackslash},
		{"[s]\na = 1 \\\nb = 2\nc = 3\n", "key: s.b", "error: line 3: programs differ in what it means: " + doubtBackslash},
		{"[s]\na = 1 \\\nb = 2\nc = 3\n", "key: s.c", "3"},
		{"[s]\na = 1\n  [t]\nb = 1\n", "key: s.a", "error: line 3: begins a section or goes on with a value: programs differ"},
		{"[DEFAULT]\na = 1\n[s]\n", "key: s.a", "error: line 2: sets the key in the section DEFAULT, from which some programs take it"},
		{"[DEFAULT]\na = 1\n[s]\na = 2\n", "key: s.a", "2"},
		{"[DEFAULT]\na = %(b)s\n", "key: DEFAULT.a", "%(b)s"},
		{"[s\n", "key: s.a", "error: line 1: is no section's beginning"},
	} {
		assert.Equal(t, c.want, readConfig(t, "ini", c.content, c.fields), "%q %s", c.content, c.fields)
	}
}

func TestProperties(t *testing.T) {
	for _, c := range []struct{ content, key, want string }{
		{"server.port=8080\n", "server.port", "8080"},
		{"a : 1\na = 2\n", "a", "2"},
		{"a b c\n", "a", "b c"},
		{"a\n", "a", ""},
		{"=x\na=1\n", "a", "1"},
		{"  a  =  x  \n", "a", "x  "},
		{"a = x\\\n   y\\\n\tz\nb=1", "a", "xyz"},
		{"a = x\\\\\nb=1", "b", "1"},
		{"a = x\\\\\nb=1", "a", `x\`},
		{"a\\ b\\=c = x\\ty\\q\n", "a b=c", "x\tyq"},
		{"a = \\u00fc\\ud83d\\ude00!\n", "a", "ü😀!"},
		{"a = ${b}\n", "a", "${b}"},
		{"# a=1\n! a=2\n  # a=3\\\na=4", "a", "4"},
		{"a=1\rb=2\r\nc=3", "b", "2"},
		{"a=1\nb=\\u12", "a", `error: line 2: holds a \u without four hexadecimal digits`},
		{"a=\xff\nb=1", "a", "error: line 1: the value is not valid UTF-8"},
		{"a=\xff\nb=1", "b", "1"},
	} {
		assert.Equal(t, c.want, readConfig(t, "properties", c.content, "key: "+yamlBytes(c.key)), "%q %s", c.content, c.key)
	}
}

func TestEnv(t *testing.T) {
	more := "is more than an assignment: what the file sets only a shell can tell"
	for _, c := range []struct{ content, want string }{
		{"A=1\n", "1"},
		{"A=\n", ""},
		{"B=1\n", "(unset)"},
		{"A=1\nA=2", "2"},
		{"  export A=x # comment\n", "x"},
		{"A=x#y\n", "x#y"},
		{"# A=1\n\n", "(unset)"},
		{"A='a b'\"c d\"e\\ f\n", "a bc de f"},
		{"A='$(x)'\n", "$(x)"},
		{"A=\"a\\$b\\\"\\q\\\n c\"\n", "a$b\"\\q c"},
		{"A='two\nlines'\nB=1\n", "two\nlines"},
		{"A=x\\\ny\n", "xy"},
		{"A=1; B=2\n", "1"},
		{"B=$A\nA=1\n", "1"},
		{"A=$B\n", "error: line 1: the value holds an expansion: what it is only a shell can tell"},
		{"A=~/x\n", "error: line 1: the value holds an expansion: what it is only a shell can tell"},
		{"A=a~\n", "a~"},
		{"A='~'\n", "~"},
		{"\n\nA=$(x)\n", "error: line 3: holds an expansion: where it ends only a shell can tell"},
		{"A=1 cmd\n", "error: line 1: " + more},
		{"A=1\nunset A\n", "error: line 2: " + more},
		{"A=1\n. /x\n", "error: line 2: " + more},
		{"A+=1\n", "error: line 1: " + more},
		{"A =1\n", "error: line 1: " + more},
		{"A=1 & B=2\n", "error: line 1: " + more},
		{"export A\n", "error: line 1: " + more},
		{"A='x\n", "error: line 1: a quote is not closed"},
		{"A=\"x\n", "error: line 2: a quote is not closed"},
		{"A=1\x00\n", "error: line 1: holds a NUL"},
	} {
		got := readConfig(t, "env", c.content, "key: A")
		assert.Equal(t, c.want, got, "%q", c.content)
		if strings.HasPrefix(got, "error: ") {
			continue
		}
		out, err := exec.CommandContext(t.Context(), need(t, "dash"), "-c", "unset A\n"+c.content+"\nprintf %s \"${A-(unset)}\"").Output()
		require.NoError(t, err, "%q", c.content)
		assert.Equal(t, got, string(out), "as a shell has it: %q", c.content)
	}
}
