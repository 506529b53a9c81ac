package checker

import (
	"fmt"
	"slices"
	"strings"
)

// systemdShell asks for all units of a batch at once. The answer to systemd is the properties of a unit, with tabs
// between; to systemd_list it is a line for each service that is enabled or active.
//
// systemctl prints the units in the order in which they are named, each from its Id on. Where it does not print as
// many as were asked for, each is asked for alone, unless it is systemd itself that cannot be asked.
const systemdShell = `
op_systemd() { in_batches systemd_batch; }
systemd_batch() {
  if ! has systemctl; then
    all_err "systemctl is missing"
    return
  fi
  d_out=$(systemctl show --no-pager --property=Id,Names,LoadState,ActiveState,SubState,UnitFileState -- "$@" 2>/dev/null </dev/null && put end)
  d_count=0 IFS=$d_nl
  for d_line in $d_out; do
    case $d_line in
    Id=*) d_count=$((d_count + 1)) ;;
    end) [ "$d_count" -ne $# ] || d_count=whole ;;
    esac
  done
  IFS=$d_ifs
  case $d_count$d_out in
  wholeId=*) systemd_units ;;
  *)
    systemd_why
    if [ "$d_why" ]; then
      all_err "$d_why"
    elif [ $# -eq 1 ]; then
      all_err "systemctl show failed"
    else
      one_by_one systemd_batch "$@"
    fi
    ;;
  esac
}
systemd_units() {
  d_i= IFS=$d_nl
  for d_line in $d_out; do
    case $d_line in
    Id=* | end)
      [ -z "$d_i" ] || frame "$d_i val $d_key"
      if [ "$d_line" = end ]; then break; fi
      pop
      d_key=$d_line
      ;;
    *) d_key="$d_key	$d_line" ;;
    esac
  done
  IFS=$d_ifs
}
# systemd_why tells why nothing can be asked of systemd; it is empty where something can.
systemd_why() {
  d_why=
  if d_line=$(systemctl show --no-pager --property=Version 2>&1 >/dev/null </dev/null); then return; fi
  case $d_line in
  *"ermission denied"* | *"ccess denied"*) d_why="permission denied" ;;
  *"Failed to connect to "*) d_why="systemctl cannot reach systemd" ;;
  *) d_why="systemctl failed" ;;
  esac
}
op_systemd_list() {
  in_list
  if ! has systemctl; then
    list_err "systemctl is missing"
    return
  fi
  d_out=$(systemctl list-unit-files --no-pager --no-legend --full --type=service --state=enabled 2>/dev/null </dev/null &&
    systemctl list-units --no-pager --no-legend --full --plain --type=service --state=active 2>/dev/null </dev/null && put end)
  if [ "${d_out##*"$d_nl"}" != end ]; then
    systemd_why
    list_err "${d_why:-systemctl failed}"
    return
  fi
  while [ "$d_first" -le "$d_n" ]; do
    IFS=$d_nl
    for d_line in $d_out; do
      case $d_line in
      end) frame "$d_first val" ;;
      *) frame "$d_first more ${d_line%% *}" ;;
      esac
    done
    IFS=$d_ifs
    d_first=$((d_first + 1))
  done
}
`

// parseUnit reads the answer to op systemd, see systemdShell. The names of states are those of org.freedesktop.systemd1(5).
func parseUnit(unit, answer string) (serviceState, error) {
	properties := map[string]string{}
	for _, field := range strings.Split(answer, "\t") {
		name, value, found := strings.Cut(field, "=")
		if _, twice := properties[name]; !found || twice {
			return serviceState{}, fmt.Errorf("systemctl gave %s", quoted(answer))
		}
		properties[name] = value
	}
	names := append(strings.Fields(properties["Names"]), properties["Id"])
	load, active, file := properties["LoadState"], properties["ActiveState"], properties["UnitFileState"]
	switch {
	case !slices.Contains(names, unit) || load == "" || active == "":
		return serviceState{}, fmt.Errorf("systemctl gave %s", quoted(answer))
	case load == "error" || file == "bad":
		return serviceState{}, fmt.Errorf("systemd cannot load it (%s)", printable(strings.TrimSpace(load+" "+file), maxText))
	case file == "" && load == "masked":
		file = "masked"
	}
	s := serviceState{
		absent:  load == "not-found" && (active == "inactive" || active == "failed"),
		passing: file == "transient",
		enabled: claim{text: file},
		running: claim{text: active},
		masked:  claim{yes: file == "masked", no: load != "masked" && !strings.HasPrefix(file, "masked"), text: "not masked"},
	}
	if !s.masked.no {
		s.masked.text = file
	}
	if file == "" {
		s.enabled.text = "without a unit file"
	}
	if sub := properties["SubState"]; sub != "" {
		s.running.text += " (" + sub + ")"
	}
	s.enabled.yes = file == "enabled"
	s.enabled.no = slices.Contains([]string{"disabled", "masked", "masked-runtime", "linked", "linked-runtime"}, file)
	s.running.yes = slices.Contains([]string{"active", "reloading", "refreshing"}, active)
	s.running.no = active == "inactive" || active == "failed"
	return s, nil
}
