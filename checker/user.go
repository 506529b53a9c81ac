package checker

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// userKind checks users.
type userKind struct{}

func (userKind) Name() string              { return "user" }
func (userKind) Section() (string, string) { return "users", "" }
func (userKind) Fields() any               { return userFields{} }
func (userKind) Shell() string             { return accountShell + sourcesShell }

// userFields is an item of the section users.
type userFields struct {
	Name        yamlfile.Scalar `yaml:"name" show:"always"`
	UID         yamlfile.Scalar `yaml:"uid" show:"open"`
	Group       yamlfile.Scalar `yaml:"group" show:"open"`
	Groups      yamlfile.Texts  `yaml:"groups" show:"open"`
	OnlyGroups  yamlfile.Bool   `yaml:"only_groups" show:"open"`
	Home        yamlfile.Scalar `yaml:"home" show:"open"`
	Shell       yamlfile.Scalar `yaml:"shell" show:"open"`
	Comment     yamlfile.Scalar `yaml:"comment" show:"open"`
	Locked      yamlfile.Bool   `yaml:"password_locked" show:"open"`
	State       yamlfile.Scalar `yaml:"state" show:"always"`
	pack.Common `yaml:",inline"`
}

// userItem is what a pack demands of a user. A field that is empty or nil demands nothing.
type userItem struct {
	name        string
	uid         string
	group       string // the primary one: name or number
	groups      []string
	onlyGroups  bool // groups are all that there may be beside the primary one
	home, shell string
	comment     *string
	locked      *bool // the password
	absent      bool
}

func (u *userItem) Identity() string { return u.name }

func (u *userItem) Definition() string {
	comment, locked, only := "", "", ""
	if u.comment != nil {
		comment = "=" + *u.comment
	}
	if u.locked != nil {
		locked = passwordText(*u.locked)
	}
	if u.onlyGroups {
		only = "="
	}
	return definition("name", u.name, "uid", u.uid, "group", u.group, "groups", strings.Join(slices.Sorted(slices.Values(u.groups)), ","), "only_groups", only,
		"home", u.home, "shell", u.shell, "comment", comment, "password", locked, "state", stateText(u.absent))
}

func (userKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in userFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	if !in.Name.Set {
		d.problem(0, "name is required")
	}
	u := &userItem{
		name:       d.accountName("name", in.Name),
		uid:        d.number("uid", in.UID),
		group:      d.groupName("group", in.Group),
		groups:     d.names("groups", in.Groups, d.groupName),
		onlyGroups: in.OnlyGroups.Value,
		home:       d.passwdField("home", in.Home),
		shell:      d.passwdField("shell", in.Shell),
		absent:     d.state(in.State),
	}
	if in.Comment.Set {
		u.comment = &in.Comment.Value
		if strings.ContainsAny(in.Comment.Value, ":\n\x00") {
			d.problem(in.Comment.Line, "comment must not contain a colon, a newline or a NUL")
		}
	}
	if in.Locked.Set {
		u.locked = &in.Locked.Value
	}
	if in.OnlyGroups.Value && !in.Groups.Set {
		d.problem(in.OnlyGroups.Line, "only_groups needs groups; [] is none")
	}
	d.nothingElse(u.absent, map[string]bool{
		"uid": in.UID.Set, "group": in.Group.Set, "groups": in.Groups.Set, "only_groups": in.OnlyGroups.Set, "home": in.Home.Set,
		"shell": in.Shell.Set, "comment": in.Comment.Set, "password_locked": in.Locked.Set,
	})
	return u, d.problems
}

// passwdField is a path as it stands in passwd.
func (d *decoding) passwdField(field string, s yamlfile.Scalar) string {
	value := d.text(field, s)
	if value != "" && (value[0] != '/' || strings.Contains(value, ":")) {
		d.problem(s.Line, "%s must be an absolute path without a colon", field)
	}
	return value
}

// passwordText is how a demand of a password is shown.
func passwordText(locked bool) string {
	if locked {
		return "password locked"
	}
	return "password set"
}

func (userKind) Ops(pack.Item) []string {
	return []string{"user", "group", "user_groups", "user_password"}
}

func (userKind) Ask(_ Facts, item pack.Item) ([]Question, error) {
	return []Question{{Op: "user", Arg: item.(*userItem).name}}, nil
}

// further is what else must be asked of a user who is there.
func (u *userItem) further() []Question {
	var questions []Question
	if u.group != "" || len(u.groups) > 0 || u.onlyGroups {
		questions = append(questions, Question{Op: "user_groups", Arg: u.name})
	}
	if u.locked != nil {
		questions = append(questions, Question{Op: "user_password", Arg: u.name})
	}
	return questions
}

func (userKind) Compare(_ Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	u := item.(*userItem)
	have, err := accountOf(answers, u.name)
	switch {
	case err != nil:
		return nil, nil, err
	case have == nil && u.absent:
		return nil, nil, nil
	case have == nil:
		return []state.Mismatch{{Type: "missing_user", Expected: "present", Actual: "absent"}}, nil, nil
	case u.absent:
		return []state.Mismatch{{Type: "unexpected_user", Expected: "absent", Actual: "uid " + have.uid}}, nil, nil
	}
	if more := unanswered(answers, u.further()); len(more) > 0 {
		return nil, more, errUndecided
	}
	return u.compare(have, answers)
}

// unanswered are those of the questions that are still to be put.
func unanswered(answers Answers, questions []Question) []Question {
	var open []Question
	for _, q := range questions {
		if !answers.has(q) {
			open = append(open, q)
		}
	}
	return open
}
