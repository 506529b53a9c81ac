package checker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestSysctlProblems(t *testing.T) {
	name := "key must be the name of a kernel parameter, such as net.ipv4.ip_forward"
	decodeCases{
		{"dots", "{key: net.ipv4.ip_forward, expected: 0, type: sysctl}", nil},
		{"slashes", "{key: net/ipv4/conf/eth0.100/rp_filter, expected: 0, type: sysctl}", nil},
		{"any bytes", `{key: "$(touch x)'\"\\|\t*", expected: 0, type: sysctl}`, nil},
		{"upwards", "{key: ../../etc/passwd, expected: 0, type: sysctl}", []string{name}},
		{"upwards inside", "{key: net/../../etc/passwd, expected: 0, type: sysctl}", []string{name}},
		{"upwards by dots", "{key: net.//.//.etc.passwd, expected: 0, type: sysctl}", []string{name}},
		{"absolute", "{key: /proc/sys/kernel/ostype, expected: 0, type: sysctl}", []string{name}},
		{"empty part", "{key: net..ipv4, expected: 0, type: sysctl}", []string{name}},
		{"newline", `{key: "a\nb", expected: 0, type: sysctl}`, []string{"key must not contain a newline or a NUL"}},
		{"no value", "{key: a, type: sysctl}", []string{"expected is required"}},
	}.run(t, sysctlKind{})
}

func TestSysctlKeyIsAFileOfProcSys(t *testing.T) {
	for key, want := range map[string]string{
		"kernel":                          "kernel",
		"kernel.ostype":                   "kernel/ostype",
		"kernel/ostype":                   "kernel/ostype",
		"net.ipv4.conf.eth0/100.rp":       "net/ipv4/conf/eth0.100/rp",
		"net/ipv4/conf/eth0.100/rp":       "net/ipv4/conf/eth0.100/rp",
		"net/ipv4/neigh/default.x/gc.y/z": "net/ipv4/neigh/default.x/gc.y/z",
	} {
		assert.Equal(t, want, procPath(key), key)
	}
}

func TestSysctlMismatches(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("/proc/sys", name))
		require.NoError(t, err)
		return strings.Join(strings.Fields(string(text)), " ")
	}
	cases := []struct{ item, want string }{
		{"{key: kernel.ostype, expected: Linux, type: sysctl}", ""},
		{"{key: kernel/ostype, expected: Plan9, type: sysctl}", "wrong_setting kernel/ostype: Plan9 → Linux"},
		{"{key: kernel.pid_max, expected: " + read("kernel/pid_max") + ", type: sysctl}", ""},
		{"{key: kernel.printk, expected: \"  " + strings.ReplaceAll(read("kernel/printk"), " ", "  ") + " \", type: sysctl}", ""},
		{"{key: kernel/printk, expected: 0, type: sysctl}", "wrong_setting kernel/printk: 0 → " + read("kernel/printk")},
		{"{key: kernel.no_such_thing, expected: 0, type: sysctl}", "wrong_setting kernel.no_such_thing: 0 → (absent)"},
		{"{key: kernel.ostype.below, expected: 0, type: sysctl}", "wrong_setting kernel.ostype.below: 0 → (absent)"},
		{"{key: \"$(touch x)*\", expected: 0, type: sysctl}", "wrong_setting $(touch x)*: 0 → (absent)"},
		{"{key: \"a=b\", expected: 0, type: sysctl}", "wrong_setting a=b: 0 → (absent)"},
	}
	items := "  settings:\n"
	var want []string
	for _, c := range cases {
		items += "    - " + c.item + "\n"
		if c.want != "" {
			want = append(want, c.want)
		}
	}
	eachShell(t, func(t *testing.T, sh shell) {
		assert.Equal(t, want, brief(checkOne(t, sh, items).Mismatches))
	})
}

func TestSysctlValuesOfSeveralLines(t *testing.T) {
	item, problems := decode(t, sysctlKind{}, `{key: dev.cdrom.info, expected: "drive name: sr0\nspeed: 1", type: sysctl}`)
	require.Empty(t, problems)
	for answer, matches := range map[string]bool{
		"=drive name:\tsr0\n=\n=speed:\t\t1\n=": true, "=drive name: sr0 speed: 1\n=": true, "=drive name: sr0\n=speed: 2\n=": false, "=": false,
	} {
		answers := Answers{{Op: "sysctl", Arg: "dev/cdrom/info"}: {Payload: answer}}
		mismatches, _, err := sysctlKind{}.Compare(Facts{}, item, answers)
		require.NoError(t, err)
		assert.Equal(t, matches, len(mismatches) == 0, "%q", answer)
	}
}

func TestSysctlsThatCannotBeObserved(t *testing.T) {
	need(t, "setpriv")
	items := "  settings:\n    - {key: kernel.ostype, expected: Linux, type: sysctl}\n    - {key: kernel, expected: 0, type: sysctl}\n"
	want := []state.ItemError{{Kind: "sysctl", Item: "kernel", Error: "holds other keys and has no value"}}
	const secret = "/proc/sys/fs/protected_symlinks" // root's own
	if info, err := os.Stat(secret); err == nil && info.Mode().Perm()&0o004 == 0 {
		items += "    - {key: fs.protected_symlinks, expected: 1, type: sysctl}\n"
		want = append(want, state.ItemError{Kind: "sysctl", Item: "fs.protected_symlinks", Error: "cannot be read"})
	}
	if _, err := os.ReadFile("/proc/sys/net/ipv6/conf/all/stable_secret"); err != nil && !os.IsNotExist(err) {
		items += "    - {key: net.ipv6.conf.all.stable_secret, expected: 1, type: sysctl}\n"
		want = append(want, state.ItemError{Kind: "sysctl", Item: "net.ipv6.conf.all.stable_secret", Error: "cannot be read"})
	}
	f := onePack(t, items, nil)
	eachShell(t, func(t *testing.T, sh shell) {
		if sh.path != "" {
			t.Skip("its tools are in a directory that only root may read")
		}
		sh.argv = unprivileged{sh}.argv()
		assert.Equal(t, want, sourceless(t, check(t, sh, f).Results[0].Errors))
	})
	t.Run("without awk", func(t *testing.T) {
		sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "stat", "cat")}
		out := check(t, sh, onePack(t, "  settings: [{key: kernel.ostype, expected: Linux, type: sysctl}]", nil))
		assert.Equal(t, []state.ItemError{{Kind: "sysctl", Item: "kernel.ostype", Error: "awk is missing"}}, sourceless(t, out.Results[0].Errors))
	})
}
