package checker

// Shell answers an op package_MANAGER with a line "WANTED FLAGS STATUS<tab>ARCHITECTURE<tab>VERSION" for each package of
// that name, "NAME" or "NAME:ARCHITECTURE", that the manager knows, and an empty one. Op packages, asked of a manager,
// answers with all that it knows, "<tab>NAME" behind each.
//
// Tools take names for patterns, capabilities or globs. So everything is listed, once, and awk picks those whose name
// is literally one that was asked for. The names reach awk as data. A list that is empty is not believed: a manager that
// knows no package has lost its database. dpkg-query alone is asked by name, as it costs nothing and it tells a package that
// is not there (1) from all other failures (2); which of its lines are of the literal name is told on our side.
func (packageKind) Shell() string { return packageShell + packageDatabases + packageListers }

const packageShell = `
op_package_dpkg() {
  d_manager=dpkg
  package_ready
  in_batches package_named 1000
}
package_named() {
  if [ "$d_why" ]; then
    all_err "$d_why"
  else
    together "$d_nums" package_lines "$@" || all_err "$d_fail"
  fi
}
package_lines() { packages_dpkg "$@" || [ $? = 1 ]; }
op_package_rpm() { package_batch rpm; }
op_package_apk() { package_batch apk; }
op_package_pacman() { package_batch pacman; }
op_package_opkg() { package_batch opkg; }
package_batch() {
  d_manager=$1
  in_list
  package_ready
  if [ "$d_why" ]; then
    list_err "$d_why"
    return
  fi
  d_out=$({
    put "$d_list"
    "packages_$d_manager" 2>/dev/null && put end
  } | awk -F '\t' -v manager="$d_manager" '
    !listing && $0 == "" { listing = 1; next }
    !listing { i = index($0, "="); number[substr($0, i + 1)] = substr($0, 1, i - 1); next }
    $0 == "end" { whole = 1; next }
    function found(name) { if (name in number) print number[name] " " $1 "\t" $2 "\t" $3 }
    NF != 4 { bad = 1; next }
    { any = 1; found($4); found($4 ":" $2) }
    manager == "rpm" { found($4 "." $2) }
    END { if (whole && !bad) print (any ? "end" : "none") }' 2>/dev/null)
  if ! package_whole; then
    list_err "$d_why"
    return
  fi
  list_answers
}
op_packages() {
  while next; do
    d_manager=$d_q
    package_ready
    if [ "$d_why" ]; then
      frame "$d_n err $d_why"
      continue
    fi
    d_out=$("packages_$d_manager" 2>/dev/null && put end)
    if [ "$d_out" = end ]; then d_out=none; fi
    if ! package_whole; then
      frame "$d_n err $d_why"
      continue
    fi
    IFS=$d_nl
    for d_line in $d_out; do
      if [ "$d_line" != end ]; then frame "$d_n more $d_line"; fi
    done
    IFS=$d_ifs
    frame "$d_n val"
  done
}
# package_whole tells whether the list in d_out is whole; d_why is why not.
package_whole() {
  case ${d_out##*"$d_nl"} in
  end) return 0 ;;
  none) d_why="$d_manager knows no package: $d_db seems to be lost" ;;
  *) d_why=$d_fail ;;
  esac
  return 1
}
`

// packageDatabases find out where the packages are.
const packageDatabases = `
# package_ready finds the database d_db of d_manager. d_why is why it cannot be observed, d_fail what to say if a list
# of it is not whole.
package_ready() {
  d_why= d_db= d_fail=
  case $d_manager in
  dpkg)
    d_db="its database" d_fail="dpkg-query failed"
    package_tools dpkg-query
    ;;
  rpm) package_tools rpm awk && package_rpmdb ;;
  apk) package_tools awk && package_file /lib/apk/db/installed /usr/lib/apk/db/installed ;;
  opkg) package_tools awk && package_file /usr/lib/opkg/status /var/lib/opkg/status ;;
  pacman) package_tools awk && package_local ;;
  *) d_why="is no package manager" ;;
  esac
}
package_tools() {
  for d_i in "$@"; do
    if ! has "$d_i"; then
      d_why="$d_i is missing"
      return 1
    fi
  done
}
# package_file is for managers whose database is a file. It has moved from one directory to another, and where they
# are two, nobody can tell which one counts.
package_file() {
  d_db=$1
  if ! [ -e "$1" ]; then
    d_db=$2
  elif [ -e "$2" ] && [ "$(cd "${1%/*}" && pwd -P)" != "$(cd "${2%/*}" && pwd -P)" ]; then
    d_why="$d_manager has two databases, $1 and $2"
    return
  fi
  d_fail="$d_db makes no sense"
  if ! [ -e "$d_db" ]; then
    d_why="$d_manager has no database on this machine, neither $1 nor $2"
  elif ! [ -r "$d_db" ]; then
    d_why="$d_db cannot be read"
  fi
}
# package_rpmdb looks for the database itself: where there is none, rpm would make one.
package_rpmdb() {
  d_db=$(rpm -E '%{_dbpath}' 2>/dev/null </dev/null) d_fail="rpm failed"
  for d_i in rpmdb.sqlite Packages.db Packages; do
    if [ -e "$d_db/$d_i" ]; then
      [ -r "$d_db/$d_i" ] || d_why="$d_db/$d_i cannot be read"
      return
    fi
  done
  d_why="rpm has no database in $d_db"
}
package_local() {
  d_db=/var/lib/pacman
  if has pacman-conf; then
    d_db=$(pacman-conf DBPath 2>/dev/null </dev/null) || d_why="pacman-conf failed"
  fi
  d_db=${d_db%/}/local d_fail="$d_db makes no sense"
  if [ "$d_why" ]; then
    return
  elif ! [ -d "$d_db" ]; then
    d_why="pacman has no database in $d_db"
  elif ! [ -r "$d_db" ] || ! [ -x "$d_db" ]; then
    d_why="$d_db cannot be read"
  fi
}
`

// packageListers list the packages of d_db: "WANTED FLAGS STATUS<tab>ARCHITECTURE<tab>VERSION<tab>NAME" each. They fail
// if a list is not whole.
const packageListers = `
packages_dpkg() { dpkg-query -W -f='${Status}\t${Architecture}\t${Version}\t${Package}\n' -- "$@" </dev/null; }
# rpm leaves out what it cannot read of its database, says so, and goes on as if nothing was wrong.
packages_rpm() {
  {
    d_why=$(rpm -qa --qf 'install ok installed\t%{ARCH}\t%{EPOCH}:%{VERSION}-%{RELEASE}\t%{NAME}\n' 2>&1 >&3 </dev/null) &&
      case $d_nl$d_why in
      *"${d_nl}error: "*) ;;
      *) put whole ;;
      esac
  } 3>&1 | awk '
    $0 == "whole" { whole = 1; next }
    { sub(/\t\(none\):/, "\t"); print }
    END { exit !whole }'
}
packages_apk() {
  awk '
    function ended() {
      if (name != "" || version != "") {
        print "install " (broken ? "broken" : "ok") " installed\t" arch "\t" version "\t" name
        if (name == "" || version == "") bad = 1
      }
      name = version = arch = broken = ""
    }
    $0 == "" { ended() }
    { key = substr($0, 1, 2); value = substr($0, 3) }
    key == "P:" { name = value }
    key == "V:" { version = value }
    key == "A:" { arch = value }
    key == "f:" && value ~ /[fsx]/ { broken = 1 }
    END { ended(); exit bad }' <"$d_db"
}
packages_opkg() {
  awk '
    function ended() {
      if (name != "") print status "\t" arch "\t" version "\t" name
      else if (status != "" || version != "") bad = 1
      name = version = arch = status = ""
    }
    /^[ \t\r]*$/ { ended() }
    { value = substr($0, index($0, ":") + 1); gsub(/^[ \t]+|[ \t\r]+$/, "", value) }
    /^Package:/ { name = value }
    /^Version:/ { version = value }
    /^Architecture:/ { arch = value }
    /^Status:/ { status = value }
    END { ended(); exit bad }' <"$d_db"
}
packages_pacman() {
  set +f
  set -- "$d_db"/*/
  set -f
  for d_line in "$@"; do put "$d_line"; done | awk '
    {
      file = $0 "desc"
      name = version = arch = key = ""
      while ((r = (getline line < file)) > 0) {
        if (line == "") { key = ""; continue }
        if (key == "") { key = line; continue }
        if (key == "%NAME%") name = line
        if (key == "%VERSION%") version = line
        if (key == "%ARCH%") arch = line
      }
      close(file)
      if (r < 0 || name == "" || version == "") bad = 1
      print "install ok installed\t" arch "\t" version "\t" name
    }
    END { exit bad }'
}
`
