package checker

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// Fleet is a configuration together with the packs that it names. It is immutable: a reload makes a new one and
// swaps it whole.
type Fleet struct {
	Config *config.Config
	Packs  map[string]*pack.Pack // by id

	digests digestCache
	ops     cache[string, map[string]bool] // by the ids of packs
}

// NewFleet puts a configuration and packs together. It reports machines that name a pack that there is not, items
// that the configuration does not permit, waivers of unknown kinds and items, conditions that hold nowhere, and packs
// that a machine carries beside one that they extend; with fatal problems the fleet must not be used.
func NewFleet(cfg *config.Config, packs map[string]*pack.Pack) (*Fleet, yamlfile.Problems) {
	f := &Fleet{Config: cfg, Packs: packs}
	var problems yamlfile.Problems
	for i := range cfg.Machines {
		m := &cfg.Machines[i]
		reportAt := func(line int, warning bool, format string, args ...any) {
			problems = append(problems, yamlfile.Problem{
				File: m.File, Line: line, Warning: warning, Message: fmt.Sprintf("machine %q: ", m.Name) + fmt.Sprintf(format, args...),
			})
		}
		report := func(warning bool, format string, args ...any) { reportAt(m.Line, warning, format, args...) }
		for _, id := range m.Packs {
			if packs[id] == nil {
				reportAt(packLine(m, id), false, "pack %q is not known%s", id, yamlfile.Suggest(id, sortedKeys(packs)))
			} else {
				problems = append(problems, forbidden(cfg.Check, packs[id])...)
			}
		}
		for _, w := range m.Waivers {
			f.checkWaiver(w, report)
		}
	}
	problems = append(problems, f.doubtfulConditions()...)
	problems = append(problems, f.carriedTwice()...)
	problems.Sort()
	return f, slices.Compact(problems)
}

// forbidden are the items of a pack that the configuration does not permit.
func forbidden(cfg config.Check, p *pack.Pack) yamlfile.Problems {
	var problems yamlfile.Problems
	kinds := Kinds()
	for _, entry := range p.Entries {
		kind, _ := kinds.byName(entry.Kind)
		if asked, ok := kind.(permitted); ok {
			if err := asked.permit(cfg); err != nil {
				problems = append(problems, yamlfile.Problem{File: entry.Source, Message: err.Error()})
			}
		}
	}
	return problems
}

func (f *Fleet) checkWaiver(w config.Waiver, report func(warning bool, format string, args ...any)) {
	names := Kinds().Names()
	p := f.Packs[w.Pack]
	switch {
	case !slices.Contains(names, w.Kind):
		report(false, "waiver for %q: kind %q is not known: it is one of %s", w.Item, w.Kind, strings.Join(names, ", "))
	case p == nil:
		report(false, "waiver for %q: pack %q is not known", w.Item, w.Pack)
	case !slices.ContainsFunc(p.Entries, func(e pack.Entry) bool { return e.Kind == w.Kind && covers(e.Item, w.Item) }):
		report(true, "waiver for %q: pack %q has no such %s: the waiver has no effect%s", w.Item, w.Pack, w.Kind, yamlfile.Suggest(w.Item, identities(p, w.Kind)))
	}
}

// identities lists a pack's items of a kind.
func identities(p *pack.Pack, kind string) []string {
	var names []string
	for _, e := range p.Entries {
		if e.Kind == kind {
			names = append(names, e.Item.Identity())
		}
	}
	return names
}

// covers tells whether an item is the one of that identity, or may stand for it among others.
func covers(item pack.Item, identity string) bool {
	several, ok := item.(interface{ covers(identity string) bool })
	return item.Identity() == identity || ok && several.covers(identity)
}

// LoadFleet reads a configuration and the packs of its packs_dir. home expands ~ in paths on our side. The fleet is
// nil if there are fatal problems.
func LoadFleet(configFile, home string) (*Fleet, yamlfile.Problems) {
	cfg, problems := config.Load(configFile, home)
	if cfg == nil {
		return nil, problems
	}
	packs, packProblems := packsBelow(cfg.PacksDir)
	problems = append(problems, packProblems...)
	fleet, fleetProblems := NewFleet(cfg, packs)
	if !packProblems.Fatal() { // a pack that is broken would be reported as unknown as well
		problems = append(problems, fleetProblems...)
	}
	problems.Sort()
	if problems.Fatal() {
		return nil, problems
	}
	return fleet, problems
}

// packsBelow reads packs and their templates, and nothing that is outside of their directory: who may write there could else
// have any file of this host compared, and shown, by a symbolic link to it.
func packsBelow(dir string) (map[string]*pack.Pack, yamlfile.Problems) {
	name := yamlfile.ShortName(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return pack.Load(unopened{err}, name, Kinds())
	}
	defer root.Close()
	return pack.Load(root.FS(), name, Kinds())
}

// unopened is a directory that cannot be opened.
type unopened struct{ err error }

// Open is fs.FS's.
func (u unopened) Open(string) (fs.File, error) { return nil, u.err }

// Machine returns the machine of that name, enabled or not.
func (f *Fleet) Machine(name string) (*config.Machine, bool) { return f.Config.Machine(name) }

// Pairs lists the pairs of all enabled machines, in the order of machines and of their packs.
func (f *Fleet) Pairs() []state.Key {
	var pairs []state.Key
	for i := range f.Config.Machines {
		if m := &f.Config.Machines[i]; m.Enabled {
			for _, id := range m.Packs {
				pairs = append(pairs, state.Key{Machine: m.Name, Pack: id})
			}
		}
	}
	return pairs
}

// Holds tells whether an enabled machine carries the pack.
func (f *Fleet) Holds(k state.Key) bool {
	m, ok := f.Machine(k.Machine)
	return ok && m.Enabled && slices.Contains(m.Packs, k.Pack)
}
