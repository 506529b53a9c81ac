package checker

import (
	"fmt"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// linkShell answers to link with stat of a symbolic link itself and then "=" and its text, or with "-" for what is no
// symbolic link. One stat shows the texts of a batch, in quotes: where a text holds what those that print it quote
// in different ways, readlink is asked, which not everywhere takes more than one path.
const linkShell = `
op_link() { in_batches link_batch; }
link_batch() {
  for d_q in stat readlink; do
    if ! has "$d_q"; then
      all_err "$d_q is missing"
      return
    fi
  done
  d_found= d_list=
  for d_i in $d_nums; do
    if [ -L "$1" ]; then
      d_found="$d_found $d_i"
      d_list="$d_list$1$d_nl"
    else
      frame "$d_i val -"
    fi
    shift
  done
  d_nums=$d_found
  with_lines link_found "$d_list"
}
link_found() {
  d_out=$(stat -c '%f:%u:%g:%s:%U:%G %N' -- "$@" 2>/dev/null </dev/null)
  count_lines
  if [ "$d_count" -ne $# ]; then
    case $# in
    1) pop && link_alone "$1" ;;
    *) one_by_one link_found "$@" ;;
    esac
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    pop
    d_target=${d_line#*" '$1' -> '"}
    d_status=${d_line%%" '$1' -> '"*}
    d_text=${d_target%\'}
    if [ "$d_status" = "$d_line" ] || [ "$d_text" = "$d_target" ]; then d_text=\'; fi
    case $d_text in
    *[\'\\]*) link_alone "$1" ;;
    *)
      frame "$d_i more $d_status"
      frame "$d_i val =$d_text"
      ;;
    esac
    shift
  done
  IFS=$d_ifs
}
link_alone() {
  d_status=$(stat -c '%f:%u:%g:%s:%U:%G' -- "$1" 2>/dev/null </dev/null)
  if ! d_target=$(readlink -n -v "$1" 2>&1 </dev/null && put .); then
    why "$d_target"
    frame "$d_i err $d_why"
    return
  fi
  case $d_target in
  *"$d_nl"*) frame "$d_i err the text of the symbolic link holds a newline" ;;
  *)
    frame "$d_i more $d_status"
    frame "$d_i val =${d_target%.}"
    ;;
  esac
}
`

// parseLink reads an answer to link: of what is no link the status is nil.
func parseLink(answer string) (status *fileStatus, target string, err error) {
	first, second, _ := strings.Cut(answer, "\n")
	target, isLink := strings.CutPrefix(second, "=")
	if answer == "-" {
		return nil, "", nil
	}
	if status, err = parseStatus(first); err != nil || !isLink || target == "" {
		return nil, "", fmt.Errorf("stat gave %s", quoted(answer))
	}
	return status, target, nil
}

// compareLink compares what is demanded of a symbolic link itself.
func (f *fileItem) compareLink(got observed, answers Answers, path string) ([]state.Mismatch, error) {
	if !got.link || !f.needsLink() {
		return nil, nil
	}
	answer, err := answers.to("link", path)
	if err != nil {
		return nil, err
	}
	status, target, err := parseLink(answer)
	if err != nil {
		return nil, err
	}
	if status == nil {
		return nil, errChanged
	}
	var mismatches []state.Mismatch
	if f.target != "" && f.target != target {
		mismatches = append(mismatches, state.Mismatch{Type: "wrong_target", Expected: f.target, Actual: target})
	}
	if !f.own {
		return mismatches, nil
	}
	owners, err := f.compareOwner(status, answers)
	return append(mismatches, owners...), err
}
