package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

// shipped is the fleet as it is before anything breaks: config.yaml, packs, and what the machines' files are made of.
//
//go:embed all:fleet
var shipped embed.FS

// layers are the folders of fleet/machines that a machine's files come from; the later ones count. Without any, nobody
// answers at the machine's port.
var layers = map[string][]string{
	"web1":    {"any", "debian", "web"},
	"web2":    {"any", "debian", "web"},
	"web3":    {"any", "debian", "web", "old"},
	"db1":     {"any", "debian", "db"},
	"edge1":   {"any", "alpine"},
	"lab1":    {"any", "debian"},
	"backup1": nil,
}

// modes are those of files that differ from 0644, or 0755 below usr/bin.
var modes = map[string]os.FileMode{"etc/postgresql/15/main/pg_hba.conf": 0o640}

// startMachines makes the machines below dir and starts them. The ports are by name.
func startMachines(dir string) (*simfleet.Fleet, map[string]int, error) {
	sim, err := simfleet.New()
	if err != nil {
		return nil, nil, err
	}
	ports := map[string]int{}
	for name, from := range layers {
		if ports[name], err = startMachine(sim, filepath.Join(dir, name), name, from); err != nil {
			sim.Close()
			return nil, nil, fmt.Errorf("machine %s: %w", name, err)
		}
	}
	return sim, ports, nil
}

func startMachine(sim *simfleet.Fleet, root, name string, from []string) (port int, err error) {
	exec := simfleet.Exec(nil)
	if len(from) > 0 {
		for _, layer := range from {
			if err := unpack("fleet/machines/"+layer, root); err != nil {
				return 0, err
			}
		}
		if err := writeFile(filepath.Join(root, "etc/hostname"), []byte(name+"\n"), 0o644); err != nil {
			return 0, err
		}
		for _, home := range []string{"root", "home/" + simfleet.User} {
			if err := os.MkdirAll(filepath.Join(root, home), 0o755); err != nil {
				return 0, err
			}
		}
		if exec, err = simfleet.Shell(root, checker.IsScript); err != nil {
			return 0, err
		}
	}
	m, err := sim.Add(exec)
	if err != nil {
		return 0, err
	}
	if len(from) == 0 {
		m.Stop()
	}
	return m.Port(), nil
}

// unpack writes the shipped files of a folder below dir.
func unpack(folder, dir string) error {
	return fs.WalkDir(shipped, folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := shipped.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, folder+"/")
		mode, special := modes[name]
		switch {
		case special:
		case strings.HasPrefix(name, "usr/bin/"):
			mode = 0o755
		default:
			mode = 0o644
		}
		return writeFile(filepath.Join(dir, name), text, mode)
	})
}

// writeFile writes a file with exactly that mode, and the directories above it.
func writeFile(path string, text []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, text, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode) // whatever the umask
}
