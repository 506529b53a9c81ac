package checker

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// kernelModuleKind checks which modules the kernel has, and their parameters.
type kernelModuleKind struct{}

func (kernelModuleKind) Name() string              { return "kernel_module" }
func (kernelModuleKind) Section() (string, string) { return "kernel_modules", "" }
func (kernelModuleKind) Fields() any               { return kernelModuleFields{} }

// Shell answers with the state of the module in /proc/modules (Live, Loading, Unloading), with "builtin" or with
// "absent". A module that is built in is below /sys/module only if it has parameters, so that absence is proven by
// modules.builtin, which lists all of them. That is read once, and only for modules that were found nowhere else.
func (kernelModuleKind) Shell() string {
	return `
op_kernel_module() { in_batches module_batch; }
module_batch() {
  d_out=
  if ! has cat; then
    all_err "cat is missing"
    return
  fi
  d_why="/proc/modules is not there"
  if [ -e /proc/modules ]; then
    d_why="/proc/modules cannot be read"
    if d_out=$(cat /proc/modules 2>/dev/null </dev/null); then d_why=; fi
  fi
  d_out=$d_nl$d_out$d_nl
  d_gone= d_list=
  for d_i in $d_nums; do
    case $d_out in
    *"$d_nl$1 "*)
      d_line=${d_out#*"$d_nl$1 "}
      d_line=${d_line%%"$d_nl"*}
      module_state $d_line
      ;;
    *)
      if [ -d "/sys/module/$1" ]; then
        module_builtin "$1"
      elif [ "$d_why" ]; then
        frame "$d_i err $d_why"
      else
        d_gone="$d_gone $d_i"
        d_list="$d_list$1$d_nl"
      fi
      ;;
    esac
    shift
  done
  d_nums=$d_gone
  with_lines module_gone "$d_list"
}
# module_state takes what /proc/modules has after the name: size, references, users, state, address.
module_state() { frame "$d_i val ${4-}"; }
# Only what is built in has no initstate.
module_builtin() {
  if [ -e "/sys/module/$1/initstate" ]; then
    frame "$d_i err ${d_why:-it is in /sys/module and not in /proc/modules}"
  else
    frame "$d_i val builtin"
  fi
}
module_gone() {
  d_q=/lib/modules/$(uname -r 2>/dev/null </dev/null)/modules.builtin
  if ! d_out=$(tr - _ <"$d_q") 2>/dev/null; then
    all_err "it is not loaded, and $d_q, which says what is built in, cannot be read"
    return
  fi
  d_out=$d_out$d_nl
  for d_i in $d_nums; do
    case $d_out in
    *"/$1.ko$d_nl"*) frame "$d_i val builtin" ;;
    *) frame "$d_i val absent" ;;
    esac
    shift
  done
}
`
}

// kernelModuleFields is an item of the section kernel_modules.
type kernelModuleFields struct {
	Name        yamlfile.Scalar            `yaml:"name" show:"always"`
	State       yamlfile.Scalar            `yaml:"state" show:"always"`
	Parameters  map[string]yamlfile.Scalar `yaml:"parameters" show:"asked"`
	pack.Common `yaml:",inline"`
}

// kernelModuleItem is what a pack demands of a module.
type kernelModuleItem struct {
	name       string // as the kernel has it: with _ in place of -
	absent     bool
	parameters map[string]string
}

func (m *kernelModuleItem) Identity() string { return m.name }

func (m *kernelModuleItem) Definition() string {
	pairs := []string{"name", m.name, "state", stateText(m.absent)}
	for _, name := range sortedKeys(m.parameters) {
		pairs = append(pairs, "parameter "+name, "="+m.parameters[name])
	}
	return definition(pairs...)
}

var moduleName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

func (kernelModuleKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in kernelModuleFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	m := &kernelModuleItem{absent: d.state(in.State), parameters: map[string]string{}}
	m.name = d.required("name", in.Name)
	if m.name != "" && !strings.Contains(m.name, "\n") && !moduleName.MatchString(m.name) {
		d.problem(in.Name.Line, "name must be the name of a kernel module, such as br_netfilter")
	}
	m.name = underscored(m.name)
	for _, name := range sortedKeys(in.Parameters) {
		value := in.Parameters[name]
		own := underscored(name)
		switch _, twice := m.parameters[own]; {
		case !moduleName.MatchString(name):
			d.problem(value.Line, "%q is not the name of a module's parameter", name)
		case twice:
			d.problem(value.Line, "parameter %s is given twice", own)
		case !value.Set:
			d.problem(value.Line, "parameter %s has no value", own)
		}
		m.parameters[own] = words(value.Value)
	}
	if m.absent && len(in.Parameters) > 0 {
		d.problem(0, "state absent excludes parameters")
	}
	return m, d.problems
}

// underscored is a name as the kernel has it, to which - and _ are the same.
func underscored(name string) string { return strings.ReplaceAll(name, "-", "_") }

// words is text with single blanks between its words.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

func (m *kernelModuleItem) parameterFile(name string) string {
	return "/sys/module/" + m.name + "/parameters/" + name
}

func (kernelModuleKind) Ops(pack.Item) []string {
	return append(contentOps(), "kernel_module")
}

func (kernelModuleKind) Ask(_ Facts, item pack.Item) ([]Question, error) {
	m := item.(*kernelModuleItem)
	questions := []Question{{Op: "kernel_module", Arg: m.name}}
	for _, name := range sortedKeys(m.parameters) {
		questions = append(questions, Question{Op: "file", Arg: m.parameterFile(name)})
	}
	return questions, nil
}

// maxParameter bounds the values of parameters: the kernel shows a page at most.
const maxParameter = 4096

func (kernelModuleKind) Compare(facts Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	m := item.(*kernelModuleItem)
	now, err := answers.to("kernel_module", m.name)
	if err != nil {
		return nil, nil, err
	}
	shown, known := moduleStates[now]
	switch {
	case !known:
		return nil, nil, fmt.Errorf("/proc/modules gave %s", quoted(now))
	case m.absent && now != "absent":
		return []state.Mismatch{{Type: "unexpected_module", Expected: "absent", Actual: shown}}, nil, nil
	case !m.absent && now != "Live" && now != "builtin":
		return []state.Mismatch{{Type: "missing_module", Expected: "loaded", Actual: shown}}, nil, nil
	}
	return m.compareParameters(facts, answers)
}

// moduleStates are the answers to op kernel_module as they are shown.
var moduleStates = map[string]string{
	"Live": "loaded", "Loading": "loading", "Unloading": "unloading", "builtin": "built in", "absent": "absent",
}

func (m *kernelModuleItem) compareParameters(facts Facts, answers Answers) ([]state.Mismatch, []Question, error) {
	var expected, actual []string
	var more []Question
	secret := false
	for _, name := range sortedKeys(m.parameters) {
		value, hidden, questions, err := m.parameter(name, answers)
		switch {
		case errors.Is(err, errUndecided):
			more = append(more, questions...)
		case err != nil:
			return nil, nil, fmt.Errorf("parameter %s: %w", name, err)
		case value != m.parameters[name]:
			expected, actual = append(expected, name+"="+m.parameters[name]), append(actual, name+"="+value)
			secret = secret || hidden
		}
	}
	if len(more) > 0 {
		return nil, more, errUndecided
	}
	if len(expected) > 0 {
		mismatch := state.Mismatch{Type: "wrong_module", Expected: strings.Join(expected, ", "), Actual: strings.Join(actual, ", ")}
		mismatch.Sensitive = facts.Sensitive.Or(secret)
		return []state.Mismatch{mismatch}, nil, nil
	}
	return nil, nil, nil
}

// parameter is the value of a parameter now, "(absent)" if the module has none of that name, and whether others than
// its owner and group may not read it.
func (m *kernelModuleItem) parameter(name string, answers Answers) (value string, hidden bool, more []Question, err error) {
	path := m.parameterFile(name)
	answer, err := answers.to("file", path)
	if err != nil {
		return "", false, nil, err
	}
	file, err := parseObserved(answer)
	switch {
	case err != nil:
		return "", false, nil, err
	case file.absent:
		return "(absent)", false, nil, nil
	}
	question := Question{Op: "content", Arg: path, Size: maxParameter}
	if !answers.has(question) {
		return "", false, []Question{question}, errUndecided
	}
	value, err = answers.to("content", path)
	return words(value), file.reached == nil || file.reached.permissions()&othersRead == 0, nil, err
}
