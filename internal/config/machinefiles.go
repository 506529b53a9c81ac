package config

import (
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// machineFiles reads the files that a pattern matches. The configuration itself, hidden files and files that an
// earlier pattern matched are left out.
func (l *loader) machineFiles(pattern yamlfile.Scalar) {
	s := l.scope(l.config.File)
	if pattern.Value == "" {
		s.errorf(pattern.Line, "machine_files has an empty entry")
		return
	}
	absolute := s.path(pattern, "machine_files", paths{dir: literal(l.paths.dir), home: literal(l.paths.home)})
	if absolute == "" {
		return
	}
	l.config.MachineFiles = append(l.config.MachineFiles, absolute)
	files, err := filepath.Glob(absolute)
	if err != nil {
		s.errorf(pattern.Line, "machine_files %q is not a pattern that can be matched: %s", pattern.Value, err)
		return
	}
	switch {
	case len(files) > 0:
	case strings.ContainsAny(pattern.Value, "*?["):
		s.warnf(pattern.Line, "machine_files %q matches no file", pattern.Value)
	default:
		s.errorf(pattern.Line, "machine_files %q: there is no such file", pattern.Value)
	}
	for _, file := range files {
		hidden := strings.HasPrefix(filepath.Base(file), ".") && !strings.HasPrefix(filepath.Base(absolute), ".")
		if hidden || l.isConfig(file) || l.read[file] {
			continue
		}
		l.read[file] = true
		l.machineFile(l.display(file))
	}
}

// literal is a directory's name as a pattern that matches just it.
func literal(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

func (l *loader) isConfig(file string) bool {
	return file == filepath.Join(l.paths.dir, filepath.Base(l.config.File))
}

// display is a file's name as the configuration's own is given: relative to where that is relative to.
func (l *loader) display(file string) string {
	relative, err := filepath.Rel(l.paths.dir, file)
	if err != nil || filepath.IsAbs(l.config.File) || strings.HasPrefix(relative, "..") {
		return file
	}
	return filepath.Join(filepath.Dir(l.config.File), relative)
}

// machineFile reads one machine, or a list of them.
func (l *loader) machineFile(file string) {
	root := l.parse(file)
	if root == nil {
		return
	}
	switch root.Kind {
	case yaml.MappingNode:
		l.add(file, root)
	case yaml.SequenceNode:
		l.config.Machines = slices.Grow(l.config.Machines, len(root.Content))
		for _, node := range root.Content {
			if yamlfile.IsNull(node) {
				l.scope(file).errorf(node.Line, "the list has an empty entry")
				continue
			}
			l.add(file, node)
		}
	default:
		l.scope(file).errorf(root.Line, "a machine file holds one machine (a mapping) or a list of them")
	}
}
