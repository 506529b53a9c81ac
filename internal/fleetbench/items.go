package fleetbench

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The twenty items that every contestant checks.
const (
	fileCount      = 12 // type, mode, owner, group and content of each
	directoryCount = 2  // type, mode, owner and group
	// ItemCount is how many they are with the packages and the kernel parameters.
	ItemCount = fileCount + directoryCount + 6
)

// Items are what is demanded of a machine.
type Items struct {
	Dir          string // files and directories are in it
	Owner, Group string
	Packages     []string // installed
	Parameters   map[string]string
}

// NewItems demands files in dir that belong to a user, packages that Debian machines have, and two parameters of the kernel.
func NewItems(dir, owner, group string) Items {
	return Items{
		Dir: dir, Owner: owner, Group: group,
		Packages:   []string{"bash", "coreutils", "dpkg", "libc6"},
		Parameters: map[string]string{"kernel.ostype": "Linux", "kernel.ngroups_max": "65536"},
	}
}

// Files are the paths of the files.
func (i Items) Files() []string { return i.paths("file%02d.conf", fileCount) }

// Directories are the paths of the directories.
func (i Items) Directories() []string { return i.paths("directory%d", directoryCount) }

func (i Items) paths(name string, n int) []string {
	var paths []string
	for k := range n {
		paths = append(paths, filepath.Join(i.Dir, fmt.Sprintf(name, k)))
	}
	return paths
}

// Content is what is in a file.
func (Items) Content(path string) string {
	var b strings.Builder
	for k := range 20 {
		fmt.Fprintf(&b, "# line %d of %s, as a configuration file has them\n", k, filepath.Base(path))
	}
	return b.String()
}

// Make makes the files and directories, with the owner that chown gives them.
func (i Items) Make(chown func(path string) error) error {
	for _, path := range i.Directories() {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := own(path, 0o755, chown); err != nil {
			return err
		}
	}
	for _, path := range i.Files() {
		if err := i.Repair(path, chown); err != nil {
			return err
		}
	}
	return nil
}

// Repair makes a file what it must be.
func (i Items) Repair(path string, chown func(path string) error) error {
	if err := os.WriteFile(path, []byte(i.Content(path)), 0o644); err != nil {
		return err
	}
	return own(path, 0o644, chown)
}

func own(path string, mode os.FileMode, chown func(path string) error) error {
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		return err
	}
	return chown(path)
}

// Pack is the pack that demands all of it.
func (i Items) Pack() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("items:")
	line("  files:")
	for _, path := range i.Files() {
		line("    - {path: %s, type: file, mode: \"0644\", owner: %s, group: %s, content_hash: %s}", path, i.Owner, i.Group, digest(i.Content(path)))
	}
	for _, path := range i.Directories() {
		line("    - {path: %s, type: directory, mode: \"0755\", owner: %s, group: %s}", path, i.Owner, i.Group)
	}
	line("  packages:")
	for _, name := range i.Packages {
		line("    - {name: %s}", name)
	}
	line("  settings:")
	for _, key := range i.keys() {
		line("    - {key: %s, expected: %q, type: sysctl}", key, i.Parameters[key])
	}
	return b.String()
}

func (i Items) keys() []string {
	var keys []string
	for key := range i.Parameters {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// parameterFiles are where the kernel has the parameters, in the order of keys.
func (i Items) parameterFiles() []string {
	var files []string
	for _, key := range i.keys() {
		files = append(files, "/proc/sys/"+strings.ReplaceAll(key, ".", "/"))
	}
	return files
}

func digest(content string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(content))) }
