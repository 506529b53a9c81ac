package checker

// accountShell looks up users and groups as the machine itself does: getent asks whatever nsswitch.conf names. A
// batch is one getent. Some stop at the first name that they do not find, so what it did not print is asked for alone:
// only exit status 2 says that there is no such entry, and sourcesShell whether that proves it. Machines without getent
// have just the files.
//
// To user and group: "absent", or "=" and the entry with an x in place of its password. To user_groups: what id says
// of the user. To user_password: "locked", "none" or "set", or "elsewhere" of a user who is not in /etc/passwd: no hash
// leaves the machine, nor is it ever an argument of a process. To all_users and all_groups: a name a line, of the files.
const accountShell = `
op_user() {
  d_db=passwd
  entries
}
op_group() {
  d_db=group
  entries
}
entries() {
  sources
  if has getent; then
    in_batches entry_batch
  else
    in_list
    entry_file
  fi
}
entry_batch() {
  for d_q in "$@"; do
    case $d_q in
    -*)
      all_err "is no name: getent would take it for an option"
      return
      ;;
    esac
  done
  d_out=$(getent "$d_db" "$@" 2>/dev/null </dev/null)
  IFS=$d_nl
  for d_line in $d_out; do
    while [ $# -gt 0 ]; do
      pop
      case $d_line in
      "$1":*)
        entry_found "$1" "$d_line"
        shift
        break
        ;;
      esac
      entry_alone "$1"
      shift
    done
  done
  IFS=$d_ifs
  for d_i in $d_nums; do
    entry_alone "$1"
    shift
  done
}
entry_alone() {
  d_out=$(getent "$d_db" "$1" 2>/dev/null </dev/null)
  d_status=$?
  case $d_status:$d_out in
  0:"$1":*) entry_found "$1" "$d_out" ;;
  0:*) frame "$d_i err getent gave an entry of another name" ;;
  2:) entry_absent "$d_i" ;;
  *) frame "$d_i err getent failed with status $d_status" ;;
  esac
}
entry_absent() {
  if [ "$d_unproven" ]; then
    frame "$1 err $d_unproven"
  else
    frame "$1 val absent"
  fi
}
entry_found() {
  d_out=${2#"$1:"}
  case $d_out in
  *:*) frame "$d_i val =$1:x:${d_out#*:}" ;;
  *) frame "$d_i err the machine's entry makes no sense" ;;
  esac
}
entry_file() {
  if ! has awk; then
    list_err "getent and awk are missing"
    return
  fi
  d_out=$({
    put "$d_nonce$d_nl$d_list"
    whole_file "/etc/$d_db"
  } | awk -F: '
    NR == 1 { nonce = $0; next }
    !listing && $0 == "" { listing = 1; next }
    !listing { i = index($0, "="); number[substr($0, i + 1)] = substr($0, 1, i - 1); next }
    $0 == nonce { whole = 1 }
    NF > 2 && ($1 in number) && !($1 in found) {
      found[$1] = 1
      print number[$1] " =" $1 ":x" substr($0, length($1) + length($2) + 2)
    }
    END {
      if (!whole) exit
      for (name in number) if (!(name in found)) print number[name] " absent"
      print "end"
    }' 2>/dev/null)
  account_answers "/etc/$d_db cannot be read"
}
# account_answers gives the answers in d_out, of which each line begins with a number; $1 is why they are not whole.
account_answers() {
  if [ "${d_out##*"$d_nl"}" != end ]; then
    list_err "$1"
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    case $d_line in
    end) ;;
    "${d_line%% *} absent") entry_absent "${d_line%% *}" ;;
    *" !shadow") frame "${d_line%% *} err $d_why" ;;
    *) frame "${d_line%% *} val ${d_line#* }" ;;
    esac
  done
  IFS=$d_ifs
}
op_user_groups() { in_batches groups_batch; }
groups_batch() {
  if ! has id; then
    all_err "id is missing"
    return
  fi
  d_out=$(id -- "$@" 2>/dev/null </dev/null)
  count_lines
  if [ "$d_count" -ne $# ]; then
    case $# in
    1) all_err "id failed" ;;
    *) one_by_one groups_batch "$@" ;;
    esac
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    pop
    frame "$d_i val $d_line"
  done
  IFS=$d_ifs
}
op_user_password() {
  in_list
  if ! has awk; then
    list_err "awk is missing"
    return
  fi
  d_why="has no entry in /etc/shadow"
  if ! [ -e /etc/shadow ]; then d_why="there is no /etc/shadow"
  elif ! [ -r /etc/shadow ]; then d_why="permission denied"
  fi
  d_out=$({
    put "$d_nonce$d_nl$d_list"
    whole_file /etc/passwd && whole_file /etc/shadow
  } | awk -F: '
    NR == 1 { nonce = $0; next }
    !listing && $0 == "" { listing = 1; next }
    !listing { i = index($0, "="); number[substr($0, i + 1)] = substr($0, 1, i - 1); next }
    $0 == nonce { whole++; next }
    NF < 2 || !($1 in number) { next }
    whole == 0 && !($1 in passwd) { passwd[$1] = $2 }
    whole == 1 && !($1 in shadow) { shadow[$1] = $2 }
    function password(text) { return text == "" ? "none" : text ~ /^[!*]/ ? "locked" : "set" }
    END {
      if (!whole) exit
      for (name in number) {
        if (!(name in passwd)) print number[name] " elsewhere"
        else if (passwd[name] != "x") print number[name] " " password(passwd[name])
        else if (name in shadow) print number[name] " " password(shadow[name])
        else print number[name] " !shadow"
      }
      print "end"
    }' 2>/dev/null)
  account_answers "/etc/passwd cannot be read"
}
op_all_users() { while next; do entry_names /etc/passwd; done; }
op_all_groups() { while next; do entry_names /etc/group; done; }
entry_names() {
  d_out=$(whole_file "$1")
  if [ "${d_out##*"$d_nl"}" != "$d_nonce" ]; then
    frame "$d_n err $1 cannot be read"
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    case $d_line in
    *:*) frame "$d_n more ${d_line%%:*}" ;;
    esac
  done
  IFS=$d_ifs
  frame "$d_n val"
}
`
