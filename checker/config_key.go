package checker

import (
	"errors"
	"strconv"
	"strings"
)

// keyStep is one step of the way to a value: into a mapping by name, or into a list by its index from 0.
type keyStep struct {
	name    string
	index   int
	isIndex bool
}

// maxKeySteps bounds how deep a key may lie.
const maxKeySteps = 100

// parseKey reads a key as packs write it: names separated by dots, a name with a dot or a bracket in it between single
// or double quotes, an entry of a list as [0]. Between quotes everything is literal.
func parseKey(key string) ([]keyStep, error) {
	var steps []keyStep
	rest := key
	for first := true; rest != "" || first; first = false {
		var step keyStep
		var err error
		if strings.HasPrefix(rest, "[") {
			step, rest, err = indexStep(rest)
		} else {
			if !first {
				if !strings.HasPrefix(rest, ".") {
					return nil, errors.New("after a closing quote or bracket there must be a dot, a bracket or the end")
				}
				rest = rest[1:]
			}
			step, rest, err = nameStep(rest)
		}
		if err != nil {
			return nil, err
		}
		if steps = append(steps, step); len(steps) > maxKeySteps {
			return nil, errors.New("has more than " + strconv.Itoa(maxKeySteps) + " parts")
		}
	}
	return steps, nil
}

func indexStep(text string) (step keyStep, rest string, err error) {
	digits, rest, closed := strings.Cut(text[1:], "]")
	index, err := strconv.Atoi(digits)
	if err != nil || !closed || strconv.Itoa(index) != digits || index < 0 {
		return step, "", errors.New("between brackets there must be the number of a list's entry, such as [0]; put a name that holds a bracket in quotes")
	}
	return keyStep{index: index, isIndex: true}, rest, nil
}

func nameStep(text string) (step keyStep, rest string, err error) {
	if text != "" && (text[0] == '\'' || text[0] == '"') {
		name, rest, closed := strings.Cut(text[1:], text[:1])
		if !closed {
			return step, "", errors.New("a quote is not closed")
		}
		return keyStep{name: name}, rest, nil
	}
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	if end == 0 {
		return step, "", errors.New("a part is empty; put an empty name in quotes")
	}
	return keyStep{name: text[:end]}, text[end:], nil
}
