package checker

import "testing"

// apkDatabase is as apk-tools 2 writes it. Lines of files follow those of each package.
const apkDatabase = `C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:alpine-baselayout
V:3.6.5-r0
A:x86_64
S:8515
I:315392
T:Alpine base dir structure and init scripts
U:https://git.alpinelinux.org/cgit/aports/tree/main/alpine-baselayout
L:GPL-2.0-only
o:alpine-baselayout
m:Natanael Copa <ncopa@alpinelinux.org>
t:1714981135
c:66187892e05b03a41d08e9acabd19b7576a1c875
D:alpine-baselayout-data=3.6.5-r0 /bin/sh
q:1000
F:dev
F:etc
R:motd
Z:Q1SLkS9hBidUbPwwrw+XR0Whv3ww8=
F:root
M:0:0:700
f:S

C:Q1x
P:busybox
V:1.36.1-r29
A:x86_64
p:/bin/sh cmd:P:V
r:busybox-initscripts

P:openssl
V:3.3.0_rc1-r2
A:noarch
f:s

P:.build-deps
V:20240612.120000
A:noarch

`

const oldAPKTools = "P:apk-tools\nV:2.14.4-r0\nA:x86_64\n\n"

func TestPackagesOfAnAPKDatabase(t *testing.T) {
	needOverlay(t)
	cases := []packageCase{
		{"{name: busybox}", ""},
		{"{name: busybox, min_version: 1.36.1}", ""},
		{"{name: busybox, min_version: 1.36.1-r30}", "wrong_version busybox: >= 1.36.1-r30 → 1.36.1-r29"},
		{"{name: busybox, max_version: 1.36.1}", "wrong_version busybox: <= 1.36.1 → 1.36.1-r29"},
		{"{name: busybox, max_version: 1.36.1-r29}", ""},
		{"{name: busybox, version: 1.36.1}", ""},
		{"{name: busybox, version: 1.36.1-r28}", "wrong_version busybox: 1.36.1-r28 → 1.36.1-r29"},
		{"{name: busybox, min_version: 1.036}", ""},
		{"{name: 'busybox:x86_64'}", ""},
		{"{name: busybox.x86_64}", "missing_package busybox.x86_64: installed → absent"},
		{"{name: busybox, state: absent}", "unexpected_package busybox: absent → 1.36.1-r29"},
		{"{name: alpine-baselayout, version: 3.6.5-r0}", ""},
		{"{name: openssl}", "missing_package openssl: installed → broken installed 3.3.0_rc1-r2"},
		{"{name: openssl, state: absent}", "unexpected_package openssl: absent → broken installed 3.3.0_rc1-r2"},
		{"{name: .build-deps, state: absent}", "unexpected_package .build-deps: absent → 20240612.120000"},
		{"{name: /bin/sh}", "missing_package /bin/sh: installed → absent"},
		{"{name: 'cmd:P:V', state: absent}", ""},
		{"{name: 'busy*'}", "missing_package busy*: installed → absent"},
		{"{name: busybox, version: 1.36.1-29}", `!version: "1.36.1-29" is not a version: apk's are as in 1.2.3b_rc1-r4`},
	}
	eachShell(t, func(t *testing.T, sh shell) {
		old := overlaid(t, sh, map[string]string{"/usr/lib/apk/db/installed": oldAPKTools + apkDatabase})
		assertPackages(t, old, "apk", append(cases, packageCase{"{name: busybox, version: 1.36.1p1}", "wrong_version busybox: 1.36.1p1 → 1.36.1-r29"}))
		assertListed(t, old, "apk",
			foundPackage{name: ".build-deps", arch: "noarch", version: "20240612.120000", there: true},
			foundPackage{name: "alpine-baselayout", arch: "x86_64", version: "3.6.5-r0", there: true},
			foundPackage{name: "apk-tools", arch: "x86_64", version: "2.14.4-r0", there: true},
			foundPackage{name: "busybox", arch: "x86_64", version: "1.36.1-r29", there: true},
			foundPackage{name: "openssl", arch: "noarch", version: "3.3.0_rc1-r2", status: "broken installed", there: true},
		)
		recent := overlaid(t, sh, map[string]string{"/usr/lib/apk/db/installed": apkDatabase})
		assertPackages(t, recent, "apk", append(cases, packageCase{"{name: busybox, version: 1.36.1p1}", `!version: "1.36.1p1" is not a version: apk's are as in 1.2.3b_rc1-r4`}))
	})
}

// opkgStatus is as OpenWrt's opkg writes it.
const opkgStatus = `Package: libc
Version: 1.2.4-4
Depends: libgcc1
Status: install user installed
Architecture: aarch64_generic
Installed-Time: 1711146281

Package: dropbear
Version: 2022.82-6
Depends: libc, Package: libc
Status: install hold installed
Architecture: aarch64_generic
Conffiles:
 /etc/config/dropbear 5a1ba1
 Package: /etc/dropbear
Installed-Time: 1711146281

Package: half
Version: 1.0
Status: install user,prefer unpacked
Architecture: all

Package: gone
Version: 1.0
Status: deinstall ok not-installed
Architecture: all

Package: again
Version: 1.0
Status: install reinstreq installed
Architecture: all

Package: failed
Version: 1:1.0-1
Status: install ok post-inst-failed
Architecture: all
`

func TestPackagesOfAnOpkgDatabase(t *testing.T) {
	needOverlay(t)
	cases := []packageCase{
		{"{name: libc, min_version: 1.2.4}", ""},
		{"{name: libc, min_version: 1.2.4-5}", "wrong_version libc: >= 1.2.4-5 → 1.2.4-4"},
		{"{name: libc, version: 1.2.4}", ""},
		{"{name: libc, max_version: 1.2.4~rc1}", "wrong_version libc: <= 1.2.4~rc1 → 1.2.4-4"},
		{"{name: 'libc:aarch64_generic'}", ""},
		{"{name: 'libc:all'}", "missing_package libc:all: installed → absent"},
		{"{name: dropbear, version: 2022.82-6}", ""},
		{"{name: /etc/dropbear, state: absent}", ""},
		{"{name: half}", "missing_package half: installed → unpacked 1.0"},
		{"{name: half, state: absent}", "unexpected_package half: absent → unpacked 1.0"},
		{"{name: gone}", "missing_package gone: installed → absent"},
		{"{name: gone, state: absent}", ""},
		{"{name: again}", "missing_package again: installed → reinstreq installed 1.0"},
		{"{name: failed}", "missing_package failed: installed → post-inst-failed 1:1.0-1"},
		{"{name: 'lib*'}", "missing_package lib*: installed → absent"},
		{"{name: nothing, state: absent}", ""},
	}
	eachShell(t, func(t *testing.T, sh shell) {
		sh = overlaid(t, sh, map[string]string{"/usr/lib/opkg/status": opkgStatus})
		assertPackages(t, sh, "opkg", cases)
		assertListed(t, sh, "opkg",
			foundPackage{name: "again", arch: "all", version: "1.0", status: "reinstreq installed", there: true},
			foundPackage{name: "dropbear", arch: "aarch64_generic", version: "2022.82-6", there: true},
			foundPackage{name: "failed", arch: "all", version: "1:1.0-1", status: "post-inst-failed", there: true},
			foundPackage{name: "gone", arch: "all", version: "1.0", status: "not-installed"},
			foundPackage{name: "half", arch: "all", version: "1.0", status: "unpacked", there: true},
			foundPackage{name: "libc", arch: "aarch64_generic", version: "1.2.4-4", there: true},
		)
	})
	assertPackages(t, overlaid(t, shells(t)[0], map[string]string{"/var/lib/opkg/status": opkgStatus}), "opkg", cases)
}

func TestDatabaseFilesThatCannotBeObserved(t *testing.T) {
	needOverlay(t)
	const apk, usrOpkg, varOpkg = "/usr/lib/apk/db/installed", "/usr/lib/opkg/status", "/var/lib/opkg/status"
	for _, c := range []struct {
		name, manager, want string
		files               map[string]string
	}{
		{"no package", "apk", "!apk knows no package: /lib/apk/db/installed seems to be lost", map[string]string{apk: ""}},
		{"no package", "opkg", "!opkg knows no package: /var/lib/opkg/status seems to be lost", map[string]string{varOpkg: "\n"}},
		{"a package without a version", "apk", "!/lib/apk/db/installed makes no sense", map[string]string{apk: "P:x\n\n" + apkDatabase}},
		{"a version without a package", "apk", "!/lib/apk/db/installed makes no sense", map[string]string{apk: apkDatabase + "V:1\n"}},
		{"a status without a package", "opkg", "!/usr/lib/opkg/status makes no sense", map[string]string{usrOpkg: "Status: install ok installed\n\n" + opkgStatus}},
		{"two databases", "opkg", "!opkg has two databases, /usr/lib/opkg/status and /var/lib/opkg/status", map[string]string{usrOpkg: opkgStatus, varOpkg: opkgStatus}},
		{"a tab in a name", "opkg", "!/usr/lib/opkg/status makes no sense", map[string]string{usrOpkg: "Package: a\tb\nStatus: install ok installed\n\n" + opkgStatus}},
		{"none", "opkg", "!opkg has no database on this machine, neither /usr/lib/opkg/status nor /var/lib/opkg/status", nil},
		{"a directory", "apk", "!/lib/apk/db/installed makes no sense", map[string]string{apk + "/x": ""}},
	} {
		t.Run(c.manager+" with "+c.name, func(t *testing.T) {
			for _, sh := range []shell{shells(t)[0], shells(t)[4]} {
				assertPackages(t, overlaid(t, sh, c.files), c.manager, []packageCase{{"{name: omega, state: absent}", c.want}, {"{name: omega}", c.want}})
			}
		})
	}
}

// A status of a package that nobody knows is an error of the items that ask for it.
func TestOpkgStatusNobodyKnows(t *testing.T) {
	needOverlay(t)
	sh := overlaid(t, shells(t)[0], map[string]string{"/usr/lib/opkg/status": opkgStatus + "\nPackage: odd\nVersion: 1\nStatus: what\n\nPackage: none\nVersion: 1\n"})
	assertPackages(t, sh, "opkg", []packageCase{
		{"{name: odd, state: absent}", `!opkg gave "what\t\t1"`}, {"{name: none, state: absent}", `!opkg gave "\t\t1"`}, {"{name: libc}", ""},
	})
}
