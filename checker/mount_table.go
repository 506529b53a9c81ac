package checker

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// mounted is a line of /proc/self/mountinfo, see proc(5).
type mounted struct {
	id, parent string
	root       string // what of the filesystem is mounted: / is all of it
	path       string
	options    []string // those of the mount, then those of the filesystem
	fstype     string
	device     string
}

var errMount = errors.New("a mount makes no sense")

// parseMount reads "26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard".
func parseMount(line string) (mounted, error) {
	before, after, found := strings.Cut(line, " - ")
	first, last := strings.Split(before, " "), strings.Split(after, " ")
	if !found || len(first) < 6 || len(last) != 3 || !isDigits(first[0]) || !isDigits(first[1]) || !strings.HasPrefix(first[4], "/") {
		return mounted{}, fmt.Errorf("%w: %s", errMount, quoted(line))
	}
	return mounted{
		id: first[0], parent: first[1], root: unescapeMount(first[3]), path: unescapeMount(first[4]),
		options: mergedOptions(splitOptions(first[5]), splitOptions(last[2])),
		fstype:  unescapeMount(last[0]), device: unescapeMount(last[1]),
	}, nil
}

// mergedOptions are the options as mount(8) shows them. Both parts say whether it may be written to; it may if both
// say so.
func mergedOptions(own, filesystem []string) []string {
	out := slices.Clone(own)
	if slices.Contains(filesystem, "ro") {
		for i, option := range out {
			if option == "rw" {
				out[i] = "ro"
			}
		}
	}
	for _, option := range filesystem {
		if option != "rw" && !slices.Contains(out, option) {
			out = append(out, option)
		}
	}
	return out
}

// splitOptions splits at commas that are not quoted: SELinux contexts hold some.
func splitOptions(text string) []string {
	var out []string
	quoted, from := false, 0
	for i := 0; i <= len(text); i++ {
		switch {
		case i == len(text) || text[i] == ',' && !quoted:
			out = append(out, unescapeMount(text[from:i]))
			from = i + 1
		case text[i] == '"':
			quoted = !quoted
		}
	}
	return out
}

// contraries are options that no mount shows, since they say that another one is not set.
var contraries = map[string]string{
	"exec": "noexec", "suid": "nosuid", "dev": "nodev", "async": "sync", "symfollow": "nosymfollow", "diratime": "nodiratime",
}

// has tells whether an option is set.
func (m *mounted) has(option string) bool {
	if contrary, ok := contraries[option]; ok {
		return !slices.Contains(m.options, contrary)
	}
	return slices.Contains(m.options, option)
}

// prefixes are the paths on the way from the root to a clean path, both included.
func prefixes(path string) []string {
	out := []string{"/"}
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			out = append(out, path[:i])
		}
	}
	if path != "/" {
		out = append(out, path)
	}
	return out
}

// mountAt is what is mounted at a path; nil if nothing is. It goes the kernel's way there: down from the root, at each
// directory into what is mounted on it, and into what is mounted on that. What lies below a later mount is not seen.
func mountAt(path string, answers Answers) (*mounted, error) {
	var at *mounted
	below := map[string]bool{} // the mounts on the way that are known
	for _, prefix := range prefixes(path) {
		answer, err := answers.to("mount", escapeMount(prefix))
		if err != nil {
			return nil, err
		}
		var here []mounted
		for line := range strings.Lines(answer) {
			m, err := parseMount(strings.TrimSuffix(line, "\n"))
			if err == nil && m.path != prefix {
				err = fmt.Errorf("%w: %s", errMount, quoted(line))
			}
			if err != nil {
				return nil, err
			}
			here = append(here, m)
			below[m.id] = true
		}
		for next := mountOn(at, here, below); next != nil; next = mountOn(at, here, below) {
			at = next
			here = slices.DeleteFunc(slices.Clone(here), func(m mounted) bool { return m.id == next.id })
		}
	}
	if at == nil || at.path != path {
		return nil, nil
	}
	return at, nil
}

// mountOn is the last of the mounts that is mounted on another one. In a chroot that is no mount point the machine does
// not say what the root is: then it is what is mounted on something that it does not say.
func mountOn(at *mounted, here []mounted, known map[string]bool) *mounted {
	for i := len(here) - 1; i >= 0; i-- {
		m := here[i]
		if at != nil && m.parent == at.id || at == nil && (m.parent == m.id || !known[m.parent]) {
			return &m
		}
	}
	return nil
}

// escapeMount writes a path as mountinfo does.
func escapeMount(path string) string {
	return strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`).Replace(path)
}

// unescapeMount takes octal numbers for the bytes that they stand for.
func unescapeMount(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if b, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(b))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
