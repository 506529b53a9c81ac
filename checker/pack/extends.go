package pack

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// assemble resolves extends and returns the packs that are whole.
func (l *loader) assemble() map[string]*Pack {
	for _, id := range slices.Sorted(maps.Keys(l.sources)) {
		l.checkParent(l.sources[id])
	}
	packs := map[string]*Pack{}
	for _, s := range l.sources {
		if l.whole(s) {
			l.resolve(s, packs)
		}
	}
	return packs
}

// checkParent reports a parent that is not there, or that leads back to the pack itself.
func (l *loader) checkParent(s *source) {
	if s.Extends == "" {
		return
	}
	if l.sources[s.Extends] == nil {
		l.fail(s, s.extendsLine, fmt.Sprintf("extends %q: there is no such pack in %s%s",
			s.Extends, l.dir, yamlfile.Suggest(s.Extends, l.others(s.ID))))
		return
	}
	if chain := l.chain(s); chain[len(chain)-1] == s.ID {
		l.fail(s, s.extendsLine, "extends is circular: "+strings.Join(chain, " → "))
	}
}

// chain is the ids from a pack up to its oldest ancestor, or to the first that is in the chain already.
func (l *loader) chain(s *source) []string {
	chain := []string{s.ID}
	for s.Extends != "" && l.sources[s.Extends] != nil {
		s = l.sources[s.Extends]
		seen := slices.Contains(chain, s.ID)
		chain = append(chain, s.ID)
		if seen {
			break
		}
	}
	return chain
}

// whole tells whether neither the pack nor an ancestor is broken.
func (l *loader) whole(s *source) bool {
	return !slices.ContainsFunc(l.chain(s), func(id string) bool { return l.sources[id].broken })
}

// resolve puts a whole pack, and its ancestors, among the packs. A child's items take the place of its parent's with
// the same identity, whatever the machines on which those applied; its others follow the parent's.
func (l *loader) resolve(s *source, packs map[string]*Pack) *Pack {
	if done := packs[s.ID]; done != nil {
		return done
	}
	p := s.Pack
	if s.Extends != "" {
		p.Entries = override(l.resolve(l.sources[s.Extends], packs).Entries, s.Entries)
	}
	packs[s.ID] = &p
	return &p
}

func override(parent, child []Entry) []Entry {
	own := map[identity][]Entry{}
	for _, e := range child {
		own[identityOf(e)] = append(own[identityOf(e)], e)
	}
	replaced := map[identity]bool{}
	for _, e := range parent {
		for i := range own[identityOf(e)] {
			own[identityOf(e)][i].Replaces = cmp.Or(own[identityOf(e)][i].Replaces, e.Source)
		}
	}
	var entries []Entry
	for _, e := range parent {
		id := identityOf(e)
		switch {
		case own[id] == nil:
			entries = append(entries, e)
		case !replaced[id]:
			replaced[id] = true
			entries = append(entries, own[id]...)
		}
	}
	for _, e := range child {
		if !replaced[identityOf(e)] {
			entries = append(entries, e)
		}
	}
	return entries
}

func (l *loader) others(id string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(l.sources)), func(other string) bool { return other == id })
}

// oneOf lists what is known: " (one of a, b)".
func oneOf(known []string) string {
	if len(known) == 0 {
		return ""
	}
	return " (one of " + strings.Join(slices.Sorted(slices.Values(known)), ", ") + ")"
}
