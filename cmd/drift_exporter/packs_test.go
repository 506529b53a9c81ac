package main

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPacksListsThePacks(t *testing.T) {
	status, stdout, stderr := newWorkspace(t).run("packs")
	assert.Equal(t, 0, status, stderr)
	assert.Equal(t, "PACK    NAME       EXTENDS  ITEMS  MACHINES  DESCRIPTION\n"+
		"base    Base Pack  -        1      1         what every machine has\n"+
		"lonely  lonely     -        1      0         nobody \\x1b[31m's\n", stdout)
}

// family is a workspace of packs that extend each other.
func family(t *testing.T) *workspace {
	t.Helper()
	w := newWorkspace(t)
	t.Chdir(w.dir)
	w.write("packs/web.yaml", `
name: Web servers
description: "First line\nsecond line"
extends: base
items:
  files: [{path: /etc/web, content: "a secret", description: what it is for, when: {os: [debian, ubuntu]}}]
  packages: [{name: nginx}]
`)
	w.write("packs/api.yaml", "extends: web\nitems: {packages: [{name: curl}]}\n")
	w.write("packs/db.yaml", "name: 資料庫\nextends: base\n")
	w.write("config.yaml", `
machines:
  - {name: a1, transport: local, packs: [api]}
  - {name: a2, transport: local, packs: [api]}
  - {name: a3, transport: local, packs: [api, web], drift_detection_enabled: false}
`)
	return w
}

func TestPacksIsATreeOnATerminal(t *testing.T) {
	w := family(t)
	terminal, shown := newTerminal(t, 62)
	require.Equal(t, 0, w.runOn(terminal, io.Discard, environment{term: "dumb"}, "packs"))
	assert.Equal(t, `PACK       NAME         EXTENDS  ITEMS  MACHINES  DESCRIPTION
base       Base Pack    -        1      0         what every …
├─ db      資料庫       base     1      0
└─ web     Web servers  base     3      0         First line
   └─ api  api          web      4      2
lonely     lonely       -        1      0         nobody \x1b…
`, flushed(t, terminal, shown))
}

func TestPacksShowsOne(t *testing.T) {
	status, stdout, stderr := family(t).run("packs", "api")
	assert.Equal(t, 0, status, stderr)
	assert.Regexp(t, `^api

file      packs/api\.yaml
extends   web → base
machines  2: a1, a2; disabled: a3
items     4, 2 from web, 1 from base

file
  \S+/motd +packs/base\.yaml:6
  /etc/web +packs/web\.yaml:6 +when os=debian\|ubuntu
      what it is for

package
  nginx +packs/web\.yaml:7
  curl +packs/api\.yaml:2
$`, stdout)
	assert.NotContains(t, stdout, "secret")
	_, stdout, _ = family(t).run("packs", "web")
	assert.Contains(t, stdout, "web  Web servers\nFirst line\nsecond line\n\nfile ")
	assert.Contains(t, stdout, "machines  none; disabled: a3\n")
}

func TestPacksAsJSON(t *testing.T) {
	w := family(t)
	status, stdout, stderr := w.run("packs", "--format=json")
	assert.Equal(t, 0, status, stderr)
	var list struct{ Packs []listedPack }
	require.NoError(t, json.Unmarshal([]byte(stdout), &list))
	require.Len(t, list.Packs, 5)
	assert.Equal(t, listedPack{Pack: "api", Name: "api", Extends: "web", File: "packs/api.yaml", Items: 4, Machines: 2}, list.Packs[0])

	status, stdout, stderr = w.run("packs", "api", "--format=json")
	assert.Equal(t, 0, status, stderr)
	assert.NotContains(t, stdout, "secret")
	var one shownPack
	require.NoError(t, json.Unmarshal([]byte(stdout), &one))
	assert.Equal(t, []string{"web", "base"}, one.Chain)
	assert.Equal(t, []string{"a1", "a2"}, one.CarriedBy)
	assert.Equal(t, []string{"a3"}, one.Disabled)
	require.Len(t, one.Entries, 4)
	assert.Equal(t, shownItem{
		Kind: "file", Item: "/etc/web", Description: "what it is for", Pack: "web", Source: "packs/web.yaml:6",
		When: map[string][]string{"os": {"debian", "ubuntu"}},
	}, one.Entries[1])
}

func TestPacksRefusesOneThatThereIsNot(t *testing.T) {
	status, stdout, stderr := family(t).run("packs", "wbe")
	assert.Equal(t, 2, status)
	assert.Empty(t, stdout)
	assert.Equal(t, `drift_exporter: no pack is called "wbe" (did you mean "web"?)`+"\n", stderr)
}
