package checker

// globShell answers to glob, asked as DIRECTORY//PATTERN, with a line for each path that may match. It goes from level
// to level by the shell's own expansion. A directory that cannot be listed or entered is an error, and so is whatever
// is not proven to be missing: what is not seen at one level, by one stat, and directories in which nothing matches, by
// one ls, since an expansion does not say whether it could read them. Of what is passed over, whether it is a
// directory is known.
//
// What a pattern is made of (see roughly) means the same to every shell, but bash may be told to hide names.
const globShell = `
op_glob() {
  unset GLOBIGNORE
  while next; do glob_one; done
}
glob_one() {
  d_next=${d_q%%//*}/$d_nl d_rest=${d_q#*//}/ d_err=
  while [ "$d_rest" ] && [ -z "$d_err" ]; do
    d_level=${d_rest%%/*} d_rest=${d_rest#*/}
    d_list=$d_next d_next= d_gone= d_silent= d_count=0
    with_lines glob_level "$d_list"
    with_lines glob_gone "$d_gone"
    with_lines glob_silent "$d_silent"
  done
  if [ "$d_err" ]; then
    frame "$d_n err $d_err"
  else
    frame "$d_n val"
  fi
}
glob_level() {
  for d_dir in "$@"; do
    if ! [ -d "$d_dir" ]; then
      [ -e "${d_dir%/}" ] || d_gone="$d_gone${d_dir%/}$d_nl"
    elif ! [ -x "$d_dir" ]; then
      d_err="permission denied"
    else
      case $d_level in
      *\**) glob_list ;;
      *) glob_take "$d_dir$d_level" ;;
      esac
    fi
    [ -z "$d_err" ] || return
  done
}
glob_list() {
  if ! [ -r "$d_dir" ]; then
    d_err="permission denied"
    return
  fi
  IFS=
  set +f
  set -- "$d_dir"$d_level
  set -f
  IFS=$d_ifs
  if [ $# -le 1 ] && ! [ -e "${1-}" ] && ! [ -L "${1-}" ]; then
    d_silent="$d_silent$d_dir$d_nl"
    return
  fi
  for d_path in "$@"; do
    glob_take "$d_path"
    [ -z "$d_err" ] || return
  done
}
glob_take() {
  case $1 in
  */. | */..) return ;;
  *"$d_nl"*)
    d_err="the name of a file there holds a newline"
    return
    ;;
  esac
  if [ "$d_rest" ] && [ -d "$1" ]; then
    d_next="$d_next$1/$d_nl"
  elif [ -z "$d_rest" ] && { [ -e "$1" ] || [ -L "$1" ]; }; then
    frame "$d_n more $1"
  elif [ -e "$1" ]; then
    return
  else
    d_gone="$d_gone$1$d_nl"
  fi
  d_count=$((d_count + 1))
  if [ "$d_count" -gt 5000 ] || { [ "$d_rest" ] && [ "$d_count" -gt 1000 ]; }; then
    d_err="too many names to look through"
  fi
}
glob_gone() {
  if ! has stat; then
    d_err="stat is missing"
    return
  fi
  d_out=$(stat -L -c . -- "$@" 2>&1 >/dev/null </dev/null)
  count_lines
  if [ "$d_count" -ne $# ]; then
    d_err="stat failed, or a file changed while it was observed"
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    why "$d_line"
    case $d_why in
    absent | *"ymbolic link"*) ;;
    *) d_err=$d_why ;;
    esac
  done
  IFS=$d_ifs
}
glob_silent() {
  if ! has ls; then
    d_err="ls is missing"
  elif ! ls -- "$@" >/dev/null 2>&1 </dev/null; then
    d_err="a directory cannot be listed"
  fi
}
`
