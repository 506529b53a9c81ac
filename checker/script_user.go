package checker

// scriptUser finds who we are on the machine, and the home and the shell of the user whose these are to be. The kernel and
// /etc/passwd tell that without a process; only where they do not, id and getent are asked.
const scriptUser = `
# passwd_entry takes home and shell from a line of passwd, if it is that of d_user.
passwd_entry() {
  case $1 in
  "$d_user":*:*) d_shell=${1##*:} && d_home=${1%:*} && d_home=${d_home##*:} ;;
  *) return 1 ;;
  esac
}

# passwd_first tells whether users are looked up in /etc/passwd before anywhere else.
passwd_first() {
  [ -r /etc/nsswitch.conf ] && [ -r /etc/passwd ] || return 1
  while IFS= read -r d_line; do
    case $d_line in
    passwd:*)
      set -- ${d_line#passwd:}
      [ "${1-}" = files ]
      return
      ;;
    esac
  done </etc/nsswitch.conf
  return 1
}

# passwd_local takes d_name, d_home and d_shell from the first lines of /etc/passwd: those of user $1 or, where that is
# empty, of the number d_uid. What is not written as usual is left to getent.
passwd_local() {
  d_count=0
  while [ "$d_count" -lt 100 ] && IFS=: read -r d_name d_q d_i d_key d_q d_home d_shell; do
    d_count=$((d_count + 1))
    if [ "${1:-$d_name}" != "$d_name" ] || [ "${1:-$d_i}" != "${1:-$d_uid}" ]; then continue; fi
    case $d_i:$d_key in
    :* | *: | *[!0-9:]*) return 1 ;;
    esac
    case $d_name:$d_home:$d_shell in
    [!A-Za-z_]* | *[!A-Za-z0-9_.-]*:*:* | *:*:*:*) return 1 ;;
    *:/*:/* | *:/*:) return 0 ;;
    esac
    return 1
  done </etc/passwd
  return 1
}

own_uid() {
  d_uid=
  if [ -r /proc/self/status ]; then
    while IFS= read -r d_line; do
      case $d_line in
      Uid:*) d_uid=${d_line#Uid:?} && d_uid=${d_uid%%[!0-9]*} && break ;;
      esac
    done </proc/self/status
  fi
}

drift_user() {
  own_uid
  d_local=
  if [ "$d_uid" ] && passwd_first && passwd_local ''; then
    d_me=$d_name d_local=1
  else
    d_id=$(id 2>/dev/null </dev/null)
    d_uid=${d_id#uid=}
    d_uid=${d_uid%%[!0-9]*}
    d_me=
    case $d_id in
    "uid=$d_uid("*) d_me=${d_id#*\(} && d_me=${d_me%%\)*} ;;
    esac
  fi
  if [ -z "$d_user" ]; then
    case $d_how in
    become) d_user=${SUDO_USER-} ;;
    *) d_user=$d_me ;;
    esac
  fi
  if [ "$d_local" ] && [ "$d_user" = "$d_me" ]; then return; fi
  d_home= d_shell=
  case $d_user in
  '' | -* | *:*) return ;;
  esac
  if [ "$d_local" ] && passwd_local "$d_user"; then return; fi
  d_home= d_shell=
  if has getent; then
    passwd_entry "$(getent passwd "$d_user" 2>/dev/null </dev/null)"
  elif [ -r /etc/passwd ]; then
    while IFS= read -r d_line || [ -n "$d_line" ]; do
      if passwd_entry "$d_line"; then break; fi
    done </etc/passwd
  fi
}
`
