package checker

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestSnapshotOfAllPackages(t *testing.T) {
	eachShell(t, func(t *testing.T, sh shell) {
		if sh.path == "" {
			sh = withTool(t, sh, "dpkg-query", dpkgList)
		} else {
			fakeTool(t, sh.path, "dpkg-query", dpkgList)
		}
		machine := asDebian(sh)
		s := snapshot(t, machine, Selection{"package", "all"}, Selection{"package", "plain"}, Selection{"package", "removed"})
		assert.Equal(t, []state.ItemError{{Kind: "package", Item: "removed", Error: "is not installed"}}, s.Errors)
		assert.Contains(t, string(s.Pack), `items:
  packages:
    - name: held
      version: 8.10.0-1
    - name: mixed
      version: "2.0"
    - name: multi
      min_version: 1.0-1
      max_version: 2.0-1
    - name: plain
      version: 1:2.3.4-5
    - name: tilde
      version: 1.0~rc1
`)
		complies(t, machine, s)
	})
}

func TestSnapshotOfPackagesThatCannotBeDescribed(t *testing.T) {
	sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "awk", "uname", "id")}
	fakeTool(t, sh.path, "dpkg-query", dpkgList)
	s := snapshot(t, asDebian(sh), Selection{"package", "half"}, Selection{"package", "plain"})
	assert.Equal(t, []state.ItemError{{Kind: "package", Item: "half", Error: "is neither installed nor absent: half-configured 1.0"}}, s.Errors)
	assert.Equal(t, 1, s.Items)
	complies(t, asDebian(sh), s)
	s = snapshot(t, saying(sh, "package_manager", ""), Selection{"package", "all"})
	assert.Equal(t, []state.ItemError{{Kind: "package", Item: "all", Error: "no package manager found"}}, s.Errors)
	fakeTool(t, sh.path, "dpkg-query", "exit 1")
	s = snapshot(t, asDebian(sh), Selection{"package", "all"})
	assert.Equal(t, []state.ItemError{{Kind: "package", Item: "all", Error: "dpkg-query failed"}}, s.Errors)
}

func TestSnapshotOfRPMPackages(t *testing.T) {
	rpm, db := rpmDatabase(t)
	sh := saying(withTool(t, shells(t)[0], "rpm", "exec "+rpm+" --dbpath '"+db+`' "$@"`), "package_manager", "rpm")
	s := snapshot(t, sh, Selection{"package", "all"})
	assert.Equal(t, 4, s.Items)
	assert.Contains(t, string(s.Pack), "    - name: kernel\n      min_version: 5.14.0-70\n      max_version: 5.14.0-427\n")
	complies(t, sh, s)
}

// What no bound would hold for is described without one.
func TestVersionsThatCannotBeDemanded(t *testing.T) {
	for _, c := range []struct {
		order    versionOrder
		versions []string
		want     string
	}{
		{rpmInstalled, []string{"2.0-1", "1:1.0-1"}, "[name x]"},
		{rpmInstalled, []string{"1:2.0-1", "1:1.0-1", "1:3.0-1"}, "[name x min_version 1:1.0-1 max_version 1:3.0-1]"},
		{apkInstalled(false), []string{"6.8.0p2-r1"}, "[name x]"},
		{apkInstalled(true), []string{"6.8.0p2-r1"}, "[name x version 6.8.0p2-r1]"},
		{debInstalled, []string{"1 2"}, "[name x]"},
	} {
		var installed []foundPackage
		for _, version := range c.versions {
			installed = append(installed, foundPackage{version: version})
		}
		var got []string
		for _, node := range describePackage(c.order, "x", installed).Content {
			got = append(got, node.Value)
		}
		assert.Equal(t, c.want, fmt.Sprint(got))
	}
}

func TestSnapshotOfAPKPackages(t *testing.T) {
	needOverlay(t)
	sh := saying(overlaid(t, shells(t)[4], map[string]string{"/usr/lib/apk/db/installed": oldAPKTools + apkDatabase}), "package_manager", "apk")
	s := snapshot(t, sh, Selection{"package", "all"}, Selection{"package", "busybox:x86_64"}, Selection{"package", "no-such"})
	require.Equal(t, []state.ItemError{{Kind: "package", Item: "no-such", Error: "is not installed"}}, s.Errors)
	assert.Equal(t, 5, s.Items)
	complies(t, sh, s)
}
