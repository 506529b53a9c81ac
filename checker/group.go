package checker

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// groupKind checks groups.
type groupKind struct{}

func (groupKind) Name() string              { return "group" }
func (groupKind) Section() (string, string) { return "groups", "" }
func (groupKind) Fields() any               { return groupFields{} }

// Shell is empty: accountShell, which comes with users, answers to op group.
func (groupKind) Shell() string { return "" }

// groupFields is an item of the section groups.
type groupFields struct {
	Name        yamlfile.Scalar `yaml:"name" show:"always"`
	GID         yamlfile.Scalar `yaml:"gid" show:"open"`
	Members     yamlfile.Texts  `yaml:"members" show:"open"`
	Include     yamlfile.Texts  `yaml:"members_include" show:"open"`
	State       yamlfile.Scalar `yaml:"state" show:"always"`
	pack.Common `yaml:",inline"`
}

// groupItem is what a pack demands of a group. A field that is empty demands nothing.
type groupItem struct {
	name    string
	gid     string
	members []string
	exact   bool // members are all that there may be, even if there are none
	absent  bool
}

func (g *groupItem) Identity() string { return g.name }

func (g *groupItem) Definition() string {
	members := strings.Join(slices.Sorted(slices.Values(g.members)), ",")
	if g.exact {
		members = "=" + members
	}
	return definition("name", g.name, "gid", g.gid, "members", members, "state", stateText(g.absent))
}

func (groupKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in groupFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	if !in.Name.Set {
		d.problem(0, "name is required")
	}
	g := &groupItem{
		name:    d.accountName("name", in.Name),
		gid:     d.number("gid", in.GID),
		members: d.names("members", in.Members, d.accountName),
		exact:   in.Members.Set,
		absent:  d.state(in.State),
	}
	if include := d.names("members_include", in.Include, d.accountName); in.Include.Set {
		g.members = include
	}
	if in.Members.Set && in.Include.Set {
		d.problem(in.Include.Line, "at most one of members and members_include may be given")
	}
	d.nothingElse(g.absent, map[string]bool{"gid": in.GID.Set, "members": in.Members.Set, "members_include": in.Include.Set})
	return g, d.problems
}

func (groupKind) Ops(pack.Item) []string {
	return []string{"group"}
}

func (groupKind) Ask(_ Facts, item pack.Item) ([]Question, error) {
	return []Question{{Op: "group", Arg: item.(*groupItem).name}}, nil
}

// Compare compares members with the list that the group's entry has: users whose primary group it is are not in it.
func (groupKind) Compare(_ Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	g := item.(*groupItem)
	have, err := groupOf(answers, g.name)
	switch {
	case err != nil:
		return nil, nil, err
	case have == nil && g.absent:
		return nil, nil, nil
	case have == nil:
		return []state.Mismatch{{Type: "missing_group", Expected: "present", Actual: "absent"}}, nil, nil
	case g.absent:
		return []state.Mismatch{{Type: "unexpected_group", Expected: "absent", Actual: "gid " + have.gid}}, nil, nil
	}
	var mismatches []state.Mismatch
	if g.gid != "" && g.gid != have.gid {
		mismatches = append(mismatches, state.Mismatch{Type: "wrong_gid", Expected: g.gid, Actual: have.gid})
	}
	if !g.hasMembers(have.members) {
		mismatches = append(mismatches, state.Mismatch{
			Type: "wrong_members", Expected: enumerated(g.members), Actual: enumerated(have.members),
		})
	}
	return mismatches, nil, nil
}

func (g *groupItem) hasMembers(have []string) bool {
	lacks := func(names []string) func(string) bool {
		return func(name string) bool { return !slices.Contains(names, name) }
	}
	return !slices.ContainsFunc(g.members, lacks(have)) && (!g.exact || !slices.ContainsFunc(have, lacks(g.members)))
}
