package testtruth

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

// filesOfPack is how many files each of the packs base and app has.
const filesOfPack = 3

// shells are the real shell in one directory for all machines whose files are the same.
type shells struct {
	dir     string
	options Options

	mu  sync.Mutex
	all map[Files]simfleet.Exec
}

func (s *shells) of(f Files) (simfleet.Exec, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shell, ok := s.all[f]; ok {
		return shell, nil
	}
	root := filepath.Join(s.dir, fmt.Sprintf("base%d-app%d-web%d-%t", f.Base, f.App, f.Web, f.Blind))
	if err := furnish(root, f); err != nil {
		return nil, err
	}
	shell, err := simfleet.Shell(root, s.options.IsScript)
	if err != nil {
		return nil, err
	}
	if s.options.Remember {
		shell = (&memory{shell: shell, nonceOf: s.options.NonceOf, said: map[string]string{}}).exec
	}
	if s.all == nil {
		s.all = map[Files]simfleet.Exec{}
	}
	s.all[f] = shell
	return shell, nil
}

// furnish makes the files of a machine below root.
func furnish(root string, f Files) error {
	for n := 1; n <= filesOfPack; n++ {
		mode, content := os.FileMode(0o644), "right\n"
		if n <= f.Base {
			mode = 0o600
		}
		if err := put(root+basePath(n), "any\n", mode); err != nil {
			return err
		}
		if n <= f.App {
			content = "wrong\n"
		}
		if err := put(root+appPath(n), content, 0o644); err != nil {
			return err
		}
	}
	if f.Blind { // comes before the system's own
		if err := put(root+"/usr/bin/sha256sum", "#!/bin/sh\necho broken >&2\nexit 1\n", 0o755); err != nil {
			return err
		}
	}
	if err := put(root+"/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n", 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(root+"/home/"+simfleet.User, 0o755); err != nil {
		return err
	}
	return put(root+webPath, "any\n", webMode(f.Web))
}

const webPath = "/etc/web/site"

func basePath(n int) string { return fmt.Sprintf("/etc/base/file%d", n) }
func appPath(n int) string  { return fmt.Sprintf("/etc/app/file%d", n) }

// webMode is the mode of the one file of the pack web that a version of it demands.
func webMode(version int) os.FileMode { return []os.FileMode{0o644, 0o640}[version%2] }

func put(path, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(path, mode) // whatever the umask
}
