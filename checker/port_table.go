package checker

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// socket is one that listens.
type socket struct {
	address netip.Addr // the zero one where the byte order is not known
	port    uint16
	inode   string
}

// orderOf is the byte order of a machine. Machines of mips say the same of either: nil.
func orderOf(arch string) binary.ByteOrder {
	big := []string{"s390", "s390x", "ppc", "ppc64", "sparc", "sparc64", "m68k", "parisc", "parisc64", "armeb", "aarch64_be"}
	switch {
	case strings.HasPrefix(arch, "mips"):
		return nil
	case slices.Contains(big, arch):
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// parseSockets reads an answer to port_table: "absent", or a line "ADDRESS:PORT INODE" for each socket that listens and
// then "end", in the form of /proc/net/tcp. Addresses there are words of 32 bits, printed as the machine holds them;
// ports are plain numbers.
func parseSockets(answer string, order binary.ByteOrder) ([]socket, error) {
	if answer == "absent" {
		return nil, nil
	}
	lines, ended := strings.CutSuffix("\n"+answer, "\nend")
	if !ended {
		return nil, errMalformed
	}
	var sockets []socket
	for line := range strings.SplitSeq(strings.TrimPrefix(lines, "\n"), "\n") {
		if line == "" && lines == "" {
			return nil, nil
		}
		s, err := parseSocket(line, order)
		if err != nil {
			return nil, err
		}
		sockets = append(sockets, s)
	}
	return sockets, nil
}

func parseSocket(line string, order binary.ByteOrder) (socket, error) {
	local, inode, _ := strings.Cut(line, " ")
	digits, port, _ := strings.Cut(local, ":")
	words, err := hex.DecodeString(digits)
	number, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(port) != 4 || len(words) != 4 && len(words) != 16 || !isDigits(inode) {
		return socket{}, fmt.Errorf("a line is %s", quoted(line))
	}
	s := socket{port: uint16(number), inode: inode}
	if order == nil {
		return s, nil
	}
	for i := 0; i < len(words); i += 4 {
		order.PutUint32(words[i:], binary.BigEndian.Uint32(words[i:]))
	}
	address, _ := netip.AddrFromSlice(words)
	s.address = address.Unmap()
	return s, nil
}

// addressesOf lists where sockets listen, each address once.
func addressesOf(sockets []socket) string {
	var out []string
	for _, s := range sockets {
		text := "an address that cannot be told"
		if s.address.IsValid() {
			text = s.address.String()
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// portShell answers to port_table with the lines of a table that stand for sockets that listen: for tcp those in state
// LISTEN, for udp those without a peer. A table is only believed to be missing where that of IPv4 is there.
//
// To port_process, asked with a socket's inode, it answers with the names of the processes that hold it, and whether all
// processes could be seen. One ls lists the files of all processes, for all questions.
const portShell = `
op_port_table() {
  while next; do
    d_path=/proc/net/$d_q
    case $d_q in
    tcp | tcp6) d_mark=0A ;;
    udp | udp6) d_mark=07 ;;
    *)
      frame "$d_n err is no table of sockets"
      continue
      ;;
    esac
    if ! [ -r "${d_path%6}" ]; then
      frame "$d_n err ${d_path%6} is not there"
    elif ! [ -e "$d_path" ]; then
      frame "$d_n val absent"
    elif ! has awk; then
      frame "$d_n err awk is missing"
    else
      port_table
    fi
  done
}
port_table() {
  d_out=$(awk -v "mark=$d_mark" '
    NR == 1 && $2 != "local_address" { exit }
    NR == 1 { header = 1 }
    NR > 1 && ($4 "") == mark { print $2 " " $10 }
    END { if (header) print "end" }' "$d_path" 2>/dev/null </dev/null)
  if [ "${d_out##*"$d_nl"}" != end ]; then
    frame "$d_n err $d_path cannot be read"
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    case $d_line in
    end) frame "$d_n val end" ;;
    *) frame "$d_n more $d_line" ;;
    esac
  done
  IFS=$d_ifs
}
op_port_process() {
  in_list
  for d_q in ls awk; do
    if ! has "$d_q"; then
      list_err "$d_q is missing"
      return
    fi
  done
  set +f
  set -- /proc/[0-9]*/fd
  set -f
  d_out=$({
    put "$d_list"
    ls -ln /proc/self/fd/ "$@" 2>&1 </dev/null
  } | awk '
    !listing && $0 == "" { listing = 1; next }
    !listing { i = index($0, "="); number[substr($0, i + 1)] = substr($0, 1, i - 1); next }
    /^\/proc\/[^\/]+\/fd\/?:$/ { split($0, part, "/"); pid = part[3]; next }
    /: Permission denied$/ { denied = 1; next }
    pid == "self" || !(i = index($0, " -> ")) { next }
    {
      target = substr($0, i + 4)
      if (substr(target, 1, 8) != "socket:[") next
      inode = substr(target, 9, length(target) - 9)
      if (inode in number && !((inode, pid) in seen)) { seen[inode, pid] = 1; print number[inode] " " pid }
    }
    END { print (denied ? "some" : "all"); print "end" }' 2>/dev/null)
  if [ "${d_out##*"$d_nl"}" != end ]; then
    list_err "the processes cannot be listed"
    return
  fi
  IFS=$d_nl
  d_mark=
  for d_line in $d_out; do
    case $d_line in
    end) break ;;
    all | some) d_mark=$d_line && continue ;;
    esac
    d_key=
    { IFS= read -r d_key </proc/"${d_line#* }"/comm; } 2>/dev/null || continue
    frame "${d_line%% *} more =$d_key"
  done
  IFS=$d_ifs
  d_line=some
  if [ "$d_uid" = 0 ]; then d_line=${d_mark:-some}; fi
  while [ "$d_first" -le "$d_n" ]; do
    frame "$d_first val $d_line"
    d_first=$((d_first + 1))
  done
}
`
