// Package packages_test builds what a release has as `make release` does, twice, and installs its packages with the real dpkg and
// rpm in throw-away copies of this machine.
package packages_test

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testroot"
)

// What the builds of the tests are told, in the place of git.
const (
	version  = "0.1.0"
	revision = "0123456789abcdef0123456789abcdef01234567"
	epoch    = "1767225600" // 2026-01-01T00:00:00Z
)

// sources copies what git knows of this repository, and files that are new, to another place.
func sources(t *testing.T, to string) {
	t.Helper()
	list, err := exec.Command(testenv.Program(t, "git", "git"), "-C", testenv.Repository(t), "ls-files", "-z", "-co", "--exclude-standard").Output()
	if err != nil {
		testenv.Missing(t, "a git checkout, to know which files are sources: %s", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		from := filepath.Join(testenv.Repository(t), name)
		info, err := os.Stat(from)
		if os.IsNotExist(err) {
			continue // removed, and that not yet committed
		}
		require.NoError(t, err)
		data, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(to, name), data, info.Mode().Perm()))
	}
}

// arch is this machine's, as releases call it.
func arch(t *testing.T) string {
	t.Helper()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		testenv.Missing(t, "a machine that releases are for, amd64 or arm64")
	}
	return runtime.GOARCH
}

// arguments are those of make for a release into a directory.
func arguments(t *testing.T, dist, nfpm, sbom string) []string {
	return []string{
		"-s", "release", "ARCHES=" + arch(t), "DIST=" + dist, "NFPM=" + nfpm, "SBOM=" + sbom,
		"VERSION=" + version, "REVISION=" + revision, "SOURCE_DATE_EPOCH=" + epoch,
	}
}

// release builds one from a copy of the sources, and returns the directory with what came out.
func release(t *testing.T) string {
	t.Helper()
	testenv.Program(t, "make", "make")
	dir := t.TempDir()
	sources(t, filepath.Join(dir, "here"))
	dist := filepath.Join(dir, "dist")
	cmd := exec.Command("make", arguments(t, dist, testenv.Built(t, "nfpm"), testenv.Built(t, "sbom"))...)
	cmd.Dir = filepath.Join(dir, "here")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return dist
}

// one is the only file of a release that matches.
func one(t *testing.T, dist, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dist, pattern))
	require.NoError(t, err)
	require.Len(t, found, 1, pattern)
	return found[0]
}

func TestRelease(t *testing.T) {
	dist := release(t)
	t.Run("is of the files that the docs name", func(t *testing.T) {
		entries, err := os.ReadDir(dist)
		require.NoError(t, err)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		goarch := arch(t)
		machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[goarch]
		assert.ElementsMatch(t, []string{
			"drift_exporter-0.1.0.linux-" + goarch + ".tar.gz", "drift_exporter-0.1.0.linux-" + goarch + ".cdx.json",
			"drift-exporter_0.1.0_" + goarch + ".deb", "drift-exporter-0.1.0-1." + machine + ".rpm", "sha256sums.txt",
		}, names)
		check := exec.Command("sha256sum", "--check", "--strict", "sha256sums.txt")
		check.Dir = dist
		out, err := check.CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Equal(t, 4, strings.Count(string(out), ": OK\n"))
	})
	t.Run("has an archive that works where it is unpacked", func(t *testing.T) { archiveWorks(t, dist) })
	t.Run("tells what the program is made of", func(t *testing.T) { billIsTrue(t, dist) })
	t.Run("is the same when built elsewhere", func(t *testing.T) { sameElsewhere(t, dist) })
	t.Run("deb", func(t *testing.T) { debInstalls(t, dist) })
	t.Run("rpm", func(t *testing.T) { rpmInstalls(t, dist) })
}

// unpack is where the archive of a release was unpacked.
func unpack(t *testing.T, dist string) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("tar", "-xzf", one(t, dist, "*.tar.gz"), "-C", dir).CombinedOutput()
	require.NoError(t, err, string(out))
	return one(t, dir, "drift_exporter-0.1.0.linux-*")
}

func archiveWorks(t *testing.T, dist string) {
	tree := unpack(t, dist)
	for _, name := range []string{
		"LICENSE", "README.md", "CHANGELOG.md", "packs/base.yaml", "man/drift_exporter.1", "completions/drift_exporter.zsh",
		"deploy/systemd/drift_exporter.service", "deploy/alertmanager/alertmanager.yml", "docs/systemd.md",
	} {
		assert.FileExists(t, filepath.Join(tree, name))
	}
	licences, err := os.ReadFile(filepath.Join(tree, "LICENSES.third-party"))
	require.NoError(t, err)
	info, err := buildinfo.ReadFile(filepath.Join(tree, "drift_exporter"))
	require.NoError(t, err)
	for _, m := range info.Deps {
		assert.Contains(t, string(licences), "\n==== "+m.Path+" "+m.Version+": ")
	}
	strange, err := exec.Command("find", tree, "-name", "*.go", "-o", "-name", "testdata", "-o", "-name", "*.gz", "-o", "-perm", "/022").Output()
	require.NoError(t, err)
	assert.Empty(t, string(strange))

	cmd := exec.Command("./drift_exporter", "validate") // the config.yaml beside it
	cmd.Dir = tree
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.Command(filepath.Join(tree, "drift_exporter"), "--version").CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(out), "version 0.1.0 (branch: HEAD, revision: "+revision+")")
}

// elsewhere builds a release again in a copy of the machine, without a network. Of what was built before, it has the libraries'
// packages at most: those of this program are compiled anew, so that the place would show if it got into them.
const elsewhere = `
cd /srv/built/quite/elsewhere
umask 077
export TZ=Asia/Tokyo LC_ALL=C HOME="$1" PATH="$PATH:$2/bin" GOROOT="$2" GOCACHE="$3" GOMODCACHE="$4" GOFLAGS=-mod=readonly GOPROXY=off GOTOOLCHAIN=local
shift 4
CGO_ENABLED=0 go list -trimpath -buildvcs=false -export -deps -f '{{if .Module}}{{if .Module.Main}}{{.Export}}{{end}}{{end}}' ./cmd/drift_exporter >/tmp/exports
test "$(wc -l </tmp/exports)" -gt 10
xargs rm -- </tmp/exports
make "$@"`

func sameElsewhere(t *testing.T, dist string) {
	root := testroot.New(t)
	sources(t, root.Path("/srv/built/quite/elsewhere"))
	root.Put(testenv.Built(t, "nfpm"), "/usr/local/bin/nfpm", 0o755)
	root.Put(testenv.Built(t, "sbom"), "/usr/local/bin/sbom", 0o755)
	env, err := exec.Command("go", "env", "GOROOT", "GOCACHE", "GOMODCACHE").Output()
	require.NoError(t, err)
	args := append([]string{t.TempDir()}, strings.Fields(string(env))...)
	out, err := root.Try(elsewhere, append(args, arguments(t, "/srv/dist", "/usr/local/bin/nfpm", "/usr/local/bin/sbom")...)...)
	require.NoError(t, err, out)
	assert.Equal(t, sums(t, dist), sums(t, root.Path("/srv/dist")))
}

// sums are the checksums of the files in a directory.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	all := map[string]string{}
	for _, file := range files {
		all[filepath.Base(file)] = sum(t, file)
	}
	return all
}

func sum(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
