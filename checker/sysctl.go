package checker

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// sysctlKind checks kernel parameters.
type sysctlKind struct{}

func (sysctlKind) Name() string              { return "sysctl" }
func (sysctlKind) Section() (string, string) { return "settings", "sysctl" }
func (sysctlKind) Fields() any               { return sysctlFields{} }

// Shell answers with "absent", or with "=" and the value, or with "=" and a further "=" line for each further line.
// The shell's own read is no use here: most of them read byte by byte, and the files of /proc/sys give nothing after
// the first read. One awk reads a batch; where one of the files cannot be read, or is empty, each is read alone.
func (sysctlKind) Shell() string {
	return `
op_sysctl() { in_batches sysctl_batch; }
sysctl_batch() {
  if ! [ -d /proc/sys/kernel ]; then
    all_err "/proc/sys is not there"
    return
  fi
  if ! has awk; then
    all_err "awk is missing"
    return
  fi
  d_found= d_list=
  for d_i in $d_nums; do
    d_q=/proc/sys/$1
    case /$1/ in
    */../*)
      frame "$d_i err is no kernel parameter"
      shift
      continue
      ;;
    esac
    if [ -f "$d_q" ]; then
      d_found="$d_found $d_i"
      d_list="$d_list$d_q$d_nl"
    else
      sysctl_gone
    fi
    shift
  done
  d_nums=$d_found
  with_lines sysctl_found "$d_list"
}
sysctl_gone() {
  if [ -e "$d_q" ]; then
    frame "$d_i err holds other keys and has no value"
  elif ! has stat; then
    frame "$d_i err stat is missing"
  else
    why "$(stat -c . -- "$d_q" 2>&1 >/dev/null </dev/null)"
    if [ "$d_why" = absent ]; then
      frame "$d_i val absent"
    else
      frame "$d_i err $d_why"
    fi
  fi
}
sysctl_found() { together "$d_nums" sysctl_values "$@" || one_by_one sysctl_alone "$@"; }
# sysctl_values prints the lines of each file behind "m", and a dot. It fails with 3 if one seems to have none.
sysctl_values() {
  awk 'BEGIN {
    for (i = 1; i < ARGC; i++) {
      for (n = 0; (r = (getline line < ARGV[i])) > 0; n++) print "m" line
      if (r < 0) exit 2
      if (!n) exit 3
      print "."
      close(ARGV[i])
    }
    exit 0
  }' "$@"
}
# sysctl_alone asks of one. Some awks take a failing read for the end of an empty file.
sysctl_alone() {
  together " $d_nums" sysctl_values "$1" && return
  if [ "$d_status" = 3 ] && d_out=$(cat "$1" 2>/dev/null </dev/null) && [ -z "$d_out" ]; then
    frame "$d_nums val ="
  else
    all_err "cannot be read"
  fi
}
`
}

// share takes apart what sysctl_values prints: a dot is behind the lines of each file.
func (sysctlKind) share(_ string, _ []shared, printed string) []string {
	var answers []string
	lines := ""
	for _, line := range linesOf(printed) {
		value, has := strings.CutPrefix(line, "m")
		switch {
		case has:
			lines += "=" + value + "\n"
		case line != ".":
			return nil
		default:
			answers = append(answers, lines+"=")
			lines = ""
		}
	}
	return answers
}

// sysctlFields are settingFields of which the value may be seen: that of a kernel parameter is seldom a secret.
type sysctlFields struct {
	Key         yamlfile.Scalar `yaml:"key" show:"always"`
	Expected    yamlfile.Scalar `yaml:"expected" show:"open"`
	Type        yamlfile.Scalar `yaml:"type" show:"always"`
	pack.Common `yaml:",inline"`
}

// sysctlItem is a kernel parameter and the value that it must have.
type sysctlItem struct{ *setting }

func (k sysctlKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in sysctlFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	item := sysctlItem{d.setting(settingFields(in))}
	parts := strings.Split(procPath(item.key), "/")
	if item.key != "" && slices.ContainsFunc(parts, func(s string) bool { return s == "" || s == "." || s == ".." }) {
		d.problem(in.Key.Line, "key must be the name of a kernel parameter, such as net.ipv4.ip_forward")
	}
	return item, d.problems
}

// procPath is the file below /proc/sys of a key as sysctl(8) takes it: parts are separated by whichever of dot and
// slash comes first, and the other one is a part of a name then: net.ipv4.conf.eth0/100.rp_filter and
// net/ipv4/conf/eth0.100/rp_filter are the same.
func procPath(key string) string {
	if i := strings.IndexAny(key, "./"); i < 0 || key[i] == '/' {
		return key
	}
	return swapDotsAndSlashes.Replace(key)
}

var swapDotsAndSlashes = strings.NewReplacer(".", "/", "/", ".")

func (sysctlKind) Ops(pack.Item) []string {
	return []string{"sysctl"}
}

func (sysctlKind) Ask(_ Facts, item pack.Item) ([]Question, error) {
	return []Question{{Op: "sysctl", Arg: procPath(item.(sysctlItem).key)}}, nil
}

// Compare takes any run of blanks, and any line break, for one space: the kernel separates numbers by tabs.
func (sysctlKind) Compare(_ Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	s := item.(sysctlItem)
	answer, err := answers.to("sysctl", procPath(s.key))
	if err != nil {
		return nil, nil, err
	}
	if answer == "absent" {
		return wrongSetting(s.expected, "(absent)"), nil, nil
	}
	if actual := sysctlValue(answer); actual != strings.Join(strings.Fields(s.expected), " ") {
		return wrongSetting(s.expected, actual), nil, nil
	}
	return nil, nil, nil
}

// sysctlValue is the value in an answer that has one.
func sysctlValue(answer string) string {
	var words []string
	for line := range strings.Lines(answer) {
		words = append(words, strings.Fields(strings.TrimPrefix(line, "="))...)
	}
	return strings.Join(words, " ")
}
