package checker

// linesShell answers to line, asked as PATH//=TEXT or PATH//~EXPRESSION, with 1 if a line of the file is the text, or
// if the expression matches in one, and with 0 if none is. One awk reads the files of a batch and gets all that it is
// to look for as data. Some awks end a line at a NUL: files that hold one are not searched. To most a character beyond
// ASCII is its bytes: PATH//.EXPRESSION, which counts characters, is looked for in files without any only. Some know no
// {n} or [:class:] and would take them literally: then that is said. Where an awk gives up, each question is asked alone.
const linesShell = `
op_line() { in_batches line_batch; }
line_batch() {
  for d_q in awk cat tr head; do
    if ! has "$d_q"; then
      all_err "$d_q is missing"
      return
    fi
  done
  d_found= d_list= d_paths= d_last= d_wide=
  for d_i in $d_nums; do
    d_path=${1%%//*}
    if ! [ -f "$d_path" ]; then
      frame "$d_i err changed while being read"
    elif ! [ -r "$d_path" ]; then
      frame "$d_i err permission denied"
    else
      d_found="$d_found $d_i"
      d_list="$d_list$1$d_nl"
      case ${1#*//} in
      .*) d_wide=1 ;;
      esac
      [ "$d_path" = "$d_last" ] || d_paths="$d_paths$d_path$d_nl"
      d_last=$d_path
    fi
    shift
  done
  d_nums=$d_found d_binary=
  with_lines line_binary "$d_paths"
  case $d_binary in
  '') with_lines line_found "$d_list" ;;
  *) with_lines line_each "$d_list" ;;
  esac
}
# line_binary tells in d_binary whether a file holds what keeps it from being searched: then each question is asked alone.
line_binary() {
  line_holds '\000' "$@"
  if [ -z "$d_binary" ] && [ "$d_wide" ]; then line_holds '\200-\377' "$@"; fi
}
# line_holds sets d_binary to x if a file holds one of the bytes $1, to ! if any of the programs failed before that.
line_holds() {
  d_q=$1
  shift
  d_binary=$({
    { cat -- "$@" </dev/null; put "c$?" >&3; } |
      { tr -dc "$d_q"; put "d$?" >&3; } |
      { tr "$d_q" x; put "t$?" >&3; } |
      { head -c 1; put "h$?" >&3; }
  } 3>&1 2>/dev/null)
  case $d_binary in
  *x*) d_binary=x ;;
  *)
    for d_q in c0 d0 t0 h0; do
      case $d_binary in
      *"$d_q"*) ;;
      *) d_binary=! ;;
      esac
    done
    [ "$d_binary" = ! ] || [ ${#d_binary} -ne 11 ] || d_binary=
    ;;
  esac
}
line_each() { one_by_one line_alone "$@"; }
line_alone() {
  line_holds '\000' "${1%%//*}"
  case $d_binary in
  '') ;;
  x) all_err "holds a NUL: it is not made of lines that could be looked at there" && return ;;
  *) all_err "cat, tr or head failed" && return ;;
  esac
  case ${1#*//} in
  .*) line_holds '\200-\377' "${1%%//*}" ;;
  esac
  case $d_binary in
  '') line_found "$1" ;;
  x) all_err "holds characters beyond ASCII, which an expression with . or [^...] cannot count there" ;;
  *) all_err "cat, tr or head failed" ;;
  esac
}
line_found() {
  d_out=$(for d_q in "$@"; do put "$d_q"; done | awk '
    { i = index($0, "//"); n++; path[n] = substr($0, 1, i - 1); how[n] = substr($0, i + 2, 1); what[n] = substr($0, i + 3) }
    END {
      braces = ("aa" ~ "^a{2}$"); classes = ("a" ~ "^[[:alpha:]]$")
      for (k = 1; k <= n; k++) {
        if (k == 1 || path[k] != path[k - 1]) {
          m = 0
          while ((r = (getline line < path[k])) > 0) text[++m] = line
          close(path[k])
        }
        if (r < 0) { print "!"; continue }
        if (how[k] != "=" && ((index(what[k], "{") && !braces) || (index(what[k], "[:") && !classes))) { print "?"; continue }
        found = 0
        for (j = 1; j <= m && !found; j++) {
          if (how[k] == "=") found = ((text[j] "") == (what[k] ""))
          else found = (text[j] ~ what[k])
        }
        print (found ? 1 : 0)
      }
      print "end"
    }' 2>/dev/null)
  if [ "${d_out##*"$d_nl"}" != end ]; then
    case $# in
    1) all_err "awk could not look for it" ;;
    *) one_by_one line_found "$@" ;;
    esac
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    [ "$d_line" != end ] || break
    pop
    case $d_line in
    [01]) frame "$d_i val $d_line" ;;
    \?) frame "$d_i err awk there is too old for this regular expression" ;;
    *) frame "$d_i err cannot be read" ;;
    esac
  done
  IFS=$d_ifs
}
`
