package checker

import (
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// ownerQuestions ask for the accounts that are demanded by name. Several may share a number, and stat says the name of
// the first: whether a file of another name is the demanded one's, only the numbers tell.
func (f *fileItem) ownerQuestions() []Question {
	var questions []Question
	if mayBeAccount(f.owner) {
		questions = append(questions, Question{Op: "user", Arg: f.owner})
	}
	if mayBeAccount(f.group) {
		questions = append(questions, Question{Op: "group", Arg: f.group})
	}
	return questions
}

// mayBeAccount tells whether a name may be asked for. Machines take some for options or numbers.
func mayBeAccount(name string) bool {
	return name != "" && name[0] != '-' && !numeric.MatchString(name) && !strings.ContainsAny(name, ":,/")
}

// compareOwner compares the owners of what a path leads to, or of a symbolic link; of may be nil if none is demanded.
// With errUndecided the ownerQuestions have to be answered first.
func (f *fileItem) compareOwner(of *fileStatus, answers Answers) ([]state.Mismatch, error) {
	if of == nil {
		return nil, nil
	}
	var mismatches []state.Mismatch
	for _, one := range []struct {
		typ, op, wanted, name, number string
		numberOf                      func(answers Answers, name string) (string, error)
	}{
		{"wrong_owner", "user", f.owner, of.user, of.uid, numberOfUser},
		{"wrong_group", "group", f.group, of.group, of.gid, numberOfGroup},
	} {
		actual := nameOrNumber(one.wanted, one.name, one.number)
		if one.wanted == "" || one.wanted == actual {
			continue
		}
		if mayBeAccount(one.wanted) {
			if !answers.has(Question{Op: one.op, Arg: one.wanted}) {
				return nil, errUndecided
			}
			number, err := one.numberOf(answers, one.wanted)
			if err != nil {
				return nil, err
			}
			if number == one.number {
				continue
			}
		}
		mismatches = append(mismatches, state.Mismatch{Type: one.typ, Expected: one.wanted, Actual: actual})
	}
	return mismatches, nil
}

// numberOfUser is the number of a user; empty if the machine knows none of that name.
func numberOfUser(answers Answers, name string) (string, error) {
	account, err := accountOf(answers, name)
	if account == nil {
		return "", err
	}
	return account.uid, nil
}

// numberOfGroup is the number of a group; empty if the machine knows none of that name.
func numberOfGroup(answers Answers, name string) (string, error) {
	group, err := groupOf(answers, name)
	if group == nil {
		return "", err
	}
	return group.gid, nil
}

// nameOrNumber is the actual owner in the form that is demanded: a number if a number is.
func nameOrNumber(wanted, name, number string) string {
	if isDigits(wanted) || name == "" {
		return number
	}
	return name
}
