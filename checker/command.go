package checker

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// commandKind runs commands and checks what they say. All else only looks; what a command does is up to the pack, so
// the configuration must allow it.
type commandKind struct{}

func (commandKind) Name() string              { return "command" }
func (commandKind) Section() (string, string) { return "commands", "" }
func (commandKind) Fields() any               { return commandFields{} }

func (commandKind) permit(cfg config.Check) error {
	if cfg.AllowCommands {
		return nil
	}
	return errors.New("a command runs on machines, which check.allow_commands: true in the configuration has to allow")
}

const (
	argumentEnd = "\x1f" // stands behind each argument of a question
	maxCommand  = 64 << 10
)

// Shell answers with what a command prints, and its exit status in a line of its own behind it. A question is the
// arguments, each ended by \037; a program is always run by env, so that none is ever a word to the shell. If more is
// printed than one may, the status is missing: head counts a byte more than both have at most.
func (commandKind) Shell() string {
	return `
op_command() {
  d_mark=$(printf '\037')
  d_places=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  while next; do
    IFS=$d_mark
    set -- $d_q
    IFS=$d_ifs
    command_find "$1"
    if ! has env; then
      frame "$d_n err env is missing"
    elif ! has head; then
      frame "$d_n err head is missing"
    elif [ "$d_why" ]; then
      frame "$d_n err $d_why"
    else
      shift
      frame "$d_n body"
      flush
      {
        cd / && env -i PATH="$d_places" HOME=/ LC_ALL=C "$d_path" "$@" 2>/dev/null </dev/null
        put "$d_nl$?"
      } | head -c 65542
      frame "$d_n end $?"
    fi
  done
}
# command_find says in d_path where a program is, or in d_why why it cannot be run.
command_find() {
  d_why= d_path=$1
  case $1 in
  /*) ;;
  *)
    IFS=:
    for d_dir in $d_places; do
      if [ -f "$d_dir/$1" ] && [ -x "$d_dir/$1" ]; then
        d_path=$d_dir/$1
        break
      fi
    done
    IFS=$d_ifs
    ;;
  esac
  case $d_path in
  /*) ;;
  *) d_why="the command was not found in $d_places" && return ;;
  esac
  if ! [ -f "$d_path" ]; then
    d_why="the command was not found"
  elif ! [ -x "$d_path" ]; then
    d_why="permission denied"
  fi
}
`
}

// commandFields is an item of the section commands.
type commandFields struct {
	Name        yamlfile.Scalar `yaml:"name" show:"always"`
	Argv        yamlfile.Texts  `yaml:"argv" show:"asked"`
	Exit        yamlfile.Scalar `yaml:"exit" show:"always"`
	Stdout      yamlfile.Texts  `yaml:"stdout" show:"asked"`
	pack.Common `yaml:",inline"`
}

// commandItem is a command and what it must say.
type commandItem struct {
	name   string
	argv   []string
	exit   int
	lines  bool // each of output must be among the lines; else the one is all that is printed
	output []outputPattern
}

// outputPattern is text that is meant literally, or a regular expression between slashes.
type outputPattern struct {
	text string
	expr *regexp.Regexp // nil: literal
}

func (c *commandItem) Identity() string { return c.name }

func (c *commandItem) Definition() string {
	var output []string
	for _, o := range c.output {
		output = append(output, o.text)
	}
	return definition("name", c.name, "argv", fmt.Sprintf("%q", c.argv), "exit", strconv.Itoa(c.exit), "stdout", fmt.Sprintf("%t %q", c.lines, output))
}

func (commandKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in commandFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	c := &commandItem{name: d.required("name", in.Name), argv: in.Argv.Texts()}
	d.argv(in.Argv)
	status, err := strconv.ParseUint(in.Exit.Or("0"), 10, 8)
	switch c.exit = int(status); {
	case err != nil:
		d.problem(in.Exit.Line, "exit must be a number from 0 to 255")
	case c.exit == 126 || c.exit == 127:
		d.problem(in.Exit.Line, "exit must not be %d: it cannot be told from a command that was not started", c.exit)
	}
	_, c.lines = yamlfile.List(orNull(yamlfile.Get(node, "stdout")))
	c.lines = c.lines && in.Stdout.Set
	for _, s := range in.Stdout.Values {
		c.output = append(c.output, d.outputPattern(s, c.lines))
	}
	return c, d.problems
}

// maxArgv bounds the arguments of a command, in bytes.
const maxArgv = 64 << 10

func (d *decoding) argv(argv yamlfile.Texts) {
	if len(argv.Values) == 0 {
		d.problem(argv.Line, "argv is required: the program and its arguments, as a list")
		return
	}
	size := 0
	for _, s := range argv.Values {
		if size += len(s.Value); strings.ContainsAny(s.Value, "\n\x00"+argumentEnd) {
			d.problem(s.Line, "argv must not contain a newline, a NUL or the character 0x1f")
		}
	}
	if size > maxArgv {
		d.problem(argv.Line, "argv is longer than %d bytes", maxArgv)
	}
	if program := argv.Values[0]; program.Value == "" || strings.ContainsAny(program.Value, "= \t:") || program.Value[0] == '-' ||
		strings.Contains(program.Value, "/") && program.Value[0] != '/' {
		d.problem(program.Line, "argv must begin with an absolute path or the name of a program, without blanks, = or a colon; each argument is an entry of its own")
	}
}

func (d *decoding) outputPattern(s yamlfile.Scalar, line bool) outputPattern {
	p := outputPattern{text: s.Value}
	if len(s.Value) >= 2 && s.Value[0] == '/' && s.Value[len(s.Value)-1] == '/' {
		var err error
		if p.expr, err = regexp.Compile(s.Value[1 : len(s.Value)-1]); err != nil {
			d.problem(s.Line, "stdout: %s", err)
		}
	} else if line && strings.Contains(s.Value, "\n") {
		d.problem(s.Line, "stdout: an entry of the list is one line")
	}
	return p
}

func (c *commandItem) question() Question {
	return Question{Op: "command", Arg: strings.Join(c.argv, argumentEnd) + argumentEnd, Size: maxCommand + 6}
}

func (commandKind) Ops(pack.Item) []string {
	return []string{"command"}
}

func (commandKind) Ask(_ Facts, item pack.Item) ([]Question, error) {
	return []Question{item.(*commandItem).question()}, nil
}

func (commandKind) Compare(_ Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	c := item.(*commandItem)
	answer, err := answers.to("command", c.question().Arg)
	if err != nil {
		return nil, nil, err
	}
	output, status, err := parseCommand(answer)
	if err != nil {
		return nil, nil, err
	}
	var mismatches []state.Mismatch
	if status != c.exit {
		mismatches = append(mismatches, state.Mismatch{Type: "wrong_status", Expected: strconv.Itoa(c.exit), Actual: strconv.Itoa(status)})
	}
	return append(mismatches, c.compareOutput(output)...), nil, nil
}

// parseCommand reads an answer: the output without line breaks at its end, and the exit status.
func parseCommand(answer string) (output string, status int, err error) {
	answer = strings.TrimSuffix(answer, "\n")
	cut := strings.LastIndexByte(answer, '\n')
	if cut > maxCommand || cut < 0 && len(answer) > maxCommand {
		return "", 0, fmt.Errorf("prints more than %d bytes", maxCommand)
	}
	status, err = strconv.Atoi(answer[cut+1:])
	switch {
	case cut < 0 || err != nil || status < 0 || status > 255 || strconv.Itoa(status) != answer[cut+1:]:
		return "", 0, errMalformed
	case status == 126 || status == 127:
		return "", 0, fmt.Errorf("could not be started, or says the same of something that it runs: exit status %d", status)
	}
	return strings.TrimRight(answer[:cut], "\n"), status, nil
}

// compareOutput judges what the command printed.
func (c *commandItem) compareOutput(output string) []state.Mismatch {
	var missing []string
	lines := []string{output}
	if c.lines {
		lines = strings.Split(output, "\n")
	}
	for _, wanted := range c.output {
		if !slices.ContainsFunc(lines, wanted.matches) {
			missing = append(missing, wanted.text)
		}
	}
	if missing == nil {
		return nil
	}
	mismatch := state.Mismatch{Type: "wrong_output", Expected: strings.Join(missing, "\n"), Actual: output}
	if literal := !c.lines && c.output[0].expr == nil; literal && strings.Contains(missing[0]+output, "\n") && isText([]byte(output)) && isText([]byte(missing[0])) {
		mismatch.Diff = unifiedDiff(strings.TrimRight(missing[0], "\n")+"\n", output+"\n")
	}
	return []state.Mismatch{mismatch}
}

func (p outputPattern) matches(text string) bool {
	if p.expr != nil {
		return p.expr.MatchString(text)
	}
	return strings.TrimRight(p.text, "\n") == text
}
