package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// configured is the configuration that names are completed from; nil where there is none that can be read. It is read
// once, since kingpin asks for the same names several times.
func (c *cli) configured() *config.Config {
	if about, err := os.Stat(c.common.configFile); err != nil || !about.Mode().IsRegular() { // a pipe would wait
		return nil
	}
	if c.hinted == nil || c.hinted.File != c.common.configFile {
		c.hinted, _ = config.Load(c.common.configFile, c.env.home) // what is wrong with it is not asked for here
	}
	return c.hinted
}

// checkable are the machines that `check` takes.
func (c *cli) checkable() []config.Machine {
	cfg := c.configured()
	if cfg == nil {
		return nil
	}
	unfit := func(m config.Machine) bool { return !m.Enabled || len(m.Packs) == 0 }
	return slices.DeleteFunc(slices.Clone(cfg.Machines), unfit)
}

// machineHints are the names of machines that can be checked.
func (c *cli) machineHints() []string {
	var names []string
	for _, m := range c.checkable() {
		names = append(names, m.Name)
	}
	return names
}

// enabledHints are the names of machines that may be connected to.
func (c *cli) enabledHints() []string {
	cfg := c.configured()
	if cfg == nil {
		return nil
	}
	var names []string
	for _, m := range cfg.Machines {
		if m.Enabled {
			names = append(names, m.Name)
		}
	}
	return names
}

// limitHints are what --limit chooses by: names, and labels with their values as far as they need no quotes.
func (c *cli) limitHints() []string {
	labels := map[string]bool{}
	names := []string{}
	for _, m := range c.checkable() {
		names = append(names, m.Name)
		for name, value := range m.Labels {
			if matcher := name + "=" + value; harmless.MatchString(matcher) && !strings.Contains(value, ",") {
				labels[matcher] = true
			}
		}
	}
	return append(names, slices.Sorted(maps.Keys(labels))...)
}

// carriedHints are the packs that machines carry.
func (c *cli) carriedHints() []string {
	packs := map[string]bool{}
	for _, m := range c.checkable() {
		for _, pack := range m.Packs {
			packs[pack] = true
		}
	}
	return slices.Sorted(maps.Keys(packs))
}

// packHints are all packs, by the names of their files.
func (c *cli) packHints() []string {
	cfg := c.configured()
	if cfg == nil {
		return nil
	}
	entries, _ := os.ReadDir(cfg.PacksDir)
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		id := strings.TrimSuffix(strings.TrimSuffix(name, ".yaml"), ".yml")
		if extension := filepath.Ext(name); (extension == ".yaml" || extension == ".yml") && yamlfile.IsID(id) {
			names = append(names, id)
		}
	}
	return names
}
