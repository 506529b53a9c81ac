package checker

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// readyProtocol changes with what the script reads and prints, but for the answers of the kinds.
const readyProtocol = 1

// readyLine is what the script prints first.
const readyLine = "drift_exporter/1 ready"

// Script is the script that runs on machines, with the functions that answer these ops. Nothing of a pack or a machine is in
// it: it is the same for all whose packs ask for the same kinds of things. With all ops it can also be installed there, as the
// only command that sudoers and a forced command allow, see Helper.
//
// It is one `{ … exit; }`: a shell reads such a block to its end before it runs any of it, so that a copy that was
// cut off runs nothing; and nothing that follows it is ever taken for a command.
func Script(ops ...string) string {
	return "{\n" + strings.TrimLeft(scriptShell(ops, nil, "", ""), "\n") + "drift_main" + scriptEnd
}

// scriptEnd is how the script ends, and nothing in it does.
const scriptEnd = "\nexit\n}\n"

// introduce writes a script that knows what it would otherwise have to read before it says anything of the machine. Both words
// are ours: the nonce is hex. What comes from the configuration is never in it.
func introduce(text *bytes.Buffer, script []byte, nonce, how string) {
	text.Write(script[:len(script)-len(scriptEnd)])
	text.WriteString(" " + nonce + " " + how + scriptEnd)
}

var introduction = regexp.MustCompile(`drift_main ([0-9a-f]{32}) (login|become)\nexit\n}\n$`)

// Introduction is the nonce that a script begins its frames with. It is empty for one that reads it.
func Introduction(script string) (nonce string) {
	if match := introduction.FindStringSubmatch(script); match != nil {
		return match[1]
	}
	return ""
}

var answeredOp = regexp.MustCompile(`(?m)^    ([a-z_]+)\) op_`)

// IsScript tells whether a text is, to the byte, a script that this program sends.
func IsScript(text string) bool {
	ops := map[string]bool{}
	for _, match := range answeredOp.FindAllStringSubmatch(text, -1) {
		ops[match[1]] = true
	}
	text = introduction.ReplaceAllLiteralString(text, "drift_main"+scriptEnd)
	return text == string(sentScript(ops))
}

// AllOps are the ops that the script can answer.
func AllOps() []string {
	var ops []string
	for _, kind := range Kinds().kinds {
		ops = append(ops, scriptOps(kind.Shell())...)
	}
	return ops
}

// allOps is AllOps as a set.
func allOps() map[string]bool {
	ops := map[string]bool{}
	for _, op := range AllOps() {
		ops[op] = true
	}
	return ops
}

// sentScripts are the scripts that were sent, by their ops. There are few, since packs are made of the same kinds of things, and no
// session changes one.
var sentScripts sync.Map

// sentScript is the script that answers these ops, as it is sent.
func sentScript(ops map[string]bool) []byte {
	names := slices.Sorted(maps.Keys(ops))
	key := strings.Join(names, " ")
	if sent, ok := sentScripts.Load(key); ok {
		return sent.(func() []byte)()
	}
	once := sync.OnceValue(func() []byte { return []byte(Script(names...)) }) // when a check begins, many ask for it at once
	sent, _ := sentScripts.LoadOrStore(key, once)
	return sent.(func() []byte)()
}

// scriptShell is what the script does, with the functions that these ops need. Those of refused are answered by the reason that
// is given there. installed is put where an installed script says that it is one, and checks where it looks at how it was
// started.
func scriptShell(ops []string, refused map[string]string, installed, checks string) string {
	text, cases, roots := scriptCommon, "", []string{"", "drift_main"}
	for _, kind := range Kinds().kinds {
		text += kind.Shell()
		for _, op := range scriptOps(kind.Shell()) {
			why, no := refused[op]
			switch {
			case !slices.Contains(ops, op):
			case no:
				cases += "    " + op + ") op_refused '" + why + "' ;;\n"
				roots = append(roots, "op_refused")
			default:
				cases += "    " + op + ") op_" + op + " ;;\n"
				roots = append(roots, "op_"+op)
			}
		}
	}
	shell := shellFunctions(text + scriptUser + scriptMain).only(roots...)
	shell = strings.Replace(shell, "VARIABLES\n", "unset "+strings.Join(scriptVariables(shell), " ")+"\n"+installed, 1)
	shell = strings.Replace(shell, "  CHECKS\n", checks, 1)
	return strings.Replace(shell, "    OPS\n", cases, 1)
}

var opFunction = regexp.MustCompile(`(?m)^op_([a-z_]+)\(\)`)

// scriptOps finds the ops that a shell text answers: op X is answered by the function op_X.
func scriptOps(shell string) []string {
	var ops []string
	for _, match := range opFunction.FindAllStringSubmatch(shell, -1) {
		ops = append(ops, match[1])
	}
	return ops
}

var variable = regexp.MustCompile(`\bd_[a-z_]+\b`)

// scriptVariables finds the variables of a shell text.
func scriptVariables(shell string) []string {
	return slices.Compact(slices.Sorted(slices.Values(variable.FindAllString(shell, -1))))
}

// scriptCommon is what all kinds' functions may use. Variables of the script begin with d_, and are taken out of the
// environment first so that no child sees them. d_n is the number of the last question read. What a machine prints
// is only ever data: nothing is evaluated, and unquoted expansions are split at newlines or numbers with globbing off.
const scriptCommon = `
# drift_exporter observes this machine and changes nothing on it.
VARIABLES
set -f
d_nl='
'
d_ifs=" 	$d_nl"
IFS=$d_ifs
LC_ALL=C
export LC_ALL
d_n=0

# put prints a line as it is: with a builtin, so that no argument list shows it and no process is needed. Where there are
# no programs, what is found is a builtin.
put() { printf '%s\n' "$1"; }
d_path=$PATH PATH=/dev/null
if command -v print >/dev/null 2>&1; then
  put() { print -r -- "$1"; }
fi
PATH=$d_path
# frame begins on a line of its own, whatever was printed before it. Several are printed at a time, since all that is
# printed by itself is a packet on its way to us; flush prints what is left.
d_frames=
frame() {
  d_frames=$d_frames${d_frames:+$d_nl}$d_nl$d_nonce\ $1
  case ${#d_frames} in
  [4-9]??? | ?????*) flush ;;
  esac
}
flush() { put "$d_frames" && d_frames=; }
has() { command -v "$1" >/dev/null 2>&1; }

# next reads a question of a section into d_q; false at the section's end. Without input there is no goodbye.
next() {
  IFS= read -r d_q || exit 1
  case $d_q in
  =?*) d_q=${d_q#=} d_n=$((d_n + 1)) ;;
  *) return 1 ;;
  esac
}

# in_batches calls $1 with up to 100 questions, or $2, at a time as arguments, and their numbers in d_nums.
in_batches() {
  d_each=$1 d_most=${2:-100} d_more=1
  while [ "$d_more" ]; do
    d_nums= d_list= d_count=0
    while [ "$d_count" -lt "$d_most" ]; do
      next || { d_more= && break; }
      d_count=$((d_count + 1))
      d_nums="$d_nums $d_n"
      d_list="$d_list$d_q$d_nl"
    done
    with_lines "$d_each" "$d_list"
  done
}

# with_lines calls $1 with the lines of $2, if there are any, as arguments.
with_lines() {
  d_one=$1
  IFS=$d_nl
  set -- $2
  IFS=$d_ifs
  [ $# -eq 0 ] || "$d_one" "$@"
}

# one_by_one calls $1 for each of a batch alone, since what it printed for all could not be told apart.
one_by_one() {
  d_one=$1
  shift
  for d_j in $d_nums; do
    d_nums=$d_j
    "$d_one" "$1"
    shift
  done
}

# in_list reads a whole section into d_list, a line "number=question" each; its first number is d_first.
in_list() {
  d_list= d_first=$((d_n + 1))
  while next; do d_list="$d_list$d_n=$d_q$d_nl"; done
}

# all_err answers every question of d_nums with an error, list_err every one of d_list.
all_err() { for d_i in $d_nums; do frame "$d_i err $1"; done; }
list_err() { while [ "$d_first" -le "$d_n" ]; do frame "$d_first err $1"; d_first=$((d_first + 1)); done; }

# list_answers answers every question of d_list with its lines of d_out, which begin with its number. The last is "end".
list_answers() {
  IFS=$d_nl
  for d_line in $d_out; do
    case $d_line in
    end) break ;;
    *) frame "${d_line%% *} more ${d_line#* }" ;;
    esac
  done
  IFS=$d_ifs
  while [ "$d_first" -le "$d_n" ]; do
    frame "$d_first val"
    d_first=$((d_first + 1))
  done
}

# count_lines counts what is not empty in d_out.
count_lines() {
  d_count=0 IFS=$d_nl
  for d_line in $d_out; do d_count=$((d_count + 1)); done
  IFS=$d_ifs
}

# together runs the rest of its arguments for all questions of $1 at once. What that prints is told apart by us, and only if it
# is true: where it is not, they are still to be answered. Unlike what is captured it needs no copy of this shell.
together() {
  frame "batch$1"
  shift
  flush
  "$@" 2>/dev/null </dev/null
  d_status=$?
  frame "batched $d_status"
  return "$d_status"
}

# whole_file prints a file, and the nonce on a line of its own if that was all of it.
whole_file() { cat "$1" 2>/dev/null </dev/null && put "$d_nl$d_nonce"; }

# pop takes the first number off d_nums.
pop() {
  d_nums=${d_nums# }
  d_i=${d_nums%% *}
  d_nums=${d_nums#"$d_i"}
}

# why says what stat's message means: only these two prove that there is nothing.
why() {
  case $1 in
  *": No such file or directory" | *": Not a directory") d_why=absent ;;
  *": Permission denied") d_why="permission denied" ;;
  *) d_why="stat: ${1##*: }" ;;
  esac
}
`

const scriptMain = `
drift_manager() {
  if [ -e /var/lib/dpkg/status ]; then d_line=dpkg
  elif [ -e /lib/apk/db/installed ] || [ -e /usr/lib/apk/db/installed ]; then d_line=apk
  elif [ -d /var/lib/pacman/local ]; then d_line=pacman
  elif [ -e /usr/lib/opkg/status ] || [ -e /var/lib/opkg/status ]; then d_line=opkg
  else
    for d_line in dpkg rpm apk pacman opkg ''; do
      if [ -z "$d_line" ] || has "$d_line"; then break; fi
    done
  fi
  frame "fact package_manager $d_line"
}

drift_init() {
  d_line=
  if [ -d /run/systemd/system ]; then d_line=systemd
  elif [ -d /run/openrc ]; then d_line=openrc
  elif [ -r /proc/1/comm ]; then IFS= read -r d_line </proc/1/comm
  fi
  frame "fact init $d_line"
}

# drift_kernel has what uname -nrm prints, from the kernel itself where it tells.
drift_kernel() {
  d_out=
  for d_q in hostname osrelease arch; do
    if ! [ -r "/proc/sys/kernel/$d_q" ] || ! IFS= read -r d_line <"/proc/sys/kernel/$d_q"; then
      d_out=$(uname -nrm 2>/dev/null </dev/null)
      break
    fi
    d_out="$d_out $d_line"
  done
  frame "fact uname $d_out"
}

drift_facts() {
  for d_q in /etc/os-release /usr/lib/os-release; do
    [ -r "$d_q" ] || continue
    while IFS= read -r d_line || [ -n "$d_line" ]; do
      d_key=${d_line%%=*}
      case $d_key in
      ID | VERSION_ID | PRETTY_NAME) frame "fact $d_key ${d_line#*=}" ;;
      esac
    done <"$d_q"
    break
  done
  drift_kernel
  drift_manager
  drift_init
  drift_user
  frame "fact uid $d_uid"
  frame "fact user $d_user"
  frame "fact home $d_home"
  frame "facts"
  flush
}

op_unknown() { while next; do frame "$d_n err the installed helper is too old to observe this"; done; }
op_refused() { while next; do frame "$d_n err the installed helper $1"; done; }

drift_main() {
  put "${d_nl}drift_exporter/1 ready"
  d_nonce=${1-} d_how=${2-} d_user=
  if [ $# -eq 0 ]; then
    IFS= read -r d_nonce || exit 1
    IFS= read -r d_how || exit 1
    IFS= read -r d_user || exit 1
  fi
  CHECKS
  drift_facts
  while IFS= read -r d_op; do
    case $d_op in
    OPS
    stage) frame "stage $d_n" && flush ;;
    bye) frame "bye $d_n" && flush && exit 0 ;;
    *) op_unknown ;;
    esac
  done
  exit 1
}
`
