package oracle_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// fileJudge judges files by what stat and sha256sum of GNU coreutils, and getent, say on the machine.
type fileJudge struct {
	machine
	t     testing.TB
	notes []string
}

// seen is what stat said: of what is there its %F, %a, %u and %g, or why it said nothing.
type seen struct {
	why                 string
	typ, mode, uid, gid string
}

func (j *fileJudge) stat(path string, follow ...string) seen {
	argv := append([]string{"/usr/bin/stat", "-c", "%F|%a|%u|%g"}, follow...)
	out, diagnosis, ok := j.run(j.t, "", append(argv, "--", path)...)
	j.notes = append(j.notes, out+diagnosis)
	fields := strings.Split(out, "|")
	if !ok || len(fields) != 4 {
		return seen{why: diagnosis[strings.LastIndex(diagnosis, ": ")+2:]}
	}
	return seen{typ: fields[0], mode: fields[1], uid: fields[2], gid: fields[3]}
}

// proven tells whether stat's complaint means that there is nothing.
func (s seen) proven() bool {
	return s.why == "No such file or directory" || s.why == "Not a directory"
}

var statTypes = map[string]string{
	"regular file": "file", "regular empty file": "file", "directory": "directory", "symbolic link": "symlink",
}

func (j *fileJudge) judge(d demand) verdict {
	self := j.stat(d.path)
	switch {
	case self.proven() && d.absent:
		return compliant
	case self.proven():
		return drifted("missing_file")
	case self.why != "":
		return unobserved
	case d.absent:
		return drifted("unexpected_file")
	case d.typ != "" && statTypes[self.typ] != d.typ, d.target != "" && statTypes[self.typ] != "symlink":
		return drifted("wrong_type")
	}
	wrong := j.compareSelf(d, self)
	isLink := d.typ == "symlink" || d.target != ""
	if d.mode != "" || d.hasContent() || !d.own && (!isLink || d.owner != "" || d.group != "") { // else the path itself is enough
		reached := j.stat(d.path, "-L")
		switch {
		case reached.proven() || reached.why == "Too many levels of symbolic links":
			return drifted("missing_file")
		case reached.why != "":
			return unobserved
		case d.hasContent() && statTypes[reached.typ] != "file":
			return drifted("wrong_type")
		}
		more, ok := j.compareReached(d, reached)
		if !ok {
			return unobserved
		}
		wrong = append(wrong, more...)
	}
	if len(wrong) == 0 {
		return compliant
	}
	return drifted(wrong...)
}

// asShown is a text as results show it: on one line, and nothing that a terminal would obey.
func asShown(text string) string {
	var out strings.Builder
	for i, r := range text {
		switch quoted := strconv.QuoteRune(r); {
		case r == utf8.RuneError && text[i] != 0xef:
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case !strconv.IsPrint(r):
			out.WriteString(strings.Trim(quoted, "'"))
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// compareSelf compares what is demanded of the path itself.
func (j *fileJudge) compareSelf(d demand, self seen) []string {
	var wrong []string
	if d.target != "" {
		if text, _, _ := j.run(j.t, "", "/usr/bin/readlink", "--no-newline", "--", d.path); text != d.target {
			wrong = append(wrong, "wrong_target "+asShown(text))
		}
	}
	if d.own {
		wrong = append(wrong, j.compareOwners(d, self)...)
	}
	return wrong
}

// compareReached compares what is demanded of what the path leads to; it fails if the content cannot be read.
func (j *fileJudge) compareReached(d demand, reached seen) (wrong []string, ok bool) {
	if digits := strings.TrimLeft(strings.TrimPrefix(d.mode, "0o"), "0"); d.mode != "" && digits != strings.TrimLeft(reached.mode, "0") {
		wrong = append(wrong, "wrong_permissions "+("0000" + reached.mode)[len(reached.mode):])
	}
	if !d.own {
		wrong = append(wrong, j.compareOwners(d, reached)...)
	}
	if d.hasContent() {
		out, diagnosis, ok := j.run(j.t, "", "/usr/bin/sha256sum", "--zero", "--", d.path)
		j.notes = append(j.notes, out[:min(len(out), 64)]+diagnosis)
		if !ok {
			return nil, false
		}
		if sum, _, _ := strings.Cut(out, " "); sum != j.wanted(d) {
			wrong = append(wrong, "wrong_content sha256:"+sum)
		}
	}
	return wrong, true
}

func (j *fileJudge) compareOwners(d demand, of seen) []string {
	var wrong []string
	if d.owner != "" && j.number(d.owner, "passwd") != of.uid {
		wrong = append(wrong, "wrong_owner "+j.name(d.owner, of.uid, "passwd"))
	}
	if d.group != "" && j.number(d.group, "group") != of.gid {
		wrong = append(wrong, "wrong_group "+j.name(d.group, of.gid, "group"))
	}
	return wrong
}

// wanted is the hash that is demanded, by sha256sum where the content is.
func (j *fileJudge) wanted(d demand) string {
	if d.content == nil {
		return strings.TrimPrefix(strings.ToLower(d.hash), "sha256:")
	}
	out, _, _ := j.run(j.t, *d.content, "/usr/bin/sha256sum")
	return strings.TrimSuffix(out, "  -")
}

// number is the number of a user or group that is demanded by name or number; empty if the machine does not know it.
func (j *fileJudge) number(wanted, database string) string {
	if strings.Trim(wanted, "0123456789") == "" {
		if number := strings.TrimLeft(wanted, "0"); number != "" {
			return number
		}
		return "0"
	}
	out, _, _ := j.run(j.t, "", "/usr/bin/getent", database, wanted)
	if fields := strings.Split(out, ":"); len(fields) > 2 && fields[0] == wanted {
		return fields[2]
	}
	return ""
}

// name is the owner that is there, in the form of what is demanded.
func (j *fileJudge) name(wanted, number, database string) string {
	if strings.Trim(wanted, "0123456789") == "" {
		return number
	}
	out, _, ok := j.run(j.t, "", "/usr/bin/getent", database, number)
	if name, _, _ := strings.Cut(out, ":"); ok && name != "" {
		return name
	}
	return number
}
