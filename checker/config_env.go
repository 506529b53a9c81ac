package checker

import (
	"strings"
)

// envDocument is the assignments of a file that a shell could read: /etc/default/*, os-release, EnvironmentFile.
type envDocument map[string]envAssignment

type envAssignment struct {
	value    string
	line     int
	expanded bool // the value depends on what the shell makes of it
}

func (d envDocument) value(c *configItem) (configValue, error) {
	got, ok := d[c.key]
	switch {
	case !ok:
		return configValue{}, nil
	case got.expanded:
		return configValue{}, atLine(got.line, "the value holds an expansion: what it is only a shell can tell")
	}
	return scalarRead(got.value)
}

// envReader reads assignments as a POSIX shell does, and nothing else: a file that is more than assignments may set
// anything anywhere.
type envReader struct {
	text string
	at   int
	line int
	out  strings.Builder // the value that is being read
	wild bool            // it holds an expansion
}

func parseEnv(content []byte) (configDocument, error) {
	r := &envReader{text: string(content), line: 1}
	document := envDocument{}
	if i := strings.IndexByte(r.text, 0); i >= 0 {
		return nil, atLine(lineAt(content, i), "holds a NUL")
	}
	for r.between(); r.at < len(r.text); r.between() {
		line := r.line
		name, ok := r.name()
		if name == "export" && r.skip(" \t") {
			name, ok = r.name()
		}
		if !ok || !r.skipOne('=') {
			return nil, atLine(line, "is more than an assignment: what the file sets only a shell can tell")
		}
		if err := r.word(); err != nil {
			return nil, err
		}
		document[name] = envAssignment{value: r.out.String(), line: line, expanded: r.wild}
	}
	return document, nil
}

// between skips blanks, comments and line ends between assignments.
func (r *envReader) between() {
	for r.at < len(r.text) {
		switch {
		case r.skip(" \t\n"):
		case r.text[r.at] == '#':
			end := strings.IndexByte(r.text[r.at:], '\n')
			if end < 0 {
				end = len(r.text) - r.at
			}
			r.at += end
		default:
			return
		}
	}
}

// skip goes over any of these characters; false if there is none.
func (r *envReader) skip(characters string) bool {
	rest := strings.TrimLeft(r.text[r.at:], characters)
	skipped := r.text[r.at : len(r.text)-len(rest)]
	r.line += strings.Count(skipped, "\n")
	r.at += len(skipped)
	return skipped != ""
}

func (r *envReader) skipOne(c byte) bool {
	if r.at < len(r.text) && r.text[r.at] == c {
		r.at++
		return true
	}
	return false
}

func (r *envReader) name() (string, bool) {
	end := r.at
	for end < len(r.text) && strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789", r.text[end]) >= 0 {
		end++
	}
	name := r.text[r.at:end]
	r.at = end
	return name, name != "" && !isDigits(name[:1])
}

// word reads a value up to the end of its assignment. Behind it there may only be the line's end, a comment, or a
// semicolon before the next.
func (r *envReader) word() error {
	r.out.Reset()
	r.wild = false
	begins := true // where a ~ is a home
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		switch {
		case c == '\n':
			r.line++
			return nil
		case c == ' ' || c == '\t':
			return r.after()
		case c == ';':
			return nil
		case strings.IndexByte("&|<>()", c) >= 0:
			return atLine(r.line, "is more than an assignment: what the file sets only a shell can tell")
		case c == '~' && begins:
			r.wild = true
		case c == '\'':
			end := strings.IndexByte(r.text[r.at:], '\'')
			if end < 0 {
				return atLine(r.line, "a quote is not closed")
			}
			r.literal(r.text[r.at : r.at+end])
			r.at += end + 1
		case c == '"':
			if err := r.quoted(); err != nil {
				return err
			}
		default:
			if err := r.character(c, ""); err != nil {
				return err
			}
		}
		begins = c == ':'
	}
	return nil
}

func (r *envReader) literal(text string) {
	r.out.WriteString(text)
	r.line += strings.Count(text, "\n")
}

// after is what may stand behind a value and blanks.
func (r *envReader) after() error {
	r.skip(" \t")
	if r.at == len(r.text) || r.text[r.at] == '\n' || r.text[r.at] == '#' || r.skipOne(';') {
		return nil
	}
	return atLine(r.line, "is more than an assignment: what the file sets only a shell can tell")
}

// quoted reads up to the closing double quote.
func (r *envReader) quoted() error {
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		if c == '"' {
			return nil
		}
		if err := r.character(c, "$`\"\\"); err != nil {
			return err
		}
	}
	return atLine(r.line, "a quote is not closed")
}

// character takes one that may be a backslash or a dollar. escapable are those that a backslash escapes; empty: all.
func (r *envReader) character(c byte, escapable string) error {
	next := byte(0)
	if r.at < len(r.text) {
		next = r.text[r.at]
	}
	switch {
	case c == '`', c == '$' && next != 0 && strings.IndexByte("({'\"[", next) >= 0:
		return atLine(r.line, "holds an expansion: where it ends only a shell can tell")
	case c == '$':
		r.wild = true
	case c == '\\' && next == '\n':
		r.at++
		r.line++
		return nil
	case c == '\\' && next != 0 && (escapable == "" || strings.IndexByte(escapable, next) >= 0):
		r.at++
		c = next
	}
	r.out.WriteByte(c)
	if c == '\n' {
		r.line++
	}
	return nil
}
