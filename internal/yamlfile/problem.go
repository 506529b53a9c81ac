// Package yamlfile decodes YAML strictly and reports what is wrong as file:line: message. It is shared by
// the configuration and the packs, and knows the content of neither.
package yamlfile

import (
	"cmp"
	"fmt"
	"slices"
)

// Problem is one thing that is wrong in a file, or in what it names.
type Problem struct {
	File    string // as the user would name it: relative to the working directory where that is shorter
	Line    int    // 0 if the file as a whole is meant
	Message string // lower case, names the field
	Warning bool   // does not stop the file from being used
}

// String is "file:line: message", or "file: message" without a line; warnings say so.
func (p Problem) String() string {
	message := p.Message
	if p.Warning {
		message = "warning: " + message
	}
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, message)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, message)
}

// Problems is everything that is wrong; it is an error if Fatal.
type Problems []Problem

// Fatal tells whether one of them is more than a warning.
func (ps Problems) Fatal() bool { return slices.ContainsFunc(ps, Problem.fatal) }

// Errors are those that are more than warnings.
func (ps Problems) Errors() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return !p.fatal() })
}

func (p Problem) fatal() bool { return !p.Warning }

// Sort orders by file, line and message.
func (ps Problems) Sort() {
	slices.SortFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
}
