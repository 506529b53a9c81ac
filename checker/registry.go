package checker

import (
	"slices"
	"sync"

	"github.com/drift-exporter/drift_exporter/checker/pack"
)

// Kinds returns all kinds of this build. A new kind is added here, and nowhere else.
func Kinds() *Registry {
	return &Registry{kinds: []Kind{
		fileKind{},
		packageKind{},
		envVarKind{},
		sysctlKind{},
		newConfigKind(),
		portKind{},
		commandKind{},
		userKind{},
		groupKind{},
		authorizedKeysKind{},
		mountKind{},
		serviceKind{},
		kernelModuleKind{},
		cronKind{},
	}}
}

// Registry is a set of kinds. It implements pack.Lookup.
type Registry struct{ kinds []Kind }

var _ pack.Lookup = (*Registry)(nil)

// Names lists the names of the kinds, as in results and waivers.
func (r *Registry) Names() []string {
	var names []string
	for _, kind := range r.kinds {
		names = append(names, kind.Name())
	}
	return names
}

// Section tells whether packs have a section of that name.
func (r *Registry) Section(section string) bool {
	return slices.ContainsFunc(r.kinds, func(k Kind) bool {
		own, _ := k.Section()
		return own == section
	})
}

// Kind finds the kind of an item by where it stands in a pack.
func (r *Registry) Kind(section, typ string) (name string, d pack.Decoder, ok bool) {
	for _, kind := range r.kinds {
		if ownSection, ownTyp := kind.Section(); ownSection == section && (ownTyp == typ || ownTyp == "") {
			return kind.Name(), kind, true
		}
	}
	return "", nil, false
}

// byName finds a kind by the name that entries of packs carry.
func (r *Registry) byName(name string) (Kind, bool) {
	i := slices.IndexFunc(r.kinds, func(k Kind) bool { return k.Name() == name })
	if i < 0 {
		return nil, false
	}
	return r.kinds[i], true
}

// kindsByOp are the kinds by the ops that their scripts answer.
var kindsByOp = sync.OnceValue(func() map[string]Kind {
	kinds := map[string]Kind{}
	for _, kind := range Kinds().kinds {
		for _, op := range scriptOps(kind.Shell()) {
			kinds[op] = kind
		}
	}
	return kinds
})

var _ pack.Lister = (*Registry)(nil)

// Sections lists the sections that packs may have.
func (r *Registry) Sections() []string {
	var sections []string
	for _, kind := range r.kinds {
		if section, _ := kind.Section(); !slices.Contains(sections, section) {
			sections = append(sections, section)
		}
	}
	return sections
}

// Types lists the types of a section that holds several kinds.
func (r *Registry) Types(section string) []string {
	var types []string
	for _, kind := range r.kinds {
		if own, typ := kind.Section(); own == section && typ != "" {
			types = append(types, typ)
		}
	}
	return types
}
