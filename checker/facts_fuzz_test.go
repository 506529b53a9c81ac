package checker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever a machine says of itself is short and can be shown: facts are on pages, and one is a label of a metric. Its home is a path
// or unknown, since ~ becomes it.
func FuzzFacts(f *testing.F) {
	f.Add("debian", `"12 (bookworm)"`, "vm 6.1.0 x86_64", "/root", "root")
	f.Add("'\x1b[31m", "\"\\\"\\$\\\\", "a b", "/root\n/etc", "\xff\u202e")
	f.Add("", "\"", "  a  b  c ", "home", strings.Repeat("ü", 200))
	f.Fuzz(func(t *testing.T, id, name, uname, home, user string) {
		facts := parseFacts(map[string]string{
			"ID": id, "VERSION_ID": name, "PRETTY_NAME": name, "uname": uname, "home": home, "user": user, "package_manager": user, "init": id,
		})
		for _, fact := range []string{
			facts.OS, facts.Version, facts.Name, facts.Kernel, facts.Arch, facts.Hostname, facts.PackageManager, facts.Init, facts.User, facts.Home,
		} {
			require.LessOrEqual(t, len(fact), maxFact+32)
			require.Equal(t, fact, printable(fact, len(fact)), "not fit to be shown")
		}
		if facts.Home != "" {
			require.Equal(t, home, facts.Home)
			require.Equal(t, byte('/'), home[0])
		}
	})
}
