package checker

import (
	"fmt"
	"strconv"
	"strings"
)

// The file types in the mode that stat reports, as Linux numbers them.
const (
	typeMask      = 0o170000
	typeRegular   = 0o100000
	typeDirectory = 0o040000
)

var typeNames = map[uint32]string{
	0o010000: "FIFO", 0o020000: "character device", typeDirectory: "directory", 0o060000: "block device",
	typeRegular: "file", 0o120000: "symlink", 0o140000: "socket",
}

// observed is what a machine said of a path.
type observed struct {
	absent    bool
	link      bool        // the path itself is a symbolic link
	reached   *fileStatus // what the path leads to; nil if absent, or if a link leads to nothing that can be seen
	dangling  bool        // a link that leads nowhere
	unreached string      // why what the link leads to cannot be seen
}

// fileStatus is what stat says.
type fileStatus struct {
	mode        uint32
	uid, gid    string
	size        int64
	user, group string // empty if the machine has no name for the number
}

func (s *fileStatus) fileType() uint32    { return s.mode & typeMask }
func (s *fileStatus) permissions() uint32 { return s.mode & 0o7777 }

// userOrNumber and groupOrNumber are as a pack names them.
func (s *fileStatus) userOrNumber() string  { return nameOrNumber("", s.user, s.uid) }
func (s *fileStatus) groupOrNumber() string { return nameOrNumber("", s.group, s.gid) }

func (s *fileStatus) typeName() string {
	if name, ok := typeNames[s.fileType()]; ok {
		return name
	}
	return "file of an unknown type"
}

// lstatType is the type of the path itself.
func (o observed) lstatType() string {
	if o.link {
		return "symlink"
	}
	return o.reached.typeName()
}

// parseObserved reads an answer to op file, see fileShell.
func parseObserved(answer string) (observed, error) {
	kind, rest, _ := strings.Cut(answer, " ")
	why, unreached := strings.CutPrefix(rest, "!")
	switch {
	case answer == "absent":
		return observed{absent: true}, nil
	case kind == "link" && unreached:
		dangling := why == "absent" || strings.Contains(why, "ymbolic link") // ELOOP: it leads to itself
		return observed{link: true, dangling: dangling, unreached: why}, nil
	case kind == "link" || kind == "self":
		status, err := parseStatus(rest)
		return observed{link: kind == "link", reached: status}, err
	}
	return observed{}, fmt.Errorf("stat gave %s", quoted(answer))
}

// parseStatus reads stat's %f:%u:%g:%s:%U:%G.
func parseStatus(line string) (*fileStatus, error) {
	fields := strings.SplitN(line, ":", 6)
	if len(fields) == 6 {
		mode, modeErr := strconv.ParseUint(fields[0], 16, 32)
		size, sizeErr := strconv.ParseInt(fields[3], 10, 64)
		if modeErr == nil && sizeErr == nil && isDigits(fields[1]) && isDigits(fields[2]) {
			return &fileStatus{
				mode: uint32(mode), uid: fields[1], gid: fields[2], size: size,
				user: knownName(fields[4]), group: knownName(fields[5]),
			}, nil
		}
	}
	return nil, fmt.Errorf("stat gave %s", quoted(line))
}

// knownName is empty for what stat prints of a number without a name.
func knownName(name string) string {
	if name == "UNKNOWN" {
		return ""
	}
	return name
}
