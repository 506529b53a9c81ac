package checker

import (
	"bytes"
	"regexp"
	"strings"
)

// iniDocument is the keys of an ini file. No two programs read such files alike, and a library is the reading of just
// one: so this reads what all agree on, and where they do not, and it matters for the key that is demanded, says so.
type iniDocument struct {
	pairs []iniPair
}

// iniPair is a line that sets a key.
type iniPair struct {
	section, key, value string
	other               string // what the key is to a program that takes a colon for the delimiter, too
	line                int
	doubt               string // why programs may not agree on it
	open                bool   // a backslash ends it
}

const (
	doubtIndent    = "it is indented like the rest of the value before it, or like a key"
	doubtContinued = "the next line is indented as if the value went on there"
	doubtBackslash = "a backslash ends the line, and the value may go on in the next"
)

// iniReader goes through the lines.
type iniReader struct {
	document iniDocument
	section  string
	indent   int // of the last key; -1 before the first of a section
}

func parseINI(content []byte) (configDocument, error) {
	r := iniReader{indent: -1}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		if err := r.take(strings.TrimRight(line, " \t\r\n"), number); err != nil {
			return nil, err
		}
	}
	return &r.document, nil
}

func (r *iniReader) take(line string, number int) error {
	text := strings.TrimLeft(line, " \t")
	indent := len(line) - len(text)
	if text == "" || text[0] == '#' || text[0] == ';' {
		return nil
	}
	deeper := r.indent >= 0 && indent > r.indent
	var last *iniPair
	if len(r.document.pairs) > 0 && r.indent >= 0 {
		last = &r.document.pairs[len(r.document.pairs)-1]
	}
	follows := last != nil && last.line == number-1 && last.open
	if text[0] == '[' {
		if deeper || follows {
			return atLine(number, "begins a section or goes on with a value: programs differ")
		}
		return r.header(text, number)
	}
	pair := iniPair{section: r.section, line: number}
	pair.set(text)
	switch {
	case follows:
		pair.doubt = doubtBackslash
	case deeper:
		pair.doubt = doubtIndent
		if last.doubt == "" {
			last.doubt = doubtContinued
		}
	default:
		r.indent = indent
	}
	if pair.open = strings.HasSuffix(text, `\`); pair.open {
		pair.doubt = doubtBackslash
	}
	r.document.pairs = append(r.document.pairs, pair)
	return nil
}

// header takes the name between the first bracket and the last; after that one only a comment may follow.
func (r *iniReader) header(text string, number int) error {
	end := strings.LastIndexByte(text, ']')
	if end < 0 {
		return atLine(number, "is no section's beginning")
	}
	if rest := strings.TrimLeft(text[end+1:], " \t"); rest != "" && rest[0] != ';' && rest[0] != '#' {
		return atLine(number, "is no section's beginning")
	}
	r.section, r.indent = strings.TrimSpace(text[1:end]), -1
	return nil
}

// set takes a line apart at the first =, or at the first colon if there is none. A line without either sets a key to
// nothing.
func (p *iniPair) set(text string) {
	key, value, found := strings.Cut(text, "=")
	name, rest, colon := strings.Cut(text, ":")
	switch {
	case !found && colon:
		key, value = name, rest
	case colon && len(name) < len(key):
		p.other = strings.TrimSpace(name)
	}
	p.key, p.value = strings.TrimSpace(key), strings.TrimSpace(value)
}

// value is that of the line that sets the key, or of the one that the item says of those that differ. Values are as they
// are written, quotes included.
func (d *iniDocument) value(c *configItem) (configValue, error) {
	key := c.key
	if len(c.steps) > 0 {
		key = c.steps[len(c.steps)-1].name
	}
	found, line := configValue{}, 0
	for _, pair := range d.pairs {
		inside := pair.section == c.section
		alike := strings.EqualFold(pair.section, c.section)
		exact := inside && pair.key == key
		folded := alike && strings.EqualFold(pair.key, key)
		switch {
		case alike && strings.EqualFold(pair.other, key):
			return found, atLine(pair.line, "sets the key or one with a colon in it: programs differ")
		case folded && !exact && !c.ignoreCase.Set:
			return found, atLine(pair.line, "sets the key in another case: say whether that is the same with ignore_case: true or false")
		case !exact && (!folded || !c.ignoreCase.Value):
			continue
		case pair.doubt != "":
			return found, atLine(pair.line, "programs differ in what it means: %s", pair.doubt)
		}
		value, err := pair.withoutComment(c)
		if err != nil {
			return found, err
		}
		got, err := scalarRead(value)
		again := found.set && !got.equal(found)
		switch {
		case err != nil:
			return found, err
		case again && c.repeated == "" && !c.absent:
			return configValue{}, atLine(pair.line, "sets the key to another value than line %d: say which of them counts with repeated: last or first", line)
		case !again || c.repeated != repeatedFirst:
			found, line = got, pair.line
		}
	}
	if !found.set {
		return found, d.inherited(c.section, key)
	}
	return found, nil
}

// Which line counts of those that set a key to different values. Programs differ: some refuse the file, or take them all.
const (
	repeatedLast  = "last"
	repeatedFirst = "first"
)

var iniComment = regexp.MustCompile(`(^|[ \t])[;#]`)

// withoutComment takes off what may be a comment behind the value, as the item says.
func (p iniPair) withoutComment(c *configItem) (string, error) {
	at := iniComment.FindStringIndex(p.value)
	switch {
	case at == nil || c.inlineComments.Set && !c.inlineComments.Value:
		return p.value, nil
	case !c.inlineComments.Set:
		return "", atLine(p.line, "holds ; or # after a blank: say whether a comment begins there with inline_comments: true or false")
	case strings.ContainsAny(p.value[:at[0]], `"'`) && strings.ContainsAny(p.value[at[0]:], `"'`):
		return "", atLine(p.line, "holds ; or # between quotes: programs differ in what it means")
	}
	return strings.TrimSpace(p.value[:at[0]]), nil
}

// inherited is an error if the key is not in its section but in one that some programs fill sections from.
func (d *iniDocument) inherited(section, key string) error {
	for _, pair := range d.pairs {
		if section != "" && strings.EqualFold(pair.section, "DEFAULT") && !strings.EqualFold(section, "DEFAULT") && strings.EqualFold(pair.key, key) {
			return atLine(pair.line, "sets the key in the section DEFAULT, from which some programs take it")
		}
	}
	return nil
}
