package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ours are the only control sequences that may reach a terminal: colours, and the line of the progress.
var ours = regexp.MustCompile(`\x1b\[(0|1|2|31|32|33|36)m|\r\x1b\[K`)

// hostileWorkspace has text that would act upon a terminal wherever a user, a pack or a machine can put one.
func hostileWorkspace(t *testing.T) *workspace {
	t.Helper()
	const yamlEvil = `\e[2J\e]0;owned\a\u009b31m\u202e\u2066<b>\r\b`
	w := newWorkspace(t)
	w.write("evil", "\x1b[2J\u009b31m\u202e<b>\r\n")
	w.write("packs/base.yaml", `
name: "<b>&amp;"
description: "`+yamlEvil+`\nsecond"
items:
  files:
    - {path: `+w.path("evil")+`, content: "x`+yamlEvil+`\n", description: "`+yamlEvil+`"}
    - {path: "/nowhere/`+yamlEvil+`"}
  settings: [{key: "kernel.`+yamlEvil+`", expected: "`+yamlEvil+`", type: sysctl}]
  packages: [{name: nginx, when: {vars: {role: "`+yamlEvil+`"}}}]
`)
	w.write("config.yaml", `
machines:
  - name: here
    display_name: "<b>\u202e"
    transport: local
    packs: [base]
    vars: {role: x}
    labels: {env: "<b>"}
`)
	return w
}

func TestNothingHostileReachesATerminal(t *testing.T) {
	const evil = "\x1b[2J\x1b]0;x\a\u009b31m\u202e\r\b"
	valid, broken := hostileWorkspace(t), hostileWorkspace(t)
	status, _, stderr := valid.run("validate")
	require.Equal(t, 0, status, stderr)
	broken.write("config.yaml", `
machines:
  - {name: here, transport: local, packs: [base], labels: {env: "\e[2J"}, "\e[2J\u202e": 1, waivers: [{pack: base, kind: file, item: "\e]0;x\a", reason: "\u202e"}]}
  - {name: "\e[2J", transport: local}
`)
	broken.write("packs/base.yaml", "items: {\"\\e[2J\\u202e\": [], files: [{path: \"rel\\e[2J\\u009b\", \"\\u202e\": 1, mode: \"\\a\"}]}\n")
	for _, w := range []*workspace{valid, broken} {
		for _, args := range [][]string{
			{"check", "--diff"}, {"check", "--format=json"}, {"check", evil}, {"check", "--pack=" + evil}, {"check", "--limit=env=" + evil},
			{"check", "--limit=" + evil}, {"check", "--format=" + evil}, {"validate"}, {"validate", "--format=json"},
			{"validate", "--config.file=/" + evil}, {"packs"}, {"packs", "base"}, {"packs", "base", "--format=json"}, {"packs", evil},
			{"snapshot", "here", "--sysctl=" + evil, "--file=" + w.path("evil"), "--file=/" + evil, "--user=" + evil}, {"snapshot", evil, "--sysctl=a"},
			{"check", "--" + evil}, {evil}, {"completion", evil}, {"help", evil}, {"check", "@" + evil},
		} {
			terminal, shown := newTerminal(t, 80)
			if args[len(args)-1] != "--config.file=/"+evil {
				args = append(args, "--config.file="+w.path("config.yaml"))
			}
			execute(args, environment{home: w.dir, term: "xterm"}, terminal, terminal)
			output := flushed(t, terminal, shown)
			require.NotEmpty(t, output, "%q", args)
			left := ours.ReplaceAllString(output, "")
			bad := strings.IndexFunc(left, func(r rune) bool { return r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r < 0x2070) })
			assert.Negative(t, bad, "%q printed %q", args, left)
		}
	}
}
