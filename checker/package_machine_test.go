package checker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// overlaid makes a shell run in a mount namespace of its own, in which these files are there as well. What is in
// files is by path below /usr or /var.
func overlaid(t testing.TB, sh shell, files map[string]string) shell {
	staged, mounted := t.TempDir(), t.TempDir()
	for path, text := range files {
		require.Regexp(t, "^/(usr|var)/", path)
		file := filepath.Join(staged, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	for _, top := range []string{"usr", "var"} {
		require.NoError(t, os.MkdirAll(filepath.Join(staged, top), 0o755))
	}
	overlay := []string{need(t, "unshare"), "-m", need(t, "dash"), "-ec", `
		mount -t tmpfs tmpfs "$2"
		for top in usr var; do
			cp -r "$1/$top" "$2/$top"
			mkdir "$2/$top.work"
			mount -t overlay overlay -o "lowerdir=/$top,upperdir=$2/$top,workdir=$2/$top.work" "/$top"
		done
		shift 2
		exec "$@"`, "sh", staged, mounted}
	path := os.Getenv("PATH")
	if sh.path != "" {
		path = sh.path
	}
	sh.argv = append(append(overlay, "env", "PATH="+path), sh.argv...)
	sh.path = "" // the tools that set it up are not in it
	return sh
}

// needOverlay ends a test where overlaid cannot work.
func needOverlay(t testing.TB) {
	script := `mount -t tmpfs tmpfs "$1" && mkdir "$1/u" "$1/w" && mount -t overlay overlay -o "lowerdir=/usr,upperdir=$1/u,workdir=$1/w" /usr`
	if out, err := exec.CommandContext(t.Context(), need(t, "unshare"), "-m", "sh", "-c", script, "sh", t.TempDir()).CombinedOutput(); err != nil {
		testenv.Missing(t, "root that may mount an overlay: %s", out)
	}
}

// withTool makes a shell find this program first.
func withTool(t testing.TB, sh shell, program, script string) shell {
	dir := t.TempDir()
	fakeTool(t, dir, program, script)
	if sh.path == "" {
		sh.path = os.Getenv("PATH")
	}
	sh.path = dir + ":" + sh.path
	return sh
}

// packageCase is an item and its mismatch; empty: none. An error begins with "!".
type packageCase struct{ item, want string }

// assertPackages checks each item in a pack of its own on a machine with that package manager.
func assertPackages(t *testing.T, sh Transport, manager string, cases []packageCase) {
	t.Helper()
	packs := map[string]string{}
	for i, c := range cases {
		packs[fmt.Sprintf("p%02d.yaml", i)] = "items: {packages: [" + c.item + "]}"
	}
	out := check(t, saying(sh, "package_manager", manager), fleetOf(t, packs, nil))
	require.Len(t, out.Results, len(cases), "%v", out.Failure)
	for i, r := range out.Results {
		got := strings.Join(brief(r.Mismatches), "; ")
		for _, failed := range r.Errors {
			got = "!" + failed.Error
		}
		assert.Equal(t, cases[i].want, got, cases[i].item)
	}
}

// listed asks for all packages of a manager.
func listed(t *testing.T, sh shell, manager string) ([]foundPackage, error) {
	t.Helper()
	m := &onePack(t, "  packages: [{name: x}]", nil).Config.Machines[0]
	d, err := startDialogue(t.Context(), sh, m, allOps(), newNonce())
	require.NoError(t, err)
	defer d.close()
	_, err = d.facts(m)
	require.NoError(t, err)
	require.NoError(t, d.ask([]Question{packagesQuestion(manager)}))
	require.NoError(t, d.bye())
	return packageList(d.answers, manager)
}

// assertListed checks the list of all packages of a manager.
func assertListed(t *testing.T, sh shell, manager string, want ...foundPackage) {
	t.Helper()
	found, err := listed(t, sh, manager)
	require.NoError(t, err)
	assert.Equal(t, want, found)
}

// A machine as of itself has no database of another manager, and is not judged by its own in its place.
func TestNamedManagerThatIsNotThere(t *testing.T) {
	sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "awk", "uname", "id")}
	fakeTool(t, sh.path, "dpkg-query", dpkgList)
	assertPackages(t, sh, "dpkg", []packageCase{
		{"{name: plain}", ""},
		{"{name: plain, manager: dpkg}", ""},
		{"{name: plain, manager: rpm}", "!rpm is missing"},
		{"{name: plain, manager: rpm, state: absent}", "!rpm is missing"},
		{"{name: plain, manager: apk}", "!apk has no database on this machine, neither /lib/apk/db/installed nor /usr/lib/apk/db/installed"},
		{"{name: plain, manager: opkg}", "!opkg has no database on this machine, neither /usr/lib/opkg/status nor /var/lib/opkg/status"},
	})
}

// A version that is one to some manager is none to the machine's.
func TestVersionsThatAreNoneToTheMachine(t *testing.T) {
	sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "awk", "uname", "id")}
	fakeTool(t, sh.path, "dpkg-query", dpkgList)
	assertPackages(t, sh, "dpkg", []packageCase{
		{"{name: plain, min_version: 1.0^git1}", `!min_version: "1.0^git1" is not a version: only letters, digits and .+~:-_ may be in it`},
		{"{name: plain, max_version: 1.0^git1}", `!max_version: "1.0^git1" is not a version: only letters, digits and .+~:-_ may be in it`},
		{"{name: plain, version: 1.0^git1}", `!version: "1.0^git1" is not a version: only letters, digits and .+~:-_ may be in it`},
	})
}

// dpkg itself reads this database, of a machine where some things went wrong.
func TestPackagesOfARealDpkgDatabase(t *testing.T) {
	dpkgQuery := need(t, "dpkg-query")
	admin := t.TempDir()
	status := ""
	for _, p := range []string{
		"plain/install ok installed/amd64/1:2.3.4-5", "held/hold ok installed/amd64/8.10.0-1", "half/install ok half-configured/amd64/1.0",
		"multi/install ok installed/amd64/2.0", "multi/install ok installed/i386/1.0",
	} {
		f := strings.Split(p, "/")
		status += fmt.Sprintf("Package: %s\nStatus: %s\nArchitecture: %s\nMulti-Arch: same\nMaintainer: x <x@x>\nVersion: %s\nDescription: x\n\n", f[0], f[1], f[2], f[3])
	}
	status += "Package: left\nStatus: deinstall ok config-files\nArchitecture: all\nMaintainer: x <x@x>\nVersion: 1.0\nDescription: x\n"
	require.NoError(t, os.WriteFile(filepath.Join(admin, "status"), []byte(status), 0o644))
	require.NoError(t, os.MkdirAll(filepath.Join(admin, "info"), 0o755))
	eachShell(t, func(t *testing.T, sh shell) {
		sh = withTool(t, sh, "dpkg-query", "exec "+dpkgQuery+" --admindir="+admin+` "$@"`)
		assertPackages(t, sh, "dpkg", []packageCase{
			{"{name: plain, min_version: 2.3.4-5, max_version: 2.3.4-5}", ""},
			{"{name: held, version: 8.10.0}", ""},
			{"{name: half}", "missing_package half: installed → half-configured 1.0"},
			{"{name: left, state: absent}", ""},
			{"{name: multi, min_version: 2}", "wrong_version multi: >= 2 → 1.0"},
			{"{name: 'multi:amd64', min_version: 2}", ""},
		})
		assertListed(t, sh, "dpkg",
			foundPackage{name: "half", arch: "amd64", version: "1.0", status: "half-configured", there: true},
			foundPackage{name: "held", arch: "amd64", version: "8.10.0-1", there: true},
			foundPackage{name: "left", arch: "all", version: "1.0", status: "config-files"},
			foundPackage{name: "multi", arch: "amd64", version: "2.0", there: true},
			foundPackage{name: "multi", arch: "i386", version: "1.0", there: true},
			foundPackage{name: "plain", arch: "amd64", version: "1:2.3.4-5", there: true},
		)
	})
}

func TestListsThatCannotBeMade(t *testing.T) {
	sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "awk", "uname", "id")}
	fakeTool(t, sh.path, "dpkg-query", "exit 0")
	for manager, want := range map[string]string{
		"dpkg": "dpkg knows no package: its database seems to be lost", "rpm": "rpm is missing", "zypper": "is no package manager",
		"$(touch x)": "is no package manager", "dpkg rpm": "is no package manager", "*": "is no package manager",
	} {
		_, err := listed(t, sh, manager)
		require.EqualError(t, err, want, manager)
	}
	fakeTool(t, sh.path, "dpkg-query", dpkgList+"; exit 2")
	_, err := listed(t, sh, "dpkg")
	require.EqualError(t, err, "dpkg-query failed")
	fakeTool(t, sh.path, "dpkg-query", "echo something else")
	_, err = listed(t, sh, "dpkg")
	require.EqualError(t, err, `dpkg gave "something else"`)
}
