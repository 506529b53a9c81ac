package checker

// sourcesShell tells whether it proves anything that a machine does not know a user or group. getent says the same of
// a name that nobody has and of a directory service that cannot be reached, or whose module is missing: absence is
// believed only where every source that nsswitch.conf(5) names is the machine's own. Without that file, or a line in
// it, that is so.
//
// What stands in brackets is left out, even where it ends the lookup. Of compat it counts whether a line of the file
// hands over to another source. SSSD is named on many machines that do not use it: it counts where it is configured or
// has run.
const sourcesShell = `
# sources sets d_unproven to why absence from the database d_db is not proven; it is empty where it is.
sources() {
  d_unproven= d_sources=
  if ! [ -x /etc ] || there /etc/nsswitch.conf && ! { [ -f /etc/nsswitch.conf ] && [ -r /etc/nsswitch.conf ]; }; then
    d_unproven="/etc/nsswitch.conf cannot be read: absence is not proven"
    return
  fi
  if [ -f /etc/nsswitch.conf ]; then
    while IFS=$d_ifs read -r d_line || [ "$d_line" ]; do sources_of_line; done </etc/nsswitch.conf
  fi
  case $d_sources$d_db in
  passwd | group) ;;
  *passwd) d_unproven="the machine asks$d_sources for users, which may be unreachable: absence is not proven" ;;
  *) d_unproven="the machine asks$d_sources for groups, which may be unreachable: absence is not proven" ;;
  esac
}
there() { [ -e "$1" ] || [ -L "$1" ]; }
sources_of_line() {
  d_line=${d_line%%\#*}
  case $d_line in
  "$d_db:"* | "$d_db "* | "$d_db	"*) d_line=${d_line#"$d_db"?} ;;
  *) return ;;
  esac
  while :; do
    case $d_line in
    *\[*)
      d_q=${d_line#*\[}
      d_line=${d_line%%\[*}' '${d_q#*\]}
      ;;
    *) break ;;
    esac
  done
  for d_q in $d_line; do
    case $d_q in
    files | db | systemd | altfiles | usrfiles | extrausers | cache | mymachines | myhostname) ;;
    compat) ! compat_elsewhere || d_sources="$d_sources $d_q" ;;
    sss) sss_unused || d_sources="$d_sources $d_q" ;;
    *) d_sources="$d_sources $d_q" ;;
    esac
  done
}
compat_elsewhere() {
  [ -r "/etc/$d_db" ] || return 0
  while IFS= read -r d_line || [ "$d_line" ]; do
    case $d_line in
    +*) return 0 ;;
    esac
  done <"/etc/$d_db"
  return 1
}
sss_unused() {
  if there /var/lib/sss/pipes/nss; then return 1; fi
  if ! there /etc/sssd; then return 0; fi
  if ! [ -x /etc/sssd ] || there /etc/sssd/sssd.conf; then return 1; fi
  if ! there /etc/sssd/conf.d; then return 0; fi
  [ -r /etc/sssd/conf.d ] && [ -x /etc/sssd/conf.d ] || return 1
  set +f
  set -- /etc/sssd/conf.d/*
  set -f
  ! there "$1"
}
`
