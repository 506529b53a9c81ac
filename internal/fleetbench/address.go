package fleetbench

import (
	"fmt"
	"net/netip"
	"strings"
)

// MaxMachines is how many machines have an address.
const MaxMachines = 1 << 20

// Address is that of machine n, from 0 on: one in 127.0.0.0/8, which a server that listens on all addresses answers on.
func Address(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, byte(1 + n>>16), byte(n >> 8), byte(n)})
}

// Name is what machine n is called.
func Name(n int) string { return fmt.Sprintf("m%05d", n) }

// Hosts lists the addresses of the first n machines, a line each.
func Hosts(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, Address(i))
	}
	return b.String()
}

// KnownHosts is a known_hosts file with a line for each of the first n machines, as a fleet with as many keys has.
func KnownHosts(n, port int, hostKey string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[%s]:%d %s\n", Address(i), port, strings.TrimSpace(hostKey))
	}
	return b.String()
}
