package config

import (
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// Load reads a configuration and the machine files it names. home is what ~/ in paths on our side stands for;
// empty makes ~/ a problem. With fatal problems the configuration is incomplete, and good for nothing but finding
// further problems; it is nil if the file could not be parsed at all.
func Load(file, home string) (*Config, yamlfile.Problems) {
	l := &loader{config: defaultConfig(), lines: map[string]place{}, read: map[string]bool{}}
	l.config.File = file
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, yamlfile.Problems{{File: file, Message: "its directory is not known: " + err.Error()}}
	}
	l.paths = paths{dir: dir, home: home}
	root := l.parse(file)
	if root == nil {
		return nil, l.problems
	}
	l.decode(root)
	slices.SortFunc(l.config.Machines, func(a, b Machine) int { return strings.Compare(a.Name, b.Name) })
	l.problems.Sort()
	l.problems = slices.Compact(l.problems)
	return &l.config, l.problems
}

type loader struct {
	config   Config
	paths    paths
	lines    map[string]place // where each machine is
	read     map[string]bool  // machine files
	problems yamlfile.Problems
}

type place struct {
	file string
	line int
}

// parse reads a file's one document, or returns nil.
func (l *loader) parse(file string) *yaml.Node {
	data, err := yamlfile.ReadFile(file)
	if err != nil {
		l.problems = append(l.problems, yamlfile.Problem{File: file, Message: err.Error()})
		return nil
	}
	root, problems := yamlfile.Parse(data)
	l.scope(file).decoded(problems)
	return root
}

func (l *loader) scope(file string) scope { return scope{file: file, out: &l.problems} }

// decode reads the top level and everything below it.
func (l *loader) decode(root *yaml.Node) {
	c, s := &l.config, l.scope(l.config.File)
	c.PacksDir = filepath.Join(l.paths.dir, c.PacksDir)
	c.SSH.IdentityFiles = l.paths.defaults(c.SSH.IdentityFiles...)
	c.SSH.KnownHostsFiles = l.paths.defaults(c.SSH.KnownHostsFiles...)
	c.SSH.ConfigFile = strings.Join(l.paths.defaults(c.SSH.ConfigFile), "")

	var raw rawConfig
	s.decoded(yamlfile.DecodeNode(root, &raw))
	s.schedule(raw.Schedule, &c.Schedule)
	s.check(raw.Check, &c.Check)
	if raw.PacksDir.Value != "" {
		c.PacksDir = s.path(raw.PacksDir, "packs_dir", l.paths)
	}
	s.ssh(raw.SSH, &c.SSH, l.paths)
	s.alerting(raw.Alerting, &c.Alerting, l.paths)
	c.Cluster = s.cluster(raw.Cluster, l.paths)
	c.Machines = slices.Grow(c.Machines, len(raw.Machines)) // a machine is large: to move thousands again and again costs
	for i := range raw.Machines {
		l.add(c.File, &raw.Machines[i])
	}
	for _, pattern := range raw.MachineFiles {
		l.machineFiles(pattern)
	}
	if len(c.Machines) == 0 && !l.problems.Fatal() {
		s.warnf(root.Line, "there are no machines: nothing is checked")
	}
}

// add takes one machine into the configuration.
func (l *loader) add(file string, node *yaml.Node) {
	m, ok := l.machine(file, node)
	if !ok {
		return
	}
	if first, twice := l.lines[m.Name]; twice {
		l.scope(file).errorf(m.Line, "machine %q is defined twice, first in %s:%d", m.Name, first.file, first.line)
		return
	}
	l.lines[m.Name] = place{file, m.Line}
	l.config.Machines = append(l.config.Machines, m)
}
