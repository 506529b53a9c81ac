package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// completed are the candidates for the last of the words, without what they are.
func (w *workspace) completed(words ...string) []string {
	w.t.Helper()
	var stdout, stderr strings.Builder
	status := execute(append([]string{completeHook}, words...), environment{home: w.dir}, &stdout, &stderr)
	require.Equal(w.t, 0, status)
	require.Empty(w.t, stderr.String())
	var out []string
	for line := range strings.Lines(stdout.String()) {
		word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		out = append(out, word)
	}
	return out
}

func TestCompletion(t *testing.T) {
	w := labelled(t)
	t.Chdir(w.dir)
	for name, test := range map[string]struct{ words, want string }{
		"commands":                               {"~", "help serve check validate packs snapshot helper completion"},
		"a command that was begun":               {"sn", "snapshot"},
		"a command after a flag":                 {"--log.level=debug va", "validate"},
		"a flag":                                 {"check --f", "--format="},
		"a flag of all commands":                 {"validate --st", "--storage.path="},
		"a flag of serve, alone":                 {"--web.en", "--web.enable-lifecycle"},
		"no flag of serve elsewhere":             {"check --web", ""},
		"no flag of another command":             {"validate --quie", ""},
		"no flag that was given":                 {"check --format=json --format", ""},
		"a flag that may be given again":         {"check --pack=web --pa", "--pack="},
		"a word of few":                          {"check --format=", "--format=text --format=json --format=junit"},
		"a word of few, apart":                   {"check --format j", "json junit"},
		"a log level, once":                      {"--log.level=", "--log.level=debug --log.level=info --log.level=warn --log.level=error"},
		"a colour":                               {"check --color a", "auto always"},
		"a file":                                 {"check --config.file=c", ":files"},
		"a directory":                            {"--storage.path ~", ":dirs"},
		"machines that can be checked":           {"check ~", "db1 db2 web1 web2"},
		"the rest of a machine's name":           {"check we", "web1 web2"},
		"another machine":                        {"check db1 web1 ~", "db2 web2"},
		"a machine after a glob":                 {"check db* web", "web1 web2"},
		"a machine beside a file, unread":        {"check @none we", "web1 web2"},
		"a machine after a switch":               {"check --diff web", "web1 web2"},
		"a machine after --":                     {"check -- web", "web1 web2"},
		"a machine to describe":                  {"snapshot ~", "db1 db2 spare web1 web2"},
		"no second machine to describe":          {"snapshot db1 ~", ""},
		"a pack that is carried":                 {"check --pack=", "--pack=base --pack=web"},
		"a label":                                {"check --limit=env", "--limit=env=prod --limit=env=test"},
		"a label, apart":                         {"check --limit role=", "role=db"},
		"the next of a list":                     {"check --limit=web1,env=p", "--limit=web1,env=prod"},
		"what a kind may be asked for":           {"snapshot web1 --user=", "--user=all"},
		"a kind":                                 {"snapshot web1 --us", "--user="},
		"a shell":                                {"completion ~", "bash zsh fish"},
		"a command to be helped with":            {"help ch", "check"},
		"nothing after an unknown flag's value":  {"check --nope=", ""},
		"machines of another configuration":      {"--config.file=other.yaml check ~", "elsewhere"},
		"machines of another one, apart":         {"check --config.file other.yaml ~", "elsewhere"},
		"none of a configuration that is broken": {"check --config.file=motd ~", ""},
		"none of one that there is not":          {"check --config.file=/nowhere ~", ""},
		"none of a directory":                    {"check --config.file=packs ~", ""},
	} {
		w.write("other.yaml", "machines: [{name: elsewhere, transport: local, packs: [base]}]\n")
		t.Run(name, func(t *testing.T) {
			words := strings.Split(test.words, " ")
			if words[len(words)-1] == "~" {
				words[len(words)-1] = ""
			}
			assert.Equal(t, test.want, strings.Join(w.completed(words...), " "))
		})
	}
}

func TestCompletionOffersWhatEveryCommandTakes(t *testing.T) {
	w := newWorkspace(t)
	for _, c := range testProgram().commands {
		offered := w.completed(c.clause.FullCommand(), "--")
		for _, flag := range c.clause.Model().Flags {
			if !flag.Hidden {
				assert.Contains(t, strings.Join(offered, " ")+" ", "--"+flag.Name)
			}
		}
		for _, flag := range []string{"--config.file=", "--help"} {
			assert.Contains(t, offered, flag)
		}
	}
}

// hostileNames has names that a shell must not be given.
func hostileNames(t *testing.T) *workspace {
	t.Helper()
	w := newWorkspace(t)
	w.write("config.yaml", `
machines:
  - {name: good, display_name: "\e]0;x\a$(touch pwned)", transport: local, packs: [base], labels: {
      a: "$(touch pwned)", b: "`+"`touch pwned`"+`", c: "x; touch pwned", d: "\e[31m\u202e", e: "x\ty\nz", f: fine, g: "a b", h: "*", i: "~", j: "'\""}}
`)
	w.write("packs/$(touch pwned).yaml", "")
	w.write("packs/`touch pwned`.yaml", "")
	w.write("packs/\x1b[31m.yaml", "")
	w.write("packs/bad name;.yaml", "")
	return w
}

func TestCompletionOffersNothingThatAShellOrTerminalActsUpon(t *testing.T) {
	w := hostileNames(t)
	config := "--config.file=" + w.path("config.yaml")
	assert.Equal(t, []string{"--limit=good", "--limit=f=fine"}, w.completed(config, "check", "--limit="))
	assert.Equal(t, []string{"--pack=base"}, w.completed(config, "check", "--pack="))
	var stdout strings.Builder
	for _, words := range [][]string{{""}, {"check", ""}, {"check", "--limit", ""}, {"check", "\x1b"}, {"--\x1b="}, {"check", "@/etc/passwd", ""}, {"$(touch pwned)"}} {
		execute(append([]string{completeHook, config}, words...), environment{home: w.dir}, &stdout, &stdout)
	}
	assert.Regexp(t, `^[ -~\t\n]*$`, stdout.String())
	assert.NotContains(t, stdout.String(), "pwned")
}

func TestCompletionWaitsForNothing(t *testing.T) {
	w := newWorkspace(t)
	require.NoError(t, mkfifo(w.path("pipe")))
	assert.Empty(t, w.completed("check", "--config.file="+w.path("pipe"), ""))
	assert.Empty(t, w.completed("check", "--config.file="+os.DevNull, ""))
}

func BenchmarkCompletionOf10000Machines(b *testing.B) {
	w := &workspace{t: &testing.T{}, dir: b.TempDir()}
	var config strings.Builder
	config.WriteString("machines:\n")
	for i := range 10000 {
		fmt.Fprintf(&config, "  - {name: web%05d, address: 10.0.%d.%d, packs: [base, web], labels: {env: prod, rack: r%d}}\n", i, i/256, i%256, i%40)
	}
	require.NoError(b, os.WriteFile(w.path("config.yaml"), []byte(config.String()), 0o600))
	for b.Loop() {
		var stdout strings.Builder
		execute([]string{completeHook, "--config.file=" + w.path("config.yaml"), "check", "web0999"}, environment{home: w.dir}, &stdout, &stdout)
		require.Equal(b, 10, strings.Count(stdout.String(), "\n"))
	}
}
