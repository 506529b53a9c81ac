// Package pack loads packs: YAML files that say what a machine must look like. It resolves extends, finds
// templates and reports every problem with file and line. It knows no kind of item: decoders are looked up.
package pack

import (
	"text/template"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// Item is one thing a pack demands of a machine, decoded by its kind.
type Item interface {
	// Identity tells items of one kind apart: the path, name or key. A child pack's item replaces the
	// parent's with the same kind and identity.
	Identity() string
	// Definition is a canonical text of everything that is demanded, template source included and
	// descriptions left out: two items with the same Definition judge a machine alike, given the same vars.
	Definition() string
}

// Common are the fields that items of every kind have. A kind takes them into the struct that it decodes into
// (`yaml:",inline"`), so that they are no unknown fields; their values are the loader's, see Entry.
type Common struct {
	Description yaml.Node `yaml:"description" show:"open"`
	Sensitive   yaml.Node `yaml:"sensitive" show:"always"`
	When        yaml.Node `yaml:"when" show:"always"` // but for its vars, see conditions
}

// Decoder turns one YAML node of a pack into an item. Problems carry a line; their file is filled in by the
// loader. An item that has fatal problems is not used.
type Decoder interface {
	Decode(node *yaml.Node, templates Templates) (Item, yamlfile.Problems)
}

// Templates finds the templates of a packs directory.
type Templates interface {
	// Template returns the parsed template <packs_dir>/templates/<name> (missingkey=error) and its source. The
	// error says what is wrong with it or that there is none.
	Template(name string) (*template.Template, string, error)
}

// Lookup finds the kind of an item: by its section of `items` ("files") and, in sections that hold several
// kinds, by the scalar of its `type` field ("sysctl"). Sections returns false for an unknown section.
type Lookup interface {
	Section(section string) bool
	Kind(section, typ string) (kind string, d Decoder, ok bool)
}

// Entry is an item in a pack, with where it came from.
type Entry struct {
	Kind   string // the kind's name, as in state.Mismatch.Kind
	Item   Item
	Pack   string // id of the pack that holds it: this one or an ancestor
	Source string // file:line
	Lines  [2]int // the first, as in Source, and the last
	// Replaces is the Source of the ancestor's item in whose place it stands; empty: none.
	Replaces string

	Description string
	When        *When         // on which machines it applies; nil: on all
	Sensitive   yamlfile.Bool // nobody may see what is demanded or what there is; kinds have their own default
	Shown       Shown         // what everybody may see of it
}

// Pack is one loaded pack, its ancestors' items included.
type Pack struct {
	ID          string // the file name's stem
	Name        string // display name; defaults to ID
	Description string
	Extends     string  // id of the parent; empty: none
	File        string  // as in problems
	Entries     []Entry // ancestors' first; the order of the file within; sections in their file order
}
