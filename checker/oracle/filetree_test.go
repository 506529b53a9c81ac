package oracle_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree is a directory full of things that are made and changed at random.
type tree struct {
	chance
	t     testing.TB
	dir   string
	count int
	paths []string // of what is there or was there, or never was
	dirs  []string // that things may be in
	ids   []int    // of users and groups that things may belong to
}

// owners are root, three that every Debian has, and one that no machine has.
var owners = []int{0, 1, 33, 65534, 54321}

func newTree(t testing.TB, c chance, dir string, things int, ids ...int) *tree {
	f := &tree{chance: c, t: t, dir: dir, dirs: []string{dir}, ids: append(ids, owners...)}
	for i := range 3 {
		name := filepath.Join(dir, fmt.Sprintf("d%d", i))
		f.must(os.Mkdir(name, 0o755))
		f.dirs = append(f.dirs, name)
	}
	closed := filepath.Join(dir, "closed")
	f.must(os.Mkdir(closed, 0o700))
	f.dirs = append(f.dirs, closed)
	f.must(os.Symlink("d1", filepath.Join(dir, "throughlink")))
	for range things {
		path := f.name()
		f.paths = append(f.paths, path)
		f.make(path)
	}
	return f
}

func (f *tree) must(err error) { f.t.Helper(); require.NoError(f.t, err) }

// name is a path that is not in use.
func (f *tree) name() string {
	f.count++
	odd := of(f.chance, "plain", "with blank", " blank first", "blank last ", "'", `"`, `"quoted" 'twice'`, "-n", "--help", `back\slash`, `\`, `\n`,
		"$(touch x)", "`id`", "$HOME", "*", "?", "[a-z]", "~", "ü", "日本語", "\xff\xfe", "tab\there", "cr\r", "\x1b[31m", "%s%n", "#", "=", "a=b", ";", "&", "|",
		"!", "a:b", "{}", strings.Repeat("long", 60))
	return filepath.Join(of(f.chance, f.dirs...), fmt.Sprintf("%s%d", odd, f.count))
}

// make makes something at a path where there is nothing.
func (f *tree) make(path string) {
	switch n := f.IntN(100); {
	case n < 55:
		f.must(os.WriteFile(path, f.content(), 0o600))
		if f.in(5) {
			f.must(os.Truncate(path, 4<<20)) // sparse
		}
	case n < 67:
		f.must(os.Mkdir(path, 0o700))
	case n < 87:
		f.must(os.Symlink(f.leadsTo(path), path))
		f.must(os.Lchown(path, of(f.chance, f.ids...), of(f.chance, f.ids...)))
		return
	case n < 90:
		f.must(syscall.Mkfifo(path, 0o600))
	case n < 92:
		f.must(syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|3))
	default:
		return // nothing
	}
	f.must(os.Chown(path, of(f.chance, f.ids...), of(f.chance, f.ids...)))
	f.chmod(path) // after chown, which takes special bits away
}

// leadsTo is what a symbolic link at a path holds.
func (f *tree) leadsTo(path string) string {
	other := filepath.Join(f.dir, "nothing")
	if len(f.paths) > 0 {
		other = of(f.chance, f.paths...) // it may be a link itself, gone, or in a directory that is closed
	}
	relative, err := filepath.Rel(filepath.Dir(path), other)
	f.must(err)
	return of(f.chance, other, relative, other, relative, filepath.Base(path), "nowhere", of(f.chance, f.dirs...), "..", "/dev/null")
}

func (f *tree) chmod(path string) {
	mode := of(f.chance, 0o644, 0o644, 0o600, 0o755, 0o700, 0o640, 0o4755, 0o2755, 0o1777, 0o7777, 0, f.IntN(0o10000))
	f.must(syscall.Chmod(path, uint32(mode)))
}

// content is some file's.
func (f *tree) content() []byte {
	noise := func(size int) []byte {
		bytes := make([]byte, size)
		for i := range bytes {
			bytes[i] = byte(f.Uint32())
		}
		return bytes
	}
	switch f.IntN(20) {
	case 0, 1:
		return nil
	case 2:
		return []byte("no newline at the end")
	case 3:
		return []byte("dos\r\nlines\r\n")
	case 4:
		return []byte("\n")
	case 5:
		return []byte("\xef\xbb\xbfmark\n")
	case 6:
		return []byte("caf\xe9\n")
	case 7:
		return []byte("a\x00b\n")
	case 8:
		return noise(1 + f.IntN(200))
	case 9:
		return noise(64<<10 + f.IntN(3) - 1)
	case 10:
		return noise(1 << 20)
	case 11:
		return []byte(" \t: trailing  \n- x\n\n\n")
	}
	return fmt.Appendf(nil, "# file %d\nrole=web\n", f.IntN(5))
}

// change changes what is at a path, or makes something there.
func (f *tree) change(path string) {
	info, err := os.Lstat(path)
	switch n := f.IntN(100); {
	case err != nil:
		f.make(path)
	case n < 10 || info.Mode()&os.ModeSymlink != 0:
		f.must(os.Remove(path)) // the directories that things are in are not among the paths
		if n >= 5 {
			f.make(path)
		}
	case n < 35:
		f.chmod(path)
	case n < 55:
		f.must(os.Chown(path, of(f.chance, -1, of(f.chance, f.ids...)), of(f.chance, -1, of(f.chance, f.ids...))))
	case n < 65 || !info.Mode().IsRegular():
		// It stays as it is: demands of what it was before must still be met.
	default:
		f.rewrite(path)
	}
}

// rewrite changes a regular file's content, in ways that leave its size, or all but a byte, alone.
func (f *tree) rewrite(path string) {
	content, err := os.ReadFile(path)
	f.must(err)
	switch {
	case f.in(20) || len(content) == 0:
		content = f.content()
	case f.in(30):
		content[f.IntN(len(content))] ^= 1 << f.IntN(8)
	case f.in(30):
		content = content[:len(content)-1]
	case f.in(40):
		content = append(content, '\n')
	default:
		content = nil
	}
	f.must(os.WriteFile(path, content, 0o600)) // the mode stays
}

// changedDemands changes a part of a tree, and makes demands of how it was before and of how it is now.
func (f *tree) changedDemands(count int, wanted func(demand) bool) []demand {
	before := make(map[string]look, len(f.paths))
	for _, path := range f.paths {
		before[path] = lookAt(path)
	}
	for _, path := range f.paths {
		if f.in(60) {
			f.change(path)
		}
	}
	var demands []demand
	for len(demands) < count {
		path := of(f.chance, f.paths...)
		seen := before[path]
		if f.in(60) {
			seen = lookAt(path)
		}
		if d := f.demandOf(path, seen); wanted(d) {
			demands = append(demands, d)
		}
	}
	return demands
}
