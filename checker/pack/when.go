package pack

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// When says on which machines an item applies: where each of its conditions holds.
type When struct {
	facts map[string][]string // what a machine may say of itself, by the name of the fact
	vars  map[string][]string // what a var of the machine may be
}

// whenFacts are the facts that a condition may name, as templates know them.
var whenFacts = []string{"arch", "init", "os", "package_manager", "version"}

// Applies tells whether the conditions hold for a machine with these facts and vars. It is an error if the machine
// does not say what a condition asks of it: whether the item applies is unknown then. A var that a machine does not
// have is none of those demanded; of one that is a list, one entry has to be.
func (w *When) Applies(facts map[string]string, vars map[string]any) (bool, error) {
	if w == nil {
		return true, nil
	}
	for _, name := range slices.Sorted(maps.Keys(w.facts)) {
		fact := facts[name]
		if fact == "" {
			return false, fmt.Errorf("when: the machine does not say its %s", name)
		}
		if name == "arch" {
			fact = archName(fact)
		}
		if !slices.Contains(w.facts[name], fact) {
			return false, nil
		}
	}
	for name, wanted := range w.vars {
		if !slices.ContainsFunc(entriesOf(vars[name]), func(v any) bool { return slices.Contains(wanted, fmt.Sprint(v)) }) {
			return false, nil
		}
	}
	return true, nil
}

// entriesOf is a var that is a list, or one that is not as the only entry; nothing for one that is not there.
func entriesOf(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	}
	return []any{value}
}

// archName takes the names that Debian and Go have for an architecture for those of `uname -m`.
func archName(name string) string {
	switch name {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return name
}

// String is a canonical text of the conditions; empty for none.
func (w *When) String() string {
	if w == nil {
		return ""
	}
	var conditions []string
	for name, values := range w.facts {
		conditions = append(conditions, fmt.Sprintf("%s=%q", name, values))
	}
	for name, values := range w.vars {
		conditions = append(conditions, fmt.Sprintf("vars %q=%q", name, values))
	}
	slices.Sort(conditions)
	return strings.Join(conditions, " ")
}

// decodeWhen reads `when`; node is nil if there is none.
func decodeWhen(node *yaml.Node) (*When, yamlfile.Problems) {
	if node == nil {
		return nil, nil
	}
	if yamlfile.IsNull(node) { // an item meant for some machines would be demanded of all
		return nil, yamlfile.Problems{{Line: node.Line, Message: "when is empty: leave it out for an item that applies everywhere"}}
	}
	var in struct {
		Arch           yamlfile.Texts            `yaml:"arch"`
		Init           yamlfile.Texts            `yaml:"init"`
		OS             yamlfile.Texts            `yaml:"os"`
		PackageManager yamlfile.Texts            `yaml:"package_manager"`
		Version        yamlfile.Texts            `yaml:"version"`
		Vars           map[string]yamlfile.Texts `yaml:"vars"`
	}
	problems := append(yamlfile.DecodeField("when", node, &in), emptyConditions("when", node)...)
	w := &When{facts: map[string][]string{}, vars: map[string][]string{}}
	add := func(to map[string][]string, name string, values yamlfile.Texts) {
		if !values.Set {
			return
		}
		if len(values.Values) == 0 {
			problems = append(problems, yamlfile.Problem{Line: values.Line, Message: "when: " + name + " must name at least one value"})
		}
		to[name] = slices.Sorted(slices.Values(values.Texts()))
	}
	for i, values := range []yamlfile.Texts{in.Arch, in.Init, in.OS, in.PackageManager, in.Version} {
		add(w.facts, whenFacts[i], values)
	}
	for i, arch := range w.facts["arch"] {
		w.facts["arch"][i] = archName(arch)
	}
	for name, values := range in.Vars {
		add(w.vars, name, values)
	}
	if len(w.facts)+len(w.vars) == 0 && !problems.Fatal() {
		problems = append(problems, yamlfile.Problem{Line: node.Line, Message: "when must name a condition: one of " + strings.Join(whenFacts, ", ") + " or vars"})
	}
	return w, problems
}

// emptyConditions reports conditions without a value, which would be left out without a word.
func emptyConditions(at string, node *yaml.Node) yamlfile.Problems {
	fields, problems := yamlfile.Fields(at, node)
	if problems.Fatal() { // decoding has reported it
		return nil
	}
	for _, field := range fields {
		switch {
		case yamlfile.IsNull(field.Value):
			problems = append(problems, yamlfile.Problem{Line: field.Line, Message: at + ": " + field.Name + " is empty"})
		case at == "when" && field.Name == "vars":
			problems = append(problems, emptyConditions("when.vars", field.Value)...)
		}
	}
	return problems
}

// Values are those that the conditions on a fact allow; none if there is no such condition.
func (w *When) Values(fact string) []string {
	if w == nil {
		return nil
	}
	return w.facts[fact]
}

// VarNames are the vars that conditions name, sorted.
func (w *When) VarNames() []string {
	if w == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(w.vars))
}

// Of returns those of the vars that conditions name: what else a machine has is nothing to them.
func (w *When) Of(vars map[string]any) map[string]any {
	named := map[string]any{}
	for _, name := range w.VarNames() {
		if value, ok := vars[name]; ok {
			named[name] = value
		}
	}
	return named
}

// Condition is one condition of a When: a fact, or "vars." and the name of a var, and the values of which one has to
// be there.
type Condition struct {
	Name   string
	Values []string
}

// conditions lists the conditions, facts first. The values of vars are left out unless they may be seen.
func (w *When) conditions(withVars bool) []Condition {
	if w == nil {
		return nil
	}
	var out []Condition
	for _, name := range slices.Sorted(maps.Keys(w.facts)) {
		out = append(out, Condition{name, fewOf(w.facts[name])})
	}
	for _, name := range w.VarNames() {
		shown := Condition{"vars." + name, fewOf(w.vars[name])}
		if !withVars {
			shown = Condition{"vars", []string{NotShown}}
		}
		if len(out) == 0 || withVars || out[len(out)-1].Name != shown.Name {
			out = append(out, shown)
		}
	}
	return out
}

// fewOf are the first of many values, each as far as it is shown.
func fewOf(values []string) []string {
	const most = 20
	var out []string
	for i, value := range values {
		if i == most {
			return append(out, fmt.Sprintf("… (%d more)", len(values)-most))
		}
		out = append(out, shortened(value))
	}
	return out
}
