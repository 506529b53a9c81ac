package checker

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestPortProblems(t *testing.T) {
	number := "port must be a number from 1 to 65535"
	address := "address must be an IP address without a zone, such as 127.0.0.1 or ::"
	decodeCases{
		{"the least", "{port: 22}", nil},
		{"all", "{port: 53, protocol: udp, listening: true, address: '::1', process: named}", nil},
		{"closed at an address", "{port: 53, listening: no, address: 0.0.0.0}", nil},
		{"no port", "{protocol: udp}", []string{"port is required"}},
		{"zero", "{port: 0}", []string{number}},
		{"large", "{port: 65536}", []string{number}},
		{"a name", "{port: ssh}", []string{number}},
		{"protocol", "{port: 1, protocol: sctp}", []string{`protocol must be tcp or udp, not "sctp"`}},
		{"a host", "{port: 1, address: localhost}", []string{address}},
		{"a zone", "{port: 1, address: 'fe80::1%eth0'}", []string{address}},
		{"closed by a process", "{port: 1, listening: false, process: x}", []string{"listening: false excludes process"}},
	}.run(t, portKind{})
}

func TestPortIdentities(t *testing.T) {
	for text, want := range map[string]string{
		"{port: 22}": "tcp/22", "{port: 022, protocol: tcp}": "tcp/22", "{port: 53, protocol: udp}": "udp/53", "{port: 22, address: 127.0.0.1}": "tcp/127.0.0.1:22",
		"{port: 22, address: '::'}": "tcp/[::]:22", "{port: 22, address: '::ffff:127.0.0.1'}": "tcp/127.0.0.1:22",
	} {
		item, problems := decode(t, portKind{}, text)
		require.Empty(t, problems)
		assert.Equal(t, want, item.Identity(), text)
	}
	seen := map[string]bool{}
	for _, text := range []string{"{port: 22}", "{port: 22, listening: false}", "{port: 22, process: x}", "{port: 22, address: '::'}", "{port: 22, protocol: udp}"} {
		item, _ := decode(t, portKind{}, text)
		assert.False(t, seen[item.Definition()], text)
		seen[item.Definition()] = true
	}
}

func TestTablesOfSockets(t *testing.T) {
	little, big := binary.ByteOrder(binary.LittleEndian), binary.ByteOrder(binary.BigEndian)
	at := func(address string, port uint16) []socket { return []socket{{netip.MustParseAddr(address), port, "7"}} }
	for _, c := range []struct {
		answer string
		order  binary.ByteOrder
		want   []socket
	}{
		{"0100007F:0016 7\nend", little, at("127.0.0.1", 22)},
		{"7F000001:0016 7\nend", big, at("127.0.0.1", 22)},
		{"00000000:1F90 7\nend", little, at("0.0.0.0", 8080)},
		{"00000000000000000000000001000000:FFFF 7\nend", little, at("::1", 65535)},
		{"00000000000000000000000000000001:FFFF 7\nend", big, at("::1", 65535)},
		{"B80D0120000000000000000067452301:0001 7\nend", little, at("2001:db8::123:4567", 1)},
		{"0000000000000000FFFF00000100007F:0001 7\nend", little, at("127.0.0.1", 1)},
		{"0100007F:0016 7\nend", nil, []socket{{netip.Addr{}, 22, "7"}}},
		{"absent", little, nil},
		{"end", little, nil},
	} {
		sockets, err := parseSockets(c.answer, c.order)
		require.NoError(t, err, c.answer)
		assert.Equal(t, c.want, sockets, c.answer)
	}
	for _, answer := range []string{"", "\nend", "0100007F:0016 7", "0100007F:0016 7\nen", "0100007F:16 7\nend", "0100007F 7\nend", "01007F:0016 7\nend", "0100007F:0016\nend", "x\nend", "0100007F:0016 7\n\nend", "end\nend"} {
		_, err := parseSockets(answer, little)
		require.Error(t, err, "%q", answer)
	}
	assert.Nil(t, orderOf("mips64"))
	assert.Equal(t, big, orderOf("s390x"))
	assert.Equal(t, little, orderOf("x86_64"))
}

// answersOf are the answers of a machine with these tables, on which the process web holds socket 1 and others 2.
func answersOf(four, six string) Answers {
	answers := Answers{}
	for q, text := range map[[2]string]string{
		{"port_table", "tcp"}: four, {"port_table", "tcp6"}: six, {"port_process", "1"}: "=web\n=init\n=web\nall", {"port_process", "2"}: "=cache\nall",
		{"port_process", "3"}: "=cache\nsome", {"port_process", "4"}: "all", {"port_process", "5"}: "some",
	} {
		answers[Question{Op: q[0], Arg: q[1]}] = Answer{Payload: text}
	}
	return answers
}

func TestPortComparisons(t *testing.T) {
	const any4, any6, local, nothing = "00000000:0050 %s\nend", "00000000000000000000000000000000:0050 %s\nend", "0100007F:0050 %s\nend", "end"
	for _, c := range []struct{ item, four, six, arch, want string }{
		{"{port: 80}", any4, nothing, "", ""},
		{"{port: 80}", nothing, any6, "", ""},
		{"{port: 80}", nothing, "absent", "", "missing_port: listening → not listening"},
		{"{port: 81}", any4, any6, "", "missing_port: listening → not listening"},
		{"{port: 80, address: 0.0.0.0}", any4, nothing, "", ""},
		{"{port: 80, address: 0.0.0.0}", nothing, any6, "", "wrong_address: 0.0.0.0 → ::"},
		{"{port: 80, address: 127.0.0.1}", any4, any6, "", "wrong_address: 127.0.0.1 → 0.0.0.0, ::"},
		{"{port: 80, address: 127.0.0.1}", local, any6, "", ""},
		{"{port: 80, address: 127.0.0.1}", local, nothing, "mips", "error: " + errByteOrder.Error()},
		{"{port: 80}", local, nothing, "mips", ""},
		{"{port: 80, listening: false}", nothing, "absent", "", ""},
		{"{port: 80, listening: false}", local, any6, "", "unexpected_port: not listening → listening on 127.0.0.1, ::"},
		{"{port: 80, listening: false}", local, nothing, "mips", "unexpected_port: not listening → listening on an address that cannot be told"},
		{"{port: 80, listening: false, address: 10.0.0.1}", local, nothing, "", ""},
		{"{port: 80, listening: false, address: 10.0.0.1}", any4, nothing, "", "unexpected_port: not listening → listening on 0.0.0.0"},
		{"{port: 80, listening: false, address: 10.0.0.1}", local, any6, "", "error: " + errDualStack.Error()},
		{"{port: 80, listening: false, address: '::1'}", any4, nothing, "", ""},
		{"{port: 80, listening: false, address: '::1'}", any4, any6, "", "unexpected_port: not listening → listening on 0.0.0.0, ::"},
		{"{port: 80, process: web}", "00000000:0050 1\nend", nothing, "", ""},
		{"{port: 80, process: web}", "00000000:0050 1\nend", "00000000000000000000000000000000:0050 2\nend", "", "wrong_process: web → cache"},
		{"{port: 80, process: web, address: 0.0.0.0}", "00000000:0050 1\nend", "00000000000000000000000000000000:0050 2\nend", "", ""},
		{"{port: 80, process: web}", "00000000:0050 3\nend", nothing, "", "error: permission denied"},
		{"{port: 80, process: cache}", "00000000:0050 3\nend", nothing, "", ""},
		{"{port: 80, process: web}", "00000000:0050 4\nend", nothing, "", "error: no process that can be seen holds the socket"},
		{"{port: 80, process: web}", "00000000:0050 5\nend", nothing, "", "error: permission denied"},
	} {
		item, problems := decode(t, portKind{}, c.item)
		require.Empty(t, problems)
		four, six := strings.ReplaceAll(c.four, "%s", "9"), strings.ReplaceAll(c.six, "%s", "9")
		mismatches, _, err := portKind{}.Compare(Facts{Facts: state.Facts{Arch: c.arch}}, item, answersOf(four, six))
		got := strings.Replace(strings.Join(brief(mismatches), "\n"), " :", ":", 1)
		if err != nil {
			got = "error: " + err.Error()
		}
		assert.Equal(t, c.want, got, "%s %q %q", c.item, four, six)
	}
}

// listen opens a socket and returns its port.
func listen(t testing.TB, network, address string) int {
	if strings.HasPrefix(network, "udp") {
		conn, err := net.ListenPacket(network, address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn.LocalAddr().(*net.UDPAddr).Port
	}
	listener, err := net.Listen(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().(*net.TCPAddr).Port
}

func TestPortsOfThisMachine(t *testing.T) {
	comm, err := os.ReadFile("/proc/self/comm")
	require.NoError(t, err)
	own := strings.TrimSpace(string(comm))
	tcp, udp := listen(t, "tcp4", "127.0.0.1:0"), listen(t, "udp4", "127.0.0.1:0")
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	free := closed.Addr().(*net.TCPAddr).Port
	require.NoError(t, closed.Close())
	items := "  ports:\n"
	for _, item := range []string{
		fmt.Sprintf("port: %d, address: 127.0.0.1, process: %s", tcp, own), fmt.Sprintf("port: %d, process: other", tcp), fmt.Sprintf("port: %d, address: 127.0.0.2", tcp),
		fmt.Sprintf("port: %d, protocol: udp, process: %s", udp, own), fmt.Sprintf("port: %d, protocol: udp, listening: false, address: 127.0.0.1", udp),
		fmt.Sprintf("port: %d", free), fmt.Sprintf("port: %d, listening: false, address: 127.0.0.1", free),
	} {
		items += "    - {" + item + "}\n"
	}
	want := []string{
		fmt.Sprintf("wrong_process tcp/%d: other → %s", tcp, own), fmt.Sprintf("wrong_address tcp/127.0.0.2:%d: 127.0.0.2 → 127.0.0.1", tcp),
		fmt.Sprintf("unexpected_port udp/127.0.0.1:%d: not listening → listening on 127.0.0.1", udp), fmt.Sprintf("missing_port tcp/%d: listening → not listening", free),
	}
	if _, err := os.Stat("/proc/net/tcp6"); err == nil {
		six := listen(t, "tcp6", "[::1]:0")
		items += fmt.Sprintf("    - {port: %d, address: '::1', process: %s}\n    - {port: %d, address: '::'}\n", six, own, six)
		want = append(want, fmt.Sprintf("wrong_address tcp/[::]:%d: :: → ::1", six))
	}
	f := onePack(t, items, nil)
	judged := func(t *testing.T, sh shell) {
		got, errs := brief(check(t, sh, f).Results[0].Mismatches), check(t, sh, f).Results[0].Errors
		if len(errs) == 1 && !allProcessesSeen(t) {
			assert.Equal(t, fmt.Sprintf("tcp/%d", tcp), errs[0].Item)
			assert.Equal(t, want[1:], got)
			return
		}
		assert.Empty(t, errs)
		assert.Equal(t, want, got)
	}
	eachShell(t, judged)
	for _, awk := range []string{"mawk", "busybox"} {
		t.Run(awk, func(t *testing.T) {
			tools := toolbox(t, "ls", "cat", "id", "uname", "stat")
			require.NoError(t, os.Symlink(need(t, awk), tools+"/awk"))
			judged(t, shell{argv: shells(t)[0].argv, path: tools})
		})
	}
}

// allProcessesSeen tells whether we may see what every process holds: in some containers not even root may.
func allProcessesSeen(t testing.TB) bool {
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	require.NoError(t, err)
	for _, link := range links {
		if _, err := os.Readlink(link); os.IsPermission(err) {
			return false
		}
	}
	return os.Getuid() == 0
}

func TestRootThatMayNotSeeAllProcesses(t *testing.T) {
	port := listen(t, "tcp4", "127.0.0.1:0")
	comm, err := os.ReadFile("/proc/self/comm")
	require.NoError(t, err)
	own := strings.TrimSpace(string(comm))
	const denied = "permission denied"
	for name, c := range map[string]struct{ says, want string }{
		"all are seen":         {"", ""},
		"one is gone":          {"ls: cannot access '/proc/7/fd': No such file or directory", ""},
		"a process":            {"ls: cannot open directory '/proc/1/fd': Permission denied", denied},
		"a file":               {"ls: cannot read symbolic link '/proc/1/fd/0': Permission denied", denied},
		"a process in BusyBox": {"ls: can't open '/proc/1/fd': Permission denied", denied},
		"a file in BusyBox":    {"ls: /proc/1/fd/99: cannot read link: Permission denied", denied},
	} {
		t.Run(name, func(t *testing.T) {
			tools := toolbox(t, "awk", "uname", "stat", "cat")
			fakeTool(t, tools, "id", "echo 'uid=0(root) gid=0(root) groups=0(root)'")
			fakeTool(t, tools, "ls", fmt.Sprintf("%s -ln /proc/%d/fd/ /proc/1/comm 2>/dev/null; echo %q >&2; exit 1", need(t, "ls"), os.Getpid(), c.says))
			eachShell(t, func(t *testing.T, sh shell) {
				sh.path, sh.asks = tools, true
				r := check(t, sh, onePack(t, fmt.Sprintf("  ports: [{port: %d, process: other}, {port: %d, address: 127.0.0.1, process: %s}]", port, port, own), nil)).Results[0]
				if c.want != "" {
					require.Len(t, r.Errors, 1)
					assert.Contains(t, r.Errors[0].Error, c.want)
					return
				}
				assert.Empty(t, r.Errors)
				assert.Equal(t, []string{fmt.Sprintf("wrong_process tcp/%d: other → %s", port, own)}, brief(r.Mismatches))
			})
		})
	}
}

func TestProcessesOfOthersAreNotKnown(t *testing.T) {
	if os.Getuid() != 0 {
		testenv.Missing(t, "root: it takes root to become another user")
	}
	need(t, "setpriv")
	port := listen(t, "tcp4", "127.0.0.1:0")
	f := onePack(t, fmt.Sprintf("  ports: [{port: %d, process: other}, {port: %d, address: 127.0.0.1}]", port, port), nil)
	eachShell(t, func(t *testing.T, sh shell) {
		if sh.path != "" {
			t.Skip("its tools are in a directory that only root may read")
		}
		sh.argv = unprivileged{sh}.argv()
		assert.Equal(t, []state.ItemError{{
			Kind: "port", Item: fmt.Sprintf("tcp/%d", port), Error: "permission denied (the check does not run as root there; become: true lets it)",
			Source: "packs/p.yaml:2",
		}}, check(t, sh, f).Results[0].Errors)
	})
}

func TestPortsWithoutTools(t *testing.T) {
	port := listen(t, "tcp4", "127.0.0.1:0")
	for tools, want := range map[string]string{"ls": "awk is missing", "awk": "ls is missing"} {
		sh := shell{argv: shells(t)[0].argv, path: toolbox(t, tools, "id", "uname", "stat", "cat")}
		out := check(t, sh, onePack(t, fmt.Sprintf("  ports: [{port: %d, process: x}]", port), nil))
		require.Len(t, out.Results[0].Errors, 1)
		assert.Equal(t, want, out.Results[0].Errors[0].Error)
	}
	tools := toolbox(t, "id", "uname", "stat", "ls")
	fakeTool(t, tools, "awk", "echo 0100007F:0016 7; exit 1")
	out := check(t, shell{argv: shells(t)[0].argv, path: tools}, onePack(t, "  ports: [{port: 22}]", nil))
	require.Len(t, out.Results[0].Errors, 1)
	assert.Equal(t, "/proc/net/tcp cannot be read", out.Results[0].Errors[0].Error)
}

func FuzzSockets(f *testing.F) {
	for _, seed := range []string{"0100007F:0016 7\nend", "00000000000000000000000001000000:FFFF 7\nend", "absent", "end", "", "\nend", "=web\nall", "some"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		if sockets, err := parseSockets(answer, binary.LittleEndian); err == nil {
			assert.Equal(t, answer == "absent" || answer == "end", len(sockets) == 0, "%q", answer)
			assert.NotEmpty(t, addressesOf(append(sockets, socket{})))
		}
		if names, _, err := parseHolders(answer); err == nil {
			assert.LessOrEqual(t, len(names), strings.Count(answer, "="))
		}
	})
}
