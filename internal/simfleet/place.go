package simfleet

import (
	"io"
	"strings"
)

// places are directories and files that a simulated machine has of its own: what is below them is below its root. All
// else is this machine's, to be read.
var places = []string{
	"/etc", "/home", "/lib/apk", "/opt", "/proc/sys", "/root", "/run", "/srv", "/usr/lib/apk", "/usr/lib/opkg",
	"/usr/lib/os-release", "/usr/local/etc", "/var",
}

// placed is a text in which each path of the machine is one below root. A path begins where no other goes on.
func placed(text, root string) string {
	var out strings.Builder
	for at := 0; at < len(text); {
		if text[at] == '/' && (at == 0 || !inPath(text[at-1])) && own(text[at:]) {
			out.WriteString(root)
		}
		next := strings.IndexByte(text[at+1:], '/')
		if next < 0 {
			out.WriteString(text[at:])
			break
		}
		out.WriteString(text[at : at+1+next])
		at += 1 + next
	}
	return out.String()
}

// own tells whether a text begins with a path that the machine has of its own.
func own(text string) bool {
	for _, place := range places {
		rest, found := strings.CutPrefix(text, place)
		if found && (rest == "" || rest[0] == '/' || !inPath(rest[0])) {
			return true
		}
	}
	return false
}

// inPath tells whether a character is part of a path, or of what a shell puts in its place.
func inPath(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/._-~$}*]+@%", c) >= 0
}

// unplaced is a writer that takes root out of what passes, so that what is below it is shown as the machine's own path.
// It holds back what may be the beginning of root until it knows.
type unplaced struct {
	to   io.Writer
	root string
	held string
}

func (u *unplaced) Write(p []byte) (int, error) {
	text := strings.ReplaceAll(u.held+string(p), u.root, "")
	keep := 0
	for n := min(len(text), len(u.root)-1); n > 0; n-- {
		if strings.HasSuffix(text, u.root[:n]) {
			keep = n
			break
		}
	}
	u.held = text[len(text)-keep:]
	if _, err := io.WriteString(u.to, text[:len(text)-keep]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// flush writes what is held back: nothing more comes.
func (u *unplaced) flush() error {
	_, err := io.WriteString(u.to, u.held)
	u.held = ""
	return err
}
