package checker

import (
	"errors"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// compare judges a user who is there, by all answers.
func (u *userItem) compare(have *passwdEntry, answers Answers) ([]state.Mismatch, []Question, error) {
	wrong := differences{typ: "wrong_user"}
	wrong.field("uid", u.uid, have.uid)
	if more, err := u.compareGroups(&wrong, have, answers); err != nil {
		return nil, more, err
	}
	wrong.field("home", u.home, have.home)
	wrong.field("shell", u.shell, have.shell)
	if u.comment != nil && *u.comment != have.comment {
		wrong.add("comment "+*u.comment, "comment "+have.comment)
	}
	if err := u.comparePassword(&wrong, answers); err != nil {
		return nil, nil, err
	}
	return wrong.mismatches, nil, nil
}

// differences are mismatches of one type, of which each names its field.
type differences struct {
	typ        string
	mismatches []state.Mismatch
}

func (d *differences) add(expected, actual string) {
	d.mismatches = append(d.mismatches, state.Mismatch{Type: d.typ, Expected: expected, Actual: actual})
}

// field compares one that is demanded if it is not empty.
func (d *differences) field(name, want, have string) {
	if want != "" && want != have {
		if have == "" {
			have = "(empty)"
		}
		d.add(name+" "+want, name+" "+have)
	}
}

// compareGroups compares groups by their numbers. Names that id does not show for any of them may be further names
// of the same number, so these are looked up before they are held to be missing.
func (u *userItem) compareGroups(wrong *differences, have *passwdEntry, answers Answers) ([]Question, error) {
	if u.group == "" && len(u.groups) == 0 && !u.onlyGroups {
		return nil, nil
	}
	answer, err := answers.to("user_groups", u.name)
	if err != nil {
		return nil, err
	}
	id, err := parseIdentified(answer)
	if err != nil {
		return nil, err
	}
	if id.uid != have.uid || id.primary.gid != have.gid {
		return nil, errors.New("id and the user's entry do not say the same")
	}
	known := map[string]string{} // gid by what is demanded
	var more []Question
	for _, want := range slices.Concat([]string{u.group}, u.groups) {
		gid, question, err := gidOf(want, id, answers)
		if err != nil {
			return nil, err
		}
		known[want] = gid
		more = append(more, question...)
	}
	if len(more) > 0 {
		return more, errUndecided
	}
	if u.group != "" && known[u.group] != id.primary.gid {
		wrong.field("group", u.group, nameOrNumber(u.group, id.primary.name, id.primary.gid))
	}
	if !u.hasGroups(id, known) {
		wrong.add("groups "+enumerated(u.groups), "groups "+enumerated(u.shownGroups(id)))
	}
	return nil, nil
}

// gidOf is the number of a group that is demanded, empty if there is no such group; or what to ask to know it.
func gidOf(want string, id identified, answers Answers) (string, []Question, error) {
	if isDigits(want) || want == "" {
		return want, nil, nil
	}
	for _, group := range append([]groupRef{id.primary}, id.groups...) {
		if group.name == want {
			return group.gid, nil, nil
		}
	}
	question := Question{Op: "group", Arg: want}
	if !answers.has(question) {
		return "", []Question{question}, nil
	}
	group, err := groupOf(answers, want)
	if err != nil || group == nil {
		return "", nil, err
	}
	return group.gid, nil, nil
}

// hasGroups tells whether the user is in all groups that are demanded, be it as the primary one, and in no other if
// these are all that there may be.
func (u *userItem) hasGroups(id identified, known map[string]string) bool {
	demanded := map[string]bool{}
	for _, want := range u.groups {
		gid := known[want]
		demanded[gid] = true
		if gid != id.primary.gid && !slices.ContainsFunc(id.groups, func(g groupRef) bool { return g.gid == gid }) {
			return false
		}
	}
	return !u.onlyGroups || !slices.ContainsFunc(id.groups, func(g groupRef) bool {
		return g.gid != id.primary.gid && !demanded[g.gid]
	})
}

// shownGroups are the user's groups: of one whose groups are all demanded the supplementary ones.
func (u *userItem) shownGroups(id identified) []string {
	var names []string
	for _, g := range id.groups {
		if !u.onlyGroups || g.gid != id.primary.gid {
			names = append(names, g.String())
		}
	}
	return names
}

// enumerated is a list to be shown.
func enumerated(names []string) string {
	if len(names) == 0 {
		return "(none)"
	}
	return strings.Join(names, ", ")
}

// comparePassword takes an account without a password for neither locked nor as it should be.
func (u *userItem) comparePassword(wrong *differences, answers Answers) error {
	if u.locked == nil {
		return nil
	}
	answer, err := answers.to("user_password", u.name)
	if err != nil {
		return err
	}
	switch answer {
	case "locked", "set", "none":
	case "elsewhere":
		return errors.New("is not in /etc/passwd: the machine does not say whether the password is locked")
	default:
		return errors.New("what the machine says of the password makes no sense")
	}
	switch want := passwordText(*u.locked); {
	case answer == "none":
		wrong.add(want, "no password")
	case want != "password "+answer:
		wrong.add(want, "password "+answer)
	}
	return nil
}
