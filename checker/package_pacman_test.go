package checker

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// pacmanDatabase is a database into which pacman itself has installed these packages.
func pacmanDatabase(t *testing.T, infos ...[3]string) (config, local string) {
	pacman := testenv.Program(t, "pacman", "pacman-package-manager")
	dir := t.TempDir()
	argv := []string{"--noconfirm", "-U"}
	for _, info := range infos {
		text := fmt.Sprintf("pkgname = %s\npkgver = %s\npkgdesc = %%VERSION%%\narch = %s\nsize = 1\n", info[0], info[1], info[2])
		file := filepath.Join(dir, fmt.Sprintf("%s-%s-%s.pkg.tar.gz", info[0], info[1], info[2]))
		f, err := os.Create(file)
		require.NoError(t, err)
		zip := gzip.NewWriter(f)
		archive := tar.NewWriter(zip)
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: ".PKGINFO", Mode: 0o644, Size: int64(len(text))}))
		_, err = archive.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, archive.Close())
		require.NoError(t, zip.Close())
		require.NoError(t, f.Close())
		argv = append(argv, file)
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "root"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "db"), 0o755))
	config = filepath.Join(dir, "pacman.conf")
	text := fmt.Sprintf("[options]\nRootDir = %[1]s/root\nDBPath = %[1]s/db/\nLogFile = %[1]s/log\nSigLevel = Never\nArchitecture = x86_64\n", dir)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o644))
	out, err := exec.CommandContext(t.Context(), pacman, append([]string{"--config", config}, argv...)...).CombinedOutput()
	if os.Geteuid() != 0 && err != nil {
		testenv.Missing(t, "root, for pacman to install: %s", out)
	}
	require.NoError(t, err, "%s", out)
	return config, filepath.Join(dir, "db", "local")
}

func TestPackagesOfARealPacmanDatabase(t *testing.T) {
	pacmanConf := testenv.Program(t, "pacman-conf", "pacman-package-manager")
	config, _ := pacmanDatabase(t, [3]string{"alpha", "1:2.0rc1-3", "any"}, [3]string{"beta", "2.0-1", "x86_64"})
	eachShell(t, func(t *testing.T, sh shell) {
		sh = withTool(t, sh, "pacman-conf", "exec "+pacmanConf+" --config '"+config+`' "$@"`)
		assertPackages(t, sh, "pacman", []packageCase{
			{"{name: alpha}", ""},
			{"{name: alpha, min_version: 2.0}", "wrong_version alpha: >= 2.0 → 1:2.0rc1-3"},
			{"{name: alpha, min_version: 2.0beta, max_version: 2.0rc1}", ""},
			{"{name: alpha, max_version: 2.0rc1-2}", "wrong_version alpha: <= 2.0rc1-2 → 1:2.0rc1-3"},
			{"{name: alpha, version: 2.0rc1}", ""},
			{"{name: alpha, version: '1:2.0rc1-3'}", ""},
			{"{name: alpha, version: '0:2.0rc1'}", "wrong_version alpha: 0:2.0rc1 → 1:2.0rc1-3"},
			{"{name: beta, state: absent}", "unexpected_package beta: absent → 2.0-1"},
			{"{name: 'beta:x86_64'}", ""},
			{"{name: 'beta:any'}", "missing_package beta:any: installed → absent"},
			{"{name: beta.x86_64}", "missing_package beta.x86_64: installed → absent"},
			{"{name: gamma}", "missing_package gamma: installed → absent"},
			{"{name: '*'}", "missing_package *: installed → absent"},
			{"{name: gamma, state: absent}", ""},
		})
		assertListed(t, sh, "pacman",
			foundPackage{name: "alpha", arch: "any", version: "1:2.0rc1-3", there: true},
			foundPackage{name: "beta", arch: "x86_64", version: "2.0-1", there: true},
		)
	})
}

func TestPacmanPackagesThatCannotBeObserved(t *testing.T) {
	pacmanConf := testenv.Program(t, "pacman-conf", "pacman-package-manager")
	config, local := pacmanDatabase(t, [3]string{"alpha", "1-1", "any"}, [3]string{"beta", "2.0-1", "x86_64"})
	conf := "exec " + pacmanConf + " --config '" + config + `' "$@"`
	observe := func(t *testing.T, sh shell, tool, want string) {
		t.Helper()
		assertPackages(t, withTool(t, sh, "pacman-conf", tool), "pacman", []packageCase{{"{name: omega, state: absent}", want}, {"{name: alpha}", want}})
	}
	observe(t, shells(t)[0], conf, "")
	observe(t, shells(t)[0], "exit 1", "!pacman-conf failed")
	observe(t, shells(t)[0], "echo /nonexistent/", "!pacman has no database in /nonexistent/local")
	eachShell(t, func(t *testing.T, sh shell) {
		half := filepath.Join(local, "half-1-1") // what an installation leaves that was broken off
		require.NoError(t, os.Mkdir(half, 0o755))
		observe(t, sh, conf, "!"+local+" makes no sense")
		require.NoError(t, os.WriteFile(filepath.Join(half, "desc"), []byte("%NAME%\nhalf\n"), 0o644))
		observe(t, sh, conf, "!"+local+" makes no sense")
		require.NoError(t, os.RemoveAll(half))
		observe(t, sh, conf, "")
	})
	require.NoError(t, os.RemoveAll(local))
	require.NoError(t, os.Mkdir(local, 0o755))
	observe(t, shells(t)[0], conf, "!"+local+" makes no sense")
	need(t, "setpriv")
	require.NoError(t, os.Chmod(local, 0))
	require.NoError(t, os.Chmod(filepath.Dir(t.TempDir()), 0o755))
	sh := withTool(t, shells(t)[0], "pacman-conf", "echo "+filepath.Dir(local)+"/")
	sh.argv = unprivileged{sh}.argv()
	assertPackages(t, sh, "pacman", []packageCase{{"{name: omega, state: absent}", "!" + local + " cannot be read"}})
}
