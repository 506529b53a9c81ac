package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
)

// labelled is a workspace of machines that differ in names, labels and packs.
func labelled(t *testing.T) *workspace {
	t.Helper()
	w := newWorkspace(t)
	w.write("packs/web.yaml", "items: {files: [{path: /etc, type: directory}]}\n")
	w.write("config.yaml", `
machines:
  - {name: db1, transport: local, packs: [base], labels: {env: prod, role: db}}
  - {name: db2, transport: local, packs: [base], labels: {env: test, role: db}}
  - {name: off, transport: local, packs: [base, lonely], labels: {env: prod}, drift_detection_enabled: false}
  - {name: spare, transport: local}
  - {name: web1, transport: local, packs: [base, web], labels: {env: prod}, waivers: [
      {pack: base, kind: file, item: `+w.path("motd")+`, reason: r}, {pack: web, kind: file, item: /etc, reason: r}]}
  - {name: web2, transport: local, packs: [web], labels: {env: "a,b"}}
`)
	return w
}

func (w *workspace) fleet() *checker.Fleet {
	w.t.Helper()
	fleet, problems := checker.LoadFleet(filepath.Join(w.dir, "config.yaml"), w.dir)
	require.False(w.t, problems.Fatal(), problems)
	return fleet
}

func TestSelectionChoosesMachines(t *testing.T) {
	fleet := labelled(t).fleet()
	for name, test := range map[string]struct {
		query
		want string
	}{
		"all that are enabled and carry a pack":  {query{}, "db1 db2 web1 web2"},
		"a machine by name":                      {query{machines: []string{"db2"}}, "db2"},
		"several, in the fleet's order":          {query{machines: []string{"web1", "db2"}}, "db2 web1"},
		"a glob":                                 {query{machines: []string{"web*"}}, "web1 web2"},
		"a glob beside a name":                   {query{machines: []string{"*2", "db1"}}, "db1 db2 web2"},
		"a character class":                      {query{machines: []string{"[a-d]b?"}}, "db1 db2"},
		"a glob that matches a disabled one":     {query{machines: []string{"*[bf][1f]"}}, "db1 web1"},
		"a limit to a name":                      {query{limits: []string{"web1"}}, "web1"},
		"a limit to a glob":                      {query{limits: []string{"db*"}}, "db1 db2"},
		"a limit to a label":                     {query{limits: []string{"env=prod"}}, "db1 web1"},
		"a label with another value or none":     {query{limits: []string{"env!=prod"}}, "db2 web2"},
		"a label by an anchored expression":      {query{limits: []string{"env=~pro."}}, "db1 web1"},
		"a label by what it does not match":      {query{limits: []string{"env!~p.*|t.*"}}, "web2"},
		"machines without a label":               {query{limits: []string{"role="}}, "web1 web2"},
		"a quoted value with a comma":            {query{limits: []string{`env="a,b",db1`}}, "db1 web2"},
		"a quoted value with a quote and comma":  {query{limits: []string{`env!="\",",db1`}}, "db1 db2 web1 web2"},
		"the name as the label that alerts have": {query{limits: []string{`machine=~"(db|web)1"`}}, "db1 web1"},
		"any of several patterns":                {query{limits: []string{"env=test, web*"}}, "db2 web1 web2"},
		"each of several limits":                 {query{limits: []string{"env=prod", "web*"}}, "web1"},
		"all but a name":                         {query{limits: []string{"!db1"}}, "db2 web1 web2"},
		"all but a glob and a label":             {query{limits: []string{"!web*,!env=test"}}, "db1"},
		"some without others, in any order":      {query{limits: []string{"!*1,web*"}}, "web2"},
		"all but what is there no more":          {query{limits: []string{"!canary*"}}, "db1 db2 web1 web2"},
		"all but a disabled one":                 {query{limits: []string{"!off"}}, "db1 db2 web1 web2"},
		"names within a limit":                   {query{machines: []string{"web1", "db1", "db2"}, limits: []string{"env=prod"}}, "db1 web1"},
		"machines that carry a pack":             {query{packs: []string{"web"}}, "web1 web2"},
		"machines that carry any of the packs":   {query{packs: []string{"web", "base"}, machines: []string{"db1", "web2"}}, "db1 web2"},
	} {
		t.Run(name, func(t *testing.T) {
			_, names, err := selection(fleet, test.query)
			require.NoError(t, err)
			assert.Equal(t, test.want, strings.Join(names, " "))
		})
	}
}

func TestSelectionChoosesPacks(t *testing.T) {
	fleet := labelled(t).fleet()
	packs := func(packs ...string) []string {
		narrowed, _, err := selection(fleet, query{packs: packs})
		require.NoError(t, err)
		m, _ := narrowed.Machine("web1")
		assert.False(t, slices.ContainsFunc(m.Waivers, func(w config.Waiver) bool { return !slices.Contains(m.Packs, w.Pack) }))
		return m.Packs
	}
	assert.Equal(t, []string{"base", "web"}, packs())
	assert.Equal(t, []string{"web"}, packs("web"))
	assert.Equal(t, []string{"base", "web"}, packs("web", "base"), "in the machine's order")
	m, _ := fleet.Machine("web1")
	assert.Equal(t, []string{"base", "web"}, m.Packs, "the fleet is what it was")
	assert.Len(t, m.Waivers, 2)
}

func TestSelectionRefusesMistakes(t *testing.T) {
	fleet := labelled(t).fleet()
	for name, test := range map[string]struct {
		query
		want string
	}{
		"a mistyped machine":                {query{machines: []string{"wbe1"}}, `no machine is called "wbe1" (did you mean "web1"?)`},
		"a mistyped machine in a limit":     {query{limits: []string{"db1,bd2"}}, `no machine is called "bd2" (did you mean "db2"?)`},
		"a mistyped machine to leave out":   {query{limits: []string{"!wbe1"}}, `no machine is called "wbe1" (did you mean "web1"?)`},
		"a mistyped pack":                   {query{packs: []string{"bsae"}}, `no pack is called "bsae" (did you mean "base"?)`},
		"a mistyped label":                  {query{limits: []string{"evn=prod"}}, `no machine has a label "evn" (did you mean "env"?)`},
		"a mistyped label to leave out":     {query{limits: []string{"evn!=prod"}}, `no machine has a label "evn" (did you mean "env"?)`},
		"a value that no machine has":       {query{limits: []string{"env=prd"}}, `no machine matches "env=prd"`},
		"a glob that matches nothing":       {query{machines: []string{"x*"}}, `no machine matches "x*"`},
		"one pattern that matches nothing":  {query{limits: []string{"web*,x*"}}, `no machine matches "x*"`},
		"a label beside the machines":       {query{machines: []string{"env=prod"}}, `no machine is called "env=prod"; labels are given as --limit`},
		"a glob that is none":               {query{machines: []string{"web["}}, `"web[" is not a glob`},
		"an expression that is none":        {query{limits: []string{"env=~("}}, `--limit "env=~(": error parsing regexp`},
		"a matcher that is none":            {query{limits: []string{"e v=x"}}, `--limit "e v=x": bad matcher format`},
		"an empty limit":                    {query{limits: []string{""}}, "a pattern of --limit is empty"},
		"an empty pattern":                  {query{limits: []string{"web1,"}}, "a pattern of --limit is empty"},
		"nothing to leave out":              {query{limits: []string{"!"}}, "a pattern of --limit is empty"},
		"a disabled machine":                {query{machines: []string{"off", "db1"}}, `drift detection is disabled for machine "off"`},
		"a disabled machine in a limit":     {query{limits: []string{"off"}}, `drift detection is disabled for machine "off"`},
		"only disabled machines":            {query{machines: []string{"o*"}}, `no machine with drift detection enabled that was asked for carries a pack`},
		"a machine without packs":           {query{machines: []string{"spare"}}, `machine "spare" carries no pack`},
		"a machine without the pack":        {query{machines: []string{"db1"}, packs: []string{"web"}}, `machine "db1" does not carry pack "web"`},
		"a machine without any of them":     {query{machines: []string{"db1"}, packs: []string{"web", "lonely"}}, `machine "db1" does not carry any of the packs web, lonely`},
		"a pack that none of them carries":  {query{machines: []string{"db*"}, packs: []string{"base", "web"}}, `no machine with drift detection enabled that was asked for carries pack "web"`},
		"a pack of only disabled machines":  {query{packs: []string{"lonely"}}, `no machine with drift detection enabled carries pack "lonely"`},
		"limits that exclude each other":    {query{limits: []string{"env=prod", "env=test"}}, "there is nothing to check"},
		"a machine that the limit excludes": {query{machines: []string{"db1"}, limits: []string{"env=test"}}, "there is nothing to check"},
	} {
		t.Run(name, func(t *testing.T) {
			_, names, err := selection(fleet, test.query)
			require.ErrorContains(t, err, test.want)
			assert.Empty(t, names)
		})
	}
}

func FuzzLimit(f *testing.F) {
	for _, seed := range []string{"web1", "!web*,env=prod", `env=~"a,b|c\"",!x`, "a!~[", "[", `\`, `"`, ",", "!!", "web[!a]"} {
		f.Add(seed)
	}
	machines := []config.Machine{{Name: "web1", Labels: map[string]string{"env": "prod"}}, {Name: "db"}}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseLimit(text)
		if err != nil {
			return
		}
		if strings.Count(text, ",") < len(l)-1 {
			t.Errorf("%q has %d patterns", text, len(l))
		}
		for i := range machines {
			m := &machines[i]
			excluded := slices.ContainsFunc(l, func(p pattern) bool { return p.not && p.matches(m) })
			if l.admits(m) && excluded {
				t.Errorf("%q admits %s, which it excludes", text, m.Name)
			}
			for _, p := range l {
				_ = checkPattern(p, machines)
			}
		}
	})
}
