package checker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestPackageProblems(t *testing.T) {
	decodeCases{
		{"name alone", "{name: curl}", nil},
		{"number as version", "{name: curl, min_version: 8.10}", nil},
		{"any bytes", `{name: "$(touch x)'\"\\|\t "}`, nil},
		{"pattern", "{name: 'php*'}", []string{"name is taken literally, with its *, ? or [: no package has such a name"}},
		{"no name", "{min_version: 1}", []string{"name is required"}},
		{"newline", `{name: "a\nb"}`, []string{"name must not contain a newline or a NUL"}},
		{"relation", `{name: curl, min_version: ">= 8"}`, []string{`min_version: ">= 8" is not a version to any package manager`}},
		{"relation without a blank", `{name: curl, max_version: "<=8"}`, []string{`max_version: "<=8" is not a version to any package manager`}},
		{"relation with a manager", `{name: curl, min_version: ">= 8", manager: dpkg}`, []string{`min_version: ">= 8" is not a version: only letters, digits and .+~:-_ may be in it`}},
		{"empty version", `{name: curl, version: ""}`, []string{"version must not be empty"}},
		{"version and bound", "{name: curl, version: 1, min_version: 1}", []string{"version excludes min_version and max_version"}},
		{"version and other bound", "{name: curl, version: 1, max_version: 1}", []string{"version excludes min_version and max_version"}},
		{"both bounds", "{name: curl, min_version: 1, max_version: 1}", nil},
		{"bounds the wrong way round", "{name: curl, min_version: 1.10, max_version: 1.9}", []string{"no version is at least min_version and at most max_version"}},
		{"bounds that a manager finds the right way round", "{name: curl, min_version: 1.2-5, max_version: 1.2}", nil},
		{"bounds that the named one does not", "{name: curl, min_version: 1.2-5, max_version: 1.2, manager: dpkg}", []string{"no version is at least min_version and at most max_version"}},
		{"absent with version", "{name: curl, state: absent, version: 1}", []string{"state absent excludes min_version, max_version and version"}},
		{"absent with bound", "{name: curl, state: absent, max_version: 1}", []string{"state absent excludes min_version, max_version and version"}},
		{"unknown manager", "{name: curl, manager: zypper, version: 1}", []string{`manager must be apk, dpkg, opkg, pacman or rpm, not "zypper"`}},
		{"version of another manager", "{name: curl, manager: apk, version: 1.0~rc1-1}", []string{`version: "1.0~rc1-1" is not a version: apk's are as in 1.2.3b_rc1-r4`}},
		{"version of old apk", "{name: curl, manager: apk, version: 1.0p1-r1}", nil},
		{"version of new apk", "{name: curl, manager: apk, version: 1.0~abc-r1}", nil},
		{"caret of rpm", "{name: curl, manager: rpm, version: 1.0^git1-1}", nil},
		{"caret in dpkg", "{name: curl, manager: dpkg, version: 1.0^git1-1}", []string{`version: "1.0^git1-1" is not a version: only letters, digits and .+~:-_ may be in it`}},
		{"unknown field", "{name: curl, minversion: 1}", []string{`unknown field "minversion" (did you mean "min_version"?)`}},
	}.run(t, packageKind{})
}

// dpkgList is what dpkg-query prints in these tests.
const dpkgList = `printf '%b' 'install ok installed\tamd64\t1:2.3.4-5\tplain\nhold ok installed\tamd64\t8.10.0-1\theld\n` +
	`deinstall ok config-files\tamd64\t1.0\tremoved\ninstall ok half-configured\tamd64\t1.0\thalf\ninstall reinstreq installed\tamd64\t1.0\tbroken\n` +
	`install ok unpacked\tamd64\t2.0\tunpacked\nunknown ok not-installed\tamd64\t\tgone\ninstall ok installed\tamd64\t2.0-1\tmulti\n` +
	`install ok installed\ti386\t1.0-1\tmulti\ninstall ok installed\tall\t1.0~rc1\ttilde\ninstall ok triggers-pending\tamd64\t1.0\ttriggered\n` +
	`install ok triggers-awaited\tamd64\t1.0\tawaiting\ninstall ok half-installed\tamd64\t\tbegun\ndeinstall ok config-files\ti386\t1.0\tbegun\n` +
	`deinstall reinstreq half-installed\tamd64\t1.0\tstuck\ndeinstall reinstreq config-files\tamd64\t1.0\tleft\n` +
	`install ok installed\tamd64\t2.0\tmixed\ninstall ok unpacked\ti386\t2.0\tmixed\n'`

func TestPackageMismatches(t *testing.T) {
	cases := []struct{ item, want string }{
		{"{name: plain}", ""},
		{"{name: plain, min_version: 2.3.4}", ""},
		{"{name: plain, min_version: 2.3.4-5}", ""},
		{"{name: plain, min_version: 2.3.4-6}", "wrong_version plain: >= 2.3.4-6 → 1:2.3.4-5"},
		{"{name: plain, min_version: \"0:9\"}", ""},
		{"{name: plain, min_version: 9}", "wrong_version plain: >= 9 → 1:2.3.4-5"},
		{"{name: plain, min_version: \"2:0\"}", "wrong_version plain: >= 2:0 → 1:2.3.4-5"},
		{"{name: plain, version: 2.3.4}", ""},
		{"{name: plain, version: \"1:2.3.4\"}", ""},
		{"{name: plain, version: \"1:2.3.4-5\"}", ""},
		{"{name: plain, version: 2.3.4-4}", "wrong_version plain: 2.3.4-4 → 1:2.3.4-5"},
		{"{name: plain, version: 2.3}", "wrong_version plain: 2.3 → 1:2.3.4-5"},
		{"{name: plain, version: \"2:2.3.4\"}", "wrong_version plain: 2:2.3.4 → 1:2.3.4-5"},
		{"{name: plain, max_version: 2.3.4-5}", ""},
		{"{name: plain, max_version: 2.3.4}", "wrong_version plain: <= 2.3.4 → 1:2.3.4-5"},
		{"{name: plain, max_version: \"0:9\"}", "wrong_version plain: <= 0:9 → 1:2.3.4-5"},
		{"{name: plain, min_version: 2.3, max_version: 3}", ""},
		{"{name: plain, min_version: 2.4, max_version: 3}", "wrong_version plain: >= 2.4, <= 3 → 1:2.3.4-5"},
		{"{name: plain, manager: dpkg}", ""},
		{"{name: multi, min_version: 3}", "wrong_version multi: >= 3 → 2.0-1, 1.0-1"},
		{"{name: plain, state: absent}", "unexpected_package plain: absent → 1:2.3.4-5"},
		{"{name: held, min_version: 8.9}", ""},
		{"{name: held, min_version: 8.1}", ""},
		{"{name: tilde, min_version: 1.0}", "wrong_version tilde: >= 1.0 → 1.0~rc1"},
		{"{name: removed}", "missing_package removed: installed → config-files 1.0"},
		{"{name: removed, state: absent}", ""},
		{"{name: gone, state: absent}", ""},
		{"{name: half, state: absent}", "unexpected_package half: absent → half-configured 1.0"},
		{"{name: unpacked, state: absent}", "unexpected_package unpacked: absent → unpacked 2.0"},
		{"{name: triggered, state: absent}", "unexpected_package triggered: absent → triggers-pending 1.0"},
		{"{name: awaiting, state: absent}", "unexpected_package awaiting: absent → triggers-awaited 1.0"},
		{"{name: begun, state: absent}", "unexpected_package begun: absent → half-installed"},
		{"{name: broken, state: absent}", "unexpected_package broken: absent → reinstreq installed 1.0"},
		{"{name: stuck, state: absent}", "unexpected_package stuck: absent → reinstreq half-installed 1.0"},
		{"{name: left, state: absent}", "unexpected_package left: absent → reinstreq config-files 1.0"},
		{"{name: mixed, state: absent}", "unexpected_package mixed: absent → 2.0, unpacked 2.0"},
		{"{name: held, state: absent}", "unexpected_package held: absent → 8.10.0-1"},
		{"{name: half}", "missing_package half: installed → half-configured 1.0"},
		{"{name: broken}", "missing_package broken: installed → reinstreq installed 1.0"},
		{"{name: unpacked, min_version: 1}", "missing_package unpacked: >= 1 → unpacked 2.0"},
		{"{name: triggered}", "missing_package triggered: installed → triggers-pending 1.0"},
		{"{name: gone}", "missing_package gone: installed → absent"},
		{"{name: never-heard-of}", "missing_package never-heard-of: installed → absent"},
		{"{name: never-heard-of, state: absent}", ""},
		{"{name: multi, min_version: 1.0}", ""},
		{"{name: multi, min_version: 2.0}", "wrong_version multi: >= 2.0 → 1.0-1"},
		{"{name: \"multi:amd64\", min_version: 2.0}", ""},
		{"{name: \"multi:i386\", min_version: 2.0}", "wrong_version multi:i386: >= 2.0 → 1.0-1"},
		{"{name: \"multi:arm64\"}", "missing_package multi:arm64: installed → absent"},
		{"{name: \"pl*\"}", "missing_package pl*: installed → absent"},
		{"{name: \"*\", state: absent}", ""},
		{"{name: -W}", "missing_package -W: installed → absent"},
		{"{name: end}", "missing_package end: installed → absent"},
		{"{name: \" plain\"}", "missing_package  plain: installed → absent"},
		{"{name: 'plain\\'}", "missing_package plain\\: installed → absent"},
	}
	packs := map[string]string{}
	for i, c := range cases {
		packs[fmt.Sprintf("p%02d.yaml", i)] = "items: {packages: [" + c.item + "]}"
	}
	userland := func(sh shell) shell {
		if sh.path == "" {
			sh.path = toolbox(t, "awk", "uname", "id", "printf")
		}
		fakeTool(t, sh.path, "dpkg-query", dpkgList)
		return sh
	}
	eachShell(t, func(t *testing.T, sh shell) {
		out := check(t, asDebian(userland(sh)), fleetOf(t, packs, nil))
		require.Nil(t, out.Failure, "%v", out.Failure)
		for i, r := range out.Results {
			assert.Equal(t, cases[i].want, strings.Join(brief(r.Mismatches), "; "), cases[i].item)
		}
	})
}

// asDebian makes a machine say that its packages are dpkg's.
func asDebian(t Transport) Transport { return saying(t, "package_manager", "dpkg") }

func TestRealPackages(t *testing.T) {
	need(t, "dpkg-query")
	eachShell(t, func(t *testing.T, sh shell) {
		if sh.path != "" {
			t.Skip("BusyBox has no dpkg-query")
		}
		r := checkOne(t, sh, "  packages: [{name: dpkg, min_version: 1.15}, {name: dpkg-no-such}, {name: 'd*'}]")
		assert.Equal(t, []string{
			"missing_package dpkg-no-such: installed → absent", "missing_package d*: installed → absent",
		}, brief(r.Mismatches))
	})
}

func TestPackagesThatCannotBeObserved(t *testing.T) {
	cases := []struct{ name, manager, tool, want string }{
		{"no manager", "", "", "no package manager found"},
		{"another manager", "zypper", "", "packages are not supported with zypper"},
		{"a manager that is not there", "rpm", "", "rpm is missing"},
		{"dpkg-query is not there", "dpkg", "", "dpkg-query is missing"},
		{"dpkg-query fails", "dpkg", "exit 2", "dpkg-query failed"},
		{"dpkg-query fails after some lines", "dpkg", dpkgList + "; exit 2", "dpkg-query failed"},
		{"dpkg-query is killed", "dpkg", dpkgList + "; kill -9 $$", "dpkg-query failed"},
		{"dpkg-query knows nothing", "dpkg", "exit 0", "dpkg knows no package: its database seems to be lost"},
		{"dpkg-query prints something else", "dpkg", `printf 'install ok installed\tamd64\t1\tplain\nwarning\n'`, "what was printed makes no sense"},
		{"status nobody knows", "dpkg", `printf 'what\tamd64\t1\tplain\n'`, `dpkg gave "what\tamd64\t1"`},
		{"version nobody knows", "dpkg", `printf 'install ok installed\tamd64\t1 2\tplain\n'`, `min_version: the installed version: "1 2" is not a version: only letters, digits and .+~:-_ may be in it`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tools := toolbox(t, "awk", "uname", "id")
			if c.tool != "" {
				fakeTool(t, tools, "dpkg-query", c.tool)
			}
			sh := saying(shell{argv: shells(t)[0].argv, path: tools}, "package_manager", c.manager)
			out := check(t, sh, onePack(t, "  packages: [{name: plain, min_version: 1}]", nil))
			require.NotNil(t, out.Failure)
			assert.Equal(t, []state.ItemError{{Kind: "package", Item: "plain", Error: c.want}}, sourceless(t, out.Results[0].Errors))
		})
	}
}
