package checker

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// envVarKind checks what a non-interactive login shell of the config user exports.
type envVarKind struct{}

func (envVarKind) Name() string              { return "env_var" }
func (envVarKind) Section() (string, string) { return "settings", "env_var" }
func (envVarKind) Fields() any               { return settingFields{} }

// Shell answers with "=" and the value in hex, or with "unset". The login shell gets constant commands on its standard
// input that every kind of shell understands, and says its environment twice between marks: output that some profile
// left running in the background prints in between makes the two differ, and never a value. All is said by env, whose
// path we looked up ourselves: a profile may have aliases and functions that go by the names of programs, env for one.
// The backslash is against aliases too. awk lets through only the variables that were asked for; no other leaves the
// machine.
func (envVarKind) Shell() string {
	return `
op_env_var() {
  in_list
  for d_q in env od awk; do
    if ! has "$d_q"; then
      list_err "$d_q is missing"
      return
    fi
  done
  env_how
  if [ "$d_why" ]; then
    list_err "$d_why"
    return
  fi
  env_path
  if [ -z "$d_path" ]; then
    list_err "env is not in a directory of PATH whose name any shell could be told"
    return
  fi
  d_cmds="\\$d_path -0"
  d_mark="\\$d_path -i x= 'drift_exporter"
  d_cmds="$d_mark 1=' $d_path -0 && $d_cmds && $d_mark 2=' $d_path -0 && $d_cmds && $d_mark 3=' $d_path -0; exit"
  d_out=$({
    put "$d_list"
    put "$d_cmds" | env_login 2>/dev/null | od -An -v -tx1
  } | awk '
    BEGIN { for (i = 32; i < 127; i++) char[sprintf("%02x", i)] = sprintf("%c", i) }
    !listing && $0 == "" { listing = 1; next }
    !listing { i = index($0, "="); number[substr($0, i + 1)] = substr($0, 1, i - 1); next }
    function byte(c) {
      if (c == "00") { ended(); name = value = ""; inside = skip = 0 }
      else if (skip) return
      else if (inside) value = value c
      else if (c != "3d") { name = name (c in char ? char[c] : "\001"); skip = length(name) > 4096 }
      else if ((part == 1 || part == 2) && name in number) inside = 1
      else { skip = 1; marked() }
    }
    function ended() { if (inside) values[part, name] = "=" value }
    function marked() {
      if (name == "drift_exporter 1") { part = 1; split("", values) }
      else if (name == "drift_exporter 2" && part == 1) part = 2
      else if (name == "drift_exporter 3" && part == 2) part = 3
    }
    { for (f = 1; f <= NF; f++) byte($f) }
    END {
      if (part != 3) exit
      for (name in number) {
        if (values[1, name] != values[2, name]) print number[name] " !"
        else print number[name] " " values[1, name]
      }
      print "end"
    }' 2>/dev/null)
  if [ "${d_out##*"$d_nl"}" != end ]; then
    list_err "the login shell of $d_user ($d_shell) did not say what it exports"
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    d_i=${d_line%% *}
    case ${d_line#* } in
    end) break ;;
    '') frame "$d_i val unset" ;;
    !) frame "$d_i err changed while it was observed" ;;
    *) frame "$d_i val ${d_line#* }" ;;
    esac
  done
  IFS=$d_ifs
}
# env_path says in d_path where env is. What the shell itself has by that name does not count.
env_path() {
  IFS=:
  for d_dir in $PATH; do
    d_path=$d_dir/env
    case $d_path in
    [!/]* | *[!A-Za-z0-9_./-]*) continue ;;
    esac
    if [ -f "$d_path" ] && [ -x "$d_path" ]; then
      IFS=$d_ifs
      return
    fi
  done
  IFS=$d_ifs d_path=
}
# env_how says in d_su whether su starts the login shell: where we are root it does, since it makes the environment
# of a login. Else we can make one for ourselves only. d_why is why it cannot be done.
env_how() {
  d_why= d_su=
  if [ -z "$d_user" ]; then
    d_why="the machine does not say whose login shell is meant"
  elif [ -z "$d_home" ]; then
    d_why="the machine knows no user $d_user"
  elif [ "$d_uid" = 0 ] && has su; then
    d_su=1
  elif [ "$d_uid" = 0 ] && [ "$d_user" != "$d_me" ]; then
    d_why="su is missing"
  elif [ "$d_user" != "$d_me" ]; then
    d_why="only root can ask the login shell of another user"
  fi
  d_shell=${d_shell:-/bin/sh} d_files=
  if [ -z "$d_why" ] && [ "${d_installed-}" ] && ! env_shell; then
    d_why="the login shell of $d_user ($d_shell) is not one of /etc/shells: the installed helper does not start it"
  fi
  if [ "$d_su$d_why" ] || ! [ -d /etc/pam.d ]; then return; fi
  for d_q in /etc/environment /etc/default/locale; do
    [ -e "$d_q" ] || continue
    d_files="$d_files $d_q"
    if ! [ -r "$d_q" ]; then d_why="$d_q cannot be read"; fi
  done
}
# env_shell tells whether /etc/shells has the login shell. An account may have any program for one, shutdown for
# instance, and whoever asks an installed script says whose is started.
env_shell() {
  if ! [ -e /etc/shells ]; then
    [ "$d_shell" = /bin/sh ]
    return
  fi
  while IFS= read -r d_line || [ "$d_line" ]; do
    if [ "$d_line" = "$d_shell" ]; then return 0; fi
  done </etc/shells
  return 1
}
# env_login starts it without anything of this session's environment: what started the session, a shell that reads
# ~/.bashrc for every command of sshd for instance, has put more into that than a login has.
env_login() {
  if [ "$d_su" ]; then
    env -i PATH="$PATH" su -l "$d_user"
    return
  fi
  cd "$d_home" 2>/dev/null
  d_out=/usr/local/bin:/usr/bin:/bin
  if [ "$d_uid" = 0 ]; then d_out=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; fi
  set -- HOME="$d_home" USER="$d_user" LOGNAME="$d_user" SHELL="$d_shell" PATH="$d_out"
  for d_q in $d_files; do
    while pam_line; do
      if pam_variable; then set -- "$@" "$d_line"; fi
    done <"$d_q"
  done
  env -i "$@" "$d_shell" -l
}
# pam_line reads a line into d_line; one that ends with a backslash goes on in the next.
pam_line() {
  IFS= read -r d_line || [ -n "$d_line" ] || return 1
  while :; do
    case $d_line in
    *\\) d_line=${d_line%?} && d_out=$d_line ;;
    *) return 0 ;;
    esac
    IFS= read -r d_line || [ -n "$d_line" ] || { d_line=$d_out && return 0; }
    d_line=$d_out$d_line
  done
}
# pam_variable makes of a line the NAME=value that pam_env reads in it: not what a shell would. False if it is none.
pam_variable() {
  d_line=${d_line#"${d_line%%[! 	]*}"}
  d_line=${d_line%%"#"*}
  d_line=${d_line#"export "}
  d_key=${d_line%%=*}
  case $d_key in
  "$d_line" | '' | [0-9]* | *[!A-Za-z0-9_]*) return 1 ;;
  esac
  d_line=${d_line#*=}
  case $d_line in
  [\"\']*)
    d_line=${d_line#?}
    case $d_line in
    *[\"\']) d_line=${d_line%?} ;;
    esac
    ;;
  esac
  d_line=$d_key=$d_line
}
`
}

type envVarItem struct{ *setting }

var envVarName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (envVarKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in settingFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	item := envVarItem{d.setting(in)}
	if item.key != "" && !envVarName.MatchString(item.key) {
		d.problem(in.Key.Line, "key must be the name of an environment variable: letters, digits and _, not a digit first")
	}
	if strings.Contains(item.expected, "\x00") {
		d.problem(in.Expected.Line, "expected must not contain a NUL: no environment variable can")
	}
	return item, d.problems
}

func (envVarKind) Ops(pack.Item) []string {
	return []string{"env_var"}
}

func (envVarKind) Ask(_ Facts, item pack.Item) ([]Question, error) {
	return []Question{{Op: "env_var", Arg: item.(envVarItem).key}}, nil
}

func (envVarKind) Compare(_ Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	v := item.(envVarItem)
	answer, err := answers.to("env_var", v.key)
	if err != nil {
		return nil, nil, err
	}
	actual, set, err := envValue(answer)
	switch {
	case err != nil:
		return nil, nil, err
	case !set:
		return wrongSetting(v.expected, "(unset)"), nil, nil
	case actual != v.expected:
		return wrongSetting(v.expected, actual), nil, nil
	}
	return nil, nil, nil
}

// envValue is the value in an answer, if the variable is set.
func envValue(answer string) (value string, set bool, err error) {
	if answer == "unset" {
		return "", false, nil
	}
	digits, isValue := strings.CutPrefix(answer, "=")
	bytes, err := hex.DecodeString(digits)
	if err != nil || !isValue {
		return "", false, fmt.Errorf("env gave %s", quoted(answer))
	}
	return string(bytes), true, nil
}
