package checker

import (
	"fmt"
	"strings"
)

// openRCShell reads the directories in which OpenRC keeps its state; no init script runs. One rc-status says which of
// the started services have died.
//
// The answer to openrc is words: script, level=NAME for each runlevel, the states, crashed. To openrc_list it is a line
// for each service that is in a runlevel or started.
const openRCShell = `
op_openrc() { in_batches openrc_batch; }
openrc_batch() {
  openrc_levels
  if [ -z "$d_why" ] && ! has rc-status; then d_why="rc-status is missing"; fi
  if [ "$d_why" ]; then
    all_err "$d_why"
    return
  fi
  d_out=$(rc-status --crashed 2>&1 </dev/null)
  case $?$d_out in
  0?* | 1) ;;
  *)
    all_err "rc-status failed"
    return
    ;;
  esac
  d_out=$d_nl$d_out$d_nl
  for d_i in $d_nums; do
    openrc_one "$1"
    shift
  done
}
# openrc_levels lists the runlevels in d_list.
openrc_levels() {
  d_why= d_list=
  for d_q in /etc/init.d /etc/runlevels /run/openrc; do
    if ! [ -d "$d_q" ]; then d_why="$d_q is not there" && return; fi
    openrc_open "$d_q"
  done
  set +f
  for d_q in /etc/runlevels/*; do
    if [ -d "$d_q" ]; then
      openrc_open "$d_q"
      d_list="$d_list$d_q$d_nl"
    fi
  done
  set -f
  for d_q in started starting stopping inactive failed daemons; do
    if [ -d "/run/openrc/$d_q" ]; then openrc_open "/run/openrc/$d_q"; fi
  done
}
openrc_open() { if ! [ -r "$1" ] || ! [ -x "$1" ]; then d_why="permission denied"; fi; }
openrc_one() {
  d_line=
  for d_q in /etc/init.d /usr/local/etc/init.d; do
    if [ -f "$d_q/$1" ]; then d_line="$d_line script"; fi
  done
  IFS=$d_nl
  for d_q in $d_list; do
    if [ -L "$d_q/$1" ] || [ -f "$d_q/$1" ]; then d_line="$d_line level=${d_q##*/}"; fi
  done
  IFS=$d_ifs
  for d_q in started starting stopping inactive failed; do
    if [ -L "/run/openrc/$d_q/$1" ] || [ -e "/run/openrc/$d_q/$1" ]; then d_line="$d_line $d_q"; fi
  done
  case $d_out in
  *"$d_nl$1$d_nl"*) d_line="$d_line crashed" ;;
  esac
  openrc_pids "$1"
  if [ "$d_why" ]; then
    frame "$d_i err $d_why"
  else
    frame "$d_i val$d_line"
  fi
}
# openrc_pids says whether it can be known if a started service has died: rc-status looks at processes by files that
# may be root's, and its versions differ in what they take one for that they may not read.
openrc_pids() {
  d_why=
  if [ "$d_uid" = 0 ]; then return; fi
  case $d_line in
  *" crashed") d_why="permission denied" ;;
  esac
  set +f
  for d_q in "/run/openrc/daemons/$1"/*; do
    [ -e "$d_q" ] || continue
    if ! [ -r "$d_q" ]; then d_why="permission denied" && continue; fi
    while IFS= read -r d_key; do
      case $d_key in
      pidfile=?*) if ! [ -r "${d_key#*=}" ]; then d_why="permission denied"; fi ;;
      esac
    done <"$d_q"
  done
  set -f
}
op_openrc_list() {
  in_list
  openrc_levels
  if [ "$d_why" ]; then
    list_err "$d_why"
    return
  fi
  d_out=
  set +f
  for d_q in /etc/runlevels/*/* /run/openrc/started/*; do
    if [ -L "$d_q" ] || [ -f "$d_q" ]; then d_out="$d_out${d_q##*/}$d_nl"; fi
  done
  set -f
  while [ "$d_first" -le "$d_n" ]; do
    IFS=$d_nl
    for d_line in $d_out; do frame "$d_first more $d_line"; done
    IFS=$d_ifs
    frame "$d_first val"
    d_first=$((d_first + 1))
  done
}
`

// parseOpenRC reads the answer to op openrc, see openRCShell.
func parseOpenRC(answer string) (serviceState, error) {
	var levels []string
	has := map[string]bool{}
	for _, word := range strings.Fields(answer) {
		level, isLevel := strings.CutPrefix(word, "level=")
		switch {
		case isLevel:
			levels = append(levels, level)
		case strings.Contains(" script started starting stopping inactive failed crashed ", " "+word+" "):
			has[word] = true
		default:
			return serviceState{}, fmt.Errorf("openrc gave %s", quoted(answer))
		}
	}
	s := serviceState{
		enabled: claim{yes: len(levels) > 0, no: len(levels) == 0, text: "disabled"},
		running: claim{text: "stopped"},
		masked:  claim{no: true, text: "not masked"},
	}
	if s.enabled.yes {
		s.enabled.text = "enabled in " + strings.Join(levels, " and ")
	}
	for _, now := range []string{"failed", "started", "crashed", "inactive", "starting", "stopping"} {
		if has[now] {
			s.running.text = now
		}
	}
	s.running.yes = s.running.text == "started"
	s.running.no = s.running.text == "stopped" || s.running.text == "failed" || s.running.text == "crashed"
	s.absent = !has["script"] && s.enabled.no && s.running.no
	return s, nil
}
