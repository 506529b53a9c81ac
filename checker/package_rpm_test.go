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

// rpmSpec makes several packages at once. Each package of a spec may have a version of its own.
const rpmSpec = `
Name: alpha
Epoch: 1
Version: 1.0~rc1
Release: 2.el9
Summary: x
License: x
BuildArch: noarch
%description
x
%package -n beta
Summary: x
Epoch: 0
Version: 2.0
Release: 1
%description -n beta
x
%package -n gamma.noarch
Summary: x
Epoch: 0
Version: 3.0
Release: 1
%description -n gamma.noarch
x
%files
%files -n beta
%files -n gamma.noarch
`

const rpmKernelSpec = `
Name: kernel
Version: 5.14.0
Release: %{release}
Summary: x
License: x
BuildArch: noarch
Provides: capability
%description
x
%files
`

// rpmDatabase is a database that rpm itself has made, with the packages of the specs.
func rpmDatabase(t *testing.T) (rpm, db string) {
	rpm, rpmbuild := testenv.Program(t, "rpm", "rpm"), testenv.Program(t, "rpmbuild", "rpm")
	dir := t.TempDir()
	db = filepath.Join(dir, "db")
	run := func(argv ...string) {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	build := func(name, text, release string) {
		spec := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(spec, []byte(text), 0o644))
		run(rpmbuild, "-bb", "--quiet", "--define", "_topdir "+dir, "--define", "release "+release, spec)
	}
	build("alpha.spec", rpmSpec, "1")
	build("kernel.spec", rpmKernelSpec, "70")
	build("kernel.spec", rpmKernelSpec, "427")
	files, err := filepath.Glob(filepath.Join(dir, "RPMS", "noarch", "*.rpm"))
	require.NoError(t, err)
	require.Len(t, files, 5, "%v", files)
	run(append([]string{rpm, "--dbpath", db, "-i", "--justdb", "--nodeps", "--force"}, files...)...)
	return rpm, db
}

func TestPackagesOfARealRPMDatabase(t *testing.T) {
	rpm, db := rpmDatabase(t)
	eachShell(t, func(t *testing.T, sh shell) {
		sh = withTool(t, sh, "rpm", "exec "+rpm+" --dbpath '"+db+`' "$@"`)
		assertPackages(t, sh, "rpm", []packageCase{
			{"{name: alpha}", ""},
			{"{name: alpha, min_version: 1.0~beta}", ""},
			{"{name: alpha, min_version: 1.0}", "wrong_version alpha: >= 1.0 → 1:1.0~rc1-2.el9"},
			{"{name: alpha, max_version: 1.0~rc1}", ""},
			{"{name: alpha, max_version: 1.0~rc1-1}", "wrong_version alpha: <= 1.0~rc1-1 → 1:1.0~rc1-2.el9"},
			{"{name: alpha, version: 1.0~rc1}", ""},
			{"{name: alpha, version: '1:1.0~rc1-2.el9'}", ""},
			{"{name: alpha, version: '0:1.0~rc1'}", "wrong_version alpha: 0:1.0~rc1 → 1:1.0~rc1-2.el9"},
			{"{name: beta, version: '0:2.0-1'}", ""},
			{"{name: beta, state: absent}", "unexpected_package beta: absent → 0:2.0-1"},
			{"{name: alpha.noarch}", ""},
			{"{name: 'alpha:noarch'}", ""},
			{"{name: alpha.x86_64}", "missing_package alpha.x86_64: installed → absent"},
			{"{name: gamma.noarch, version: 3.0}", ""},
			{"{name: gamma}", "missing_package gamma: installed → absent"},
			{"{name: gamma.noarch.noarch}", ""},
			{"{name: kernel, min_version: 5.14.0-70}", ""},
			{"{name: kernel, min_version: 5.14.0-100}", "wrong_version kernel: >= 5.14.0-100 → 5.14.0-70"},
			{"{name: capability}", "missing_package capability: installed → absent"},
			{"{name: 'alpha*'}", "missing_package alpha*: installed → absent"},
			{"{name: alpha-1.0~rc1-2.el9}", "missing_package alpha-1.0~rc1-2.el9: installed → absent"},
			{"{name: --all, state: absent}", ""},
			{"{name: beta, version: '2:2-2-2'}", `!version: "2:2-2-2" is not a version: "-" must not be in it`},
		})
		assertListed(t, sh, "rpm",
			foundPackage{name: "alpha", arch: "noarch", version: "1:1.0~rc1-2.el9", there: true},
			foundPackage{name: "beta", arch: "noarch", version: "0:2.0-1", there: true},
			foundPackage{name: "gamma.noarch", arch: "noarch", version: "0:3.0-1", there: true},
			foundPackage{name: "kernel", arch: "noarch", version: "5.14.0-427", there: true},
			foundPackage{name: "kernel", arch: "noarch", version: "5.14.0-70", there: true},
		)
	})
}

// However many packages are asked for, the database is read once.
func TestPackagesAreListedOnce(t *testing.T) {
	rpm, db := rpmDatabase(t)
	count := filepath.Join(t.TempDir(), "count")
	sh := shell{argv: shells(t)[0].argv, path: countingTools(t, count, "awk", "uname", "id")}
	fakeTool(t, sh.path, "rpm", "echo rpm \"$1\" >>'"+count+"'\nexec "+rpm+" --dbpath '"+db+`' "$@"`)
	var cases []packageCase
	for range 150 {
		cases = append(cases, packageCase{fmt.Sprintf("{name: p%d, state: absent}", len(cases)), ""})
	}
	assertPackages(t, sh, "rpm", cases)
	text, err := os.ReadFile(count)
	require.NoError(t, err)
	started := strings.Fields(strings.NewReplacer("rpm -", "rpm-", "uname\n", "", "id\n", "").Replace(string(text)))
	assert.ElementsMatch(t, []string{"rpm-E", "rpm-qa", "awk", "awk"}, started)
}

func TestKeysOfRPMAreNotListed(t *testing.T) {
	answers := Answers{packagesQuestion("rpm"): {
		Payload: "install ok installed\tx86_64\t5.1-1\tbash\ninstall ok installed\t(none)\tfd431d51-4ae0493b\tgpg-pubkey\n",
	}}
	found, err := packageList(answers, "rpm")
	require.NoError(t, err)
	assert.Equal(t, []foundPackage{{name: "bash", arch: "x86_64", version: "5.1-1", there: true}}, found)
}

func TestRPMPackagesThatCannotBeObserved(t *testing.T) {
	rpm, db := rpmDatabase(t)
	header, err := os.ReadFile(filepath.Join(db, "rpmdb.sqlite"))
	require.NoError(t, err)
	missing, empty, cut := t.TempDir(), t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(empty, "rpmdb.sqlite"), nil, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(cut, "rpmdb.sqlite"), header[:3000], 0o644))
	none := filepath.Join(missing, "none")
	real := "exec " + rpm + " --dbpath "
	whole := real + "'" + db + `' "$@"`
	// What rpm does where a header of its database is damaged: it leaves the package out and is content.
	skipping := `case $1 in -qa) echo 'error: rpmdbNextIterator: skipping h#       1 tag[1]: BAD, tag -1' >&2 ;; esac; ` + whole
	for _, c := range []struct{ name, tool, want string }{
		{"no database", real + "'" + none + `' "$@"`, "!rpm has no database in " + none},
		{"an empty directory", real + "'" + missing + `' "$@"`, "!rpm has no database in " + missing},
		{"a database without a table", real + "'" + empty + `' "$@"`, "!rpm failed"},
		{"a database that was cut off", real + "'" + cut + `' "$@"`, "!rpm failed"},
		{"a damaged header", skipping, "!rpm failed"},
		{"a warning", `echo 'warning: waiting for something' >&2; ` + whole, ""},
		{"rpm is killed", `case $1 in -qa) ` + real + "'" + db + `' "$@" & wait; kill -9 $$ ;; esac; ` + whole, "!rpm failed"},
		{"rpm lists nothing", `case $1 in -qa) exit 0 ;; esac; ` + whole, "!rpm knows no package: " + db + " seems to be lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sh := withTool(t, shells(t)[0], "rpm", c.tool)
			assertPackages(t, sh, "rpm", []packageCase{{"{name: omega, state: absent}", c.want}, {"{name: alpha}", c.want}})
		})
	}
	assert.NoDirExists(t, none, "a query that makes a database changes the machine")
}
