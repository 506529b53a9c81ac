package checker

import "strings"

// fileShell observes files. Per batch of 100 there is one stat for what exists, one for what seems not to, and one
// sha256sum; all else is done by the shell itself. Answers are told apart by their order, never by names in output,
// and only if the program has found nothing wrong: otherwise each is asked for alone.
//
// To file: "self STAT" or, of a symbolic link, "link STAT", where STAT is of what the path leads to; "link !WHY" of a
// link that leads to nothing that can be seen; "absent". To sum: "HASH", or "-" of what is no regular file (a FIFO or
// a device would block). To content: the bytes, one more than maxContent at most, so that a longer file is known as such.
//
// What stat and sha256sum print for all files of a batch is taken apart by share. A file is marked that is reached by a
// symbolic link.
const fileShell = `
op_file() { in_batches file_batch; }
file_batch() {
  d_found= d_list= d_gone= d_paths= d_marks=
  for d_i in $d_nums; do
    if [ -e "$1" ]; then
      d_found="$d_found $d_i"
      d_marks="$d_marks $d_i"
      if [ -L "$1" ]; then d_marks=${d_marks}l; fi
      d_list="$d_list$1$d_nl"
    else
      d_gone="$d_gone $d_i"
      d_paths="$d_paths$1$d_nl"
    fi
    shift
  done
  if ! has stat; then
    d_nums="$d_found $d_gone"
    all_err "stat is missing"
    return
  fi
  if [ "$d_found" ]; then
    d_nums=$d_found
    with_lines file_found "$d_list"
  fi
  if [ "$d_gone" ]; then
    d_nums=$d_gone
    with_lines file_gone "$d_paths"
  fi
}
file_found() { together "$d_marks" stat -L -c '%f:%u:%g:%s:%U:%G' -- "$@" || one_by_one file_alone "$@"; }
file_alone() {
  d_marks=$d_nums
  if [ -L "$1" ]; then d_marks=${d_marks}l; fi
  together " $d_marks" stat -L -c '%f:%u:%g:%s:%U:%G' -- "$1" || file_gone "$1"
}
file_gone() {
  d_out=$(stat -L -c . -- "$@" 2>&1 >/dev/null </dev/null)
  count_lines
  if [ "$d_count" -ne $# ]; then
    case $# in
    1) all_err "stat failed, or the file changed while it was observed" ;;
    *) one_by_one file_gone "$@" ;;
    esac
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    pop
    why "$d_line"
    if [ -L "$1" ]; then
      frame "$d_i val link !$d_why"
    elif [ "$d_why" = absent ]; then
      frame "$d_i val absent"
    else
      frame "$d_i err $d_why"
    fi
    shift
  done
  IFS=$d_ifs
}
op_sum() { in_batches sum_batch; }
sum_batch() {
  if ! has sha256sum; then
    all_err "sha256sum is missing"
    return
  fi
  d_found= d_list=
  for d_i in $d_nums; do
    if ! [ -f "$1" ]; then
      frame "$d_i val -"
    elif ! [ -r "$1" ]; then
      frame "$d_i err permission denied"
    else
      d_found="$d_found $d_i"
      d_list="$d_list$1$d_nl"
    fi
    shift
  done
  d_nums=$d_found
  with_lines sum_found "$d_list"
}
sum_found() { together "$d_nums" sha256sum -- "$@" || one_by_one sum_alone "$@"; }
sum_alone() { together " $d_nums" sha256sum -- "$1" || all_err "sha256sum could not read it"; }
op_content() {
  while next; do
    if ! [ -f "$d_q" ]; then
      frame "$d_n err changed while being read"
    elif ! [ -r "$d_q" ]; then
      frame "$d_n err permission denied"
    elif ! has head; then
      frame "$d_n err head is missing"
    else
      frame "$d_n body"
      flush
      head -c 1048577 <"$d_q" 2>/dev/null
      frame "$d_n end $?"
    fi
  done
}
`

// share has a line for each file: of file that of stat, of sum that of sha256sum, which begins with a backslash where it had to
// escape the name.
func (fileKind) share(op string, asked []shared, printed string) []string {
	lines := linesOf(printed)
	if len(lines) != len(asked) {
		return nil
	}
	for i, line := range lines {
		switch {
		case op == "sum":
			hash, name, _ := strings.Cut(strings.TrimPrefix(line, `\`), " ")
			if len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" || name == "" || name[0] != ' ' && name[0] != '*' {
				return nil
			}
			lines[i] = hash
		case asked[i].marked:
			lines[i] = "link " + line
		default:
			lines[i] = "self " + line
		}
	}
	return lines
}
