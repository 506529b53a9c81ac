package checker

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// decoding checks the fields of one item and collects what is wrong with them.
type decoding struct {
	problems yamlfile.Problems
}

// problem reports a problem; line 0 is the line of the item, which the loader fills in.
func (d *decoding) problem(line int, format string, args ...any) {
	d.problems = append(d.problems, yamlfile.Problem{Line: line, Message: fmt.Sprintf(format, args...)})
}

// text is a value of one line. Newline and NUL are refused since values travel to machines as lines.
func (d *decoding) text(field string, s yamlfile.Scalar) string {
	switch {
	case !s.Set:
		return ""
	case s.Value == "":
		d.problem(s.Line, "%s must not be empty", field)
	case strings.ContainsAny(s.Value, "\n\x00"):
		d.problem(s.Line, "%s must not contain a newline or a NUL", field)
	}
	return s.Value
}

// required is text that must be there.
func (d *decoding) required(field string, s yamlfile.Scalar) string {
	if !s.Set {
		d.problem(s.Line, "%s is required", field)
	}
	return d.text(field, s)
}

// maxPath is the longest path that Linux knows, without its final NUL.
const maxPath = 4095

func (d *decoding) path(field string, s yamlfile.Scalar) string {
	before := len(d.problems)
	path := d.required(field, s)
	switch inHome := path == "~" || strings.HasPrefix(path, "~/"); {
	case len(d.problems) > before:
	case strings.HasPrefix(path, "~") && !inHome:
		d.problem(s.Line, "%s: only ~/ is known, the home of the machine's config_user; of another user's home give the whole path", field)
	case !inHome && !strings.HasPrefix(path, "/"):
		d.problem(s.Line, "%s must be absolute or begin with ~/", field)
	case len(path) > maxPath:
		d.problem(s.Line, "%s is longer than %d bytes", field, maxPath)
	}
	return path
}

// mode is up to four octal digits, as chmod takes them.
func (d *decoding) mode(field string, s yamlfile.Scalar) *uint32 {
	if !s.Set {
		return nil
	}
	mode, err := strconv.ParseUint(strings.TrimPrefix(s.Value, "0o"), 8, 32)
	if err != nil || mode > 0o7777 || !isDigits(strings.TrimPrefix(s.Value, "0o")) {
		d.problem(s.Line, "%s must be octal, such as \"0644\", not %q", field, s.Value)
		return nil
	}
	out := uint32(mode)
	return &out
}

// name is the name of a user or group, or its number, without leading zeros: machines print none.
func (d *decoding) name(field string, s yamlfile.Scalar) string {
	name := d.text(field, s)
	if isDigits(name) {
		name = cmp.Or(strings.TrimLeft(name, "0"), "0")
	}
	if strings.Contains(name, ":") {
		d.problem(s.Line, "%s must be one name or number: give user and group as owner and group", field)
	}
	return name
}

func (d *decoding) oneOf(field string, s yamlfile.Scalar, allowed ...string) string {
	if s.Set && !slices.Contains(allowed, s.Value) {
		last := len(allowed) - 1
		d.problem(s.Line, "%s must be %s or %s, not %q", field, strings.Join(allowed[:last], ", "), allowed[last], s.Value)
	}
	return s.Value
}

// state tells whether the item must be absent.
func (d *decoding) state(s yamlfile.Scalar) (absent bool) {
	return d.oneOf("state", s, "present", "absent") == "absent"
}

// nothingElse reports what may not be demanded of an item that must be absent.
func (d *decoding) nothingElse(absent bool, demands map[string]bool) {
	for _, field := range sortedKeys(demands) {
		if absent && demands[field] {
			d.problem(0, "state absent excludes %s", field)
		}
	}
}

func stateText(absent bool) string {
	if absent {
		return "absent"
	}
	return "present"
}

// sha256 is a hash in hex, lower case.
func (d *decoding) sha256(field string, s yamlfile.Scalar) string {
	hash := strings.ToLower(s.Value)
	hash = strings.TrimPrefix(hash, "sha256:")
	if s.Set && !isSHA256(hash) {
		d.problem(s.Line, "%s must be 64 hexadecimal digits, with or without sha256: before them", field)
	}
	return hash
}

func isSHA256(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// definition is a canonical text of pairs of names and values, without those that are empty.
func definition(pairs ...string) string {
	var out strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out.WriteString(pairs[i] + "=" + strconv.Quote(pairs[i+1]) + " ")
		}
	}
	return out.String()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
