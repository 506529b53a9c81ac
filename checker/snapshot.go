package checker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"text/template"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Selection names something of a machine that a snapshot describes.
type Selection struct {
	Kind     string // of one of Registry.Describable
	Selector string // as the kind has it
}

// Snapshot is a pack that describes a machine as it is.
type Snapshot struct {
	Pack   []byte // YAML; the machine complies with it, unless it changed since
	Items  int
	Facts  state.Facts
	Errors []state.ItemError // what is not in the pack since it could not be observed; its head names them as well
}

// Snapshot observes what the selections name on one machine, in one session, and describes it as a pack. A machine
// that is disabled is not connected to. The failure is that of the machine as a whole; without one the snapshot is
// there, with or without Errors.
func (c *Checker) Snapshot(ctx context.Context, f *Fleet, machine string, what []Selection) (*Snapshot, *state.Failure) {
	m, known := f.Machine(machine)
	switch {
	case !known:
		return nil, &state.Failure{Reason: state.ReasonInternal, Message: "the machine is not in the fleet"}
	case !m.Enabled:
		return nil, &state.Failure{Reason: state.ReasonInternal, Message: "drift detection is disabled for the machine"}
	}
	kinds := Kinds()
	var items []*observation
	for _, selection := range what {
		kind, ok := kinds.describing(selection.Kind)
		if !ok {
			return nil, &state.Failure{Reason: state.ReasonInternal, Message: fmt.Sprintf("kind %q cannot be described", selection.Kind)}
		}
		item := &described{selector: selection.Selector}
		items = append(items, &observation{entry: &pack.Entry{Kind: selection.Kind, Item: item}, item: item, kind: kind})
	}
	s := &Snapshot{}
	log := c.log.With("machine", machine)
	failure := guarded(log, func() *state.Failure {
		return c.converse(ctx, f.Config.Check, m, allOps(), func(d *dialogue, said Facts) error {
			s.Facts = said.Facts
			for _, item := range items {
				item.said = &said
			}
			return d.observe(items)
		})
	})
	if failure != nil {
		return nil, failure
	}
	return s, guarded(log, func() *state.Failure {
		return s.write(m.Name, items, c.clock.Now().UTC().Format("2006-01-02 15:04 MST"))
	})
}

// described is a selection in the place of a pack's item.
type described struct {
	selector string
	items    []*yaml.Node
	left     omissions
}

func (d *described) Identity() string { return d.selector }

// Definition is empty: a selection demands nothing.
func (d *described) Definition() string { return "" }

// describing lets a kind describe where others have it compare.
type describing struct {
	Kind
	describer
}

// Ask takes the questions of a description without any answer.
func (k describing) Ask(f Facts, item pack.Item) ([]Question, error) {
	_, more, err := k.describe(f, item.(*described).selector, Answers{})
	if errors.Is(err, errUndecided) {
		err = nil
	}
	return more, err
}

// Compare never finds a mismatch: it keeps the description.
func (k describing) Compare(f Facts, item pack.Item, a Answers) ([]state.Mismatch, []Question, error) {
	d := item.(*described)
	items, more, err := k.describe(f, d.selector, a)
	if errors.As(err, &d.left) {
		err = nil
	}
	if err == nil {
		d.items = items
	}
	return nil, more, err
}

// Describable is a kind that a snapshot can describe.
type Describable struct {
	Kind     string
	Selector string // what a selector of it may be: "a name, or all"
}

// Describable lists the kinds that a snapshot can describe.
func (r *Registry) Describable() []Describable {
	var out []Describable
	for _, kind := range r.kinds {
		if d, ok := kind.(describer); ok {
			out = append(out, Describable{Kind: kind.Name(), Selector: d.selector()})
		}
	}
	return out
}

// describing finds a kind that can be described.
func (r *Registry) describing(name string) (describing, bool) {
	kind, _ := r.byName(name)
	d, ok := kind.(describer)
	return describing{kind, d}, ok
}

// write makes the pack. What the loader would refuse is a bug, and no pack.
func (s *Snapshot) write(machine string, observed []*observation, when string) *state.Failure {
	sections, err := s.sections(observed)
	if err != nil {
		return &state.Failure{Reason: state.ReasonInternal, Message: printable(err.Error(), maxText), Err: err}
	}
	document := &yaml.Node{Kind: yaml.MappingNode, HeadComment: s.missing()}
	addField(document, "name", text("Snapshot of "+machine))
	addField(document, "description", text(fmt.Sprintf("What %s was like on %s (%s)", machine, when, s.Facts.Name)))
	addField(document, "items", sections)
	quoteUnprintable(document)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err = errors.Join(encoder.Encode(document), encoder.Close())
	if s.Pack = escapeUnprintable(out.Bytes()); err != nil {
		return &state.Failure{Reason: state.ReasonInternal, Message: printable(err.Error(), maxText), Err: err}
	}
	return nil
}

// sections are the items of a pack, each once: two selections may name the same. Errors are kept apart.
func (s *Snapshot) sections(observed []*observation) (*yaml.Node, error) {
	sections := &yaml.Node{Kind: yaml.MappingNode}
	lists := map[string]*yaml.Node{}
	seen := map[string]bool{}
	for _, kind := range Kinds().kinds {
		for _, o := range observed {
			if o.entry.Kind != kind.Name() {
				continue
			}
			if failed := o.itemError(); failed != nil {
				s.Errors = append(s.Errors, *failed)
				continue
			}
			d := o.item.(*described)
			s.Errors = append(s.Errors, o.omitted(d.left)...)
			for _, node := range d.items {
				item, problems := kind.Decode(node, noTemplates{})
				if problems.Fatal() {
					return nil, fmt.Errorf("%w: %s %s: %s", errBug, kind.Name(), o.item.Identity(), problems.Errors()[0].Message)
				}
				if id := state.ItemID(kind.Name(), item.Identity()); !seen[id] {
					seen[id] = true
					appendItem(sections, lists, kind, node)
					s.Items++
				}
			}
		}
	}
	return sections, nil
}

// omitted are the errors of what a description leaves out.
func (o *observation) omitted(left omissions) []state.ItemError {
	var out []state.ItemError
	for _, one := range left {
		failed := observation{entry: o.entry, item: &described{selector: one.item}, kind: o.kind, said: o.said, err: one.err}
		out = append(out, *failed.itemError())
	}
	return out
}

// appendItem adds an item to the section of its kind, with its type where the section holds several kinds.
func appendItem(sections *yaml.Node, lists map[string]*yaml.Node, kind Kind, item *yaml.Node) {
	section, typ := kind.Section()
	if typ != "" && !slices.ContainsFunc(item.Content, func(n *yaml.Node) bool { return n.Value == "type" }) {
		addField(item, "type", text(typ))
	}
	if lists[section] == nil {
		lists[section] = &yaml.Node{Kind: yaml.SequenceNode}
		addField(sections, section, lists[section])
	}
	lists[section].Content = append(lists[section].Content, item)
}

// missing says at the head of a pack what it does not hold.
func (s *Snapshot) missing() string {
	var out bytes.Buffer
	for _, e := range s.Errors {
		fmt.Fprintf(&out, "# Not described: %s %s: %s\n", e.Kind, e.Item, e.Error)
	}
	return out.String()
}

// noTemplates are the templates of a description: it has none.
type noTemplates struct{}

func (noTemplates) Template(string) (*template.Template, string, error) {
	return nil, "", errors.New("a description has no templates")
}
