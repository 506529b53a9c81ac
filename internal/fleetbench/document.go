package fleetbench

import (
	"errors"
	"strings"
)

// The lines in a document between which the figures are.
const (
	Begin = "<!-- make bench writes from here -->\n"
	End   = "<!-- to here -->\n"
)

// Document puts figures into a document, in place of those that are there.
func Document(text, figures string) (string, error) {
	before, rest, begins := strings.Cut(text, Begin)
	_, after, ends := strings.Cut(rest, End)
	if !begins || !ends {
		return "", errors.New("the document has no place for the figures")
	}
	return before + Begin + "\n" + strings.TrimSpace(figures) + "\n\n" + End + after, nil
}
