package checker

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestPacmanVersionOrder(t *testing.T) {
	// The first line is that of vercmp(8).
	assertOrdered(t, pacmanInstalled, "1.0a", "1.0b", "1.0beta", "1.0p", "1.0pre", "1.0rc", "1.0", "1.0.a", "1.0.1")
	assertOrdered(t, pacmanInstalled, "1", "1.0", "1.1", "1.1.1", "1.2", "1.10", "2.0", "2..0")
	assertOrdered(t, pacmanInstalled, "0:3", "1:0", "1:0.1", "2:0", "10:0")
	assertOrdered(t, pacmanInstalled, "1.0-1", "1.0-1.1", "1.0-2", "1.0-10", "1.0.r5.gabc-1", "1.0.r10.gabc-1")
}

func TestPacmanVersionsThatAreWanted(t *testing.T) {
	for _, c := range []struct {
		installed, wanted string
		want              int
	}{
		{"1:1.0-1", "1.0", 0}, {"1:1.0-1", "2.0", -1}, {"1:1.0-1", "0:2.0", 1}, {"1.0-1", "0:1.0-1", 0},
		{"1.0-3", "1.0", 0}, {"1.0", "1.0-3", 0}, {"1.0-3", "1.0-3", 0}, {"1.0-3", "1.0-4", -1}, {"1.0_1-1", "1.0+1", 0},
	} {
		for _, exact := range []bool{false, true} {
			got, err := pacmanInstalled(c.installed, c.wanted, exact)
			require.NoError(t, err)
			assert.Equal(t, c.want, sign(got), "%s, wanted %s", c.installed, c.wanted)
		}
	}
}

func TestWhatPacmanRefusesIsNoVersion(t *testing.T) {
	for version, want := range map[string]string{
		"": "must not be empty", "1:": "must not be empty", "-1": "must not be empty", ":1": "epoch", "x:1": "epoch", "1-": "release",
		"1-1-1": `"-" must not be in it`, "1:1:1": `":" must not be in it`, ">=1": `">" must not be in it`, "1/2": `"/" must not`, "1.é": "must not", "1 2": "must not",
	} {
		_, err := parsePacmanVersion(version)
		assert.ErrorContains(t, err, want, "%q", version)
	}
}

// pacmanWith is pacman over a scratch database that holds these packages. Every one is of architecture any.
func pacmanWith(t testing.TB, versions map[string]string) (config string) {
	dir := t.TempDir()
	local := filepath.Join(dir, "db", "local")
	require.NoError(t, os.MkdirAll(local, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(local, "ALPM_DB_VERSION"), []byte("9\n"), 0o644))
	for name, version := range versions {
		entry := filepath.Join(local, name+"-"+version)
		require.NoError(t, os.Mkdir(entry, 0o755))
		text := "%NAME%\n" + name + "\n\n%VERSION%\n" + version + "\n\n%DESC%\n%VERSION%\n\n%ARCH%\nany\n\n%DEPENDS%\na\nb\n\n"
		require.NoError(t, os.WriteFile(filepath.Join(entry, "desc"), []byte(text), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(entry, "files"), []byte("%FILES%\n"), 0o644))
	}
	config = filepath.Join(dir, "pacman.conf")
	require.NoError(t, os.WriteFile(config, []byte("[options]\nRootDir = /\nDBPath = "+dir+"/db/\n"), 0o644))
	return config
}

// Debian's pacman comes without vercmp. But its --deptest says which of many dependencies the installed packages do
// not satisfy, and that is the same comparison.
func TestPacmanVersionsCompareAsPacmanDoes(t *testing.T) {
	pacman := testenv.Program(t, "pacman", "pacman-package-manager")
	random := rand.New(rand.NewPCG(20, 26))
	pieces := []string{"0", "00", "1", "01", "9", "10", "a", "b", "Z", "rc", "~", "^", "+", ".", "..", "_", "99999999999999999999"}
	version := func(release string) string {
		return []string{"", "", "", "0:", "1:", "01:"}[random.IntN(6)] + randomOf(random, 5, pieces...) + release
	}
	installed, wanted := map[string]string{}, map[string]string{}
	argv := []string{"--deptest"}
	for i := range 500 {
		name := fmt.Sprintf("p%d", i)
		installed[name] = version(fmt.Sprintf("-%d", 1+random.IntN(3)))
		wanted[name] = version([]string{"", "-1", "-2", "-1.1"}[random.IntN(4)])
		if random.IntN(4) == 0 {
			wanted[name] = installed[name] + pieces[random.IntN(len(pieces))]
		}
		if !strings.Contains(wanted[name], ":") { // without an epoch the installed one's does not count for us
			wanted[name] = "0:" + wanted[name]
		}
		argv = append(argv, name+"<="+wanted[name], name+">="+wanted[name])
	}
	out, err := exec.CommandContext(t.Context(), pacman, append(argv, "--config", pacmanWith(t, installed))...).Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 127, exit.ExitCode(), "some dependencies are not satisfied")
	unsatisfied := strings.Fields(string(out))
	for name, wanted := range wanted {
		order, err := pacmanInstalled(installed[name], wanted, false)
		require.NoError(t, err)
		assert.Equal(t, slices.Contains(unsatisfied, name+"<="+wanted), order > 0, "%s <= %s", installed[name], wanted)
		assert.Equal(t, slices.Contains(unsatisfied, name+">="+wanted), order < 0, "%s >= %s", installed[name], wanted)
	}
}

// Where a separator comes last, pacman itself orders in circles: 1. is older than 1.1, that is older than 1..a, and
// that is older than 1.
func FuzzPacmanVersion(f *testing.F) {
	parse := func(s string) (evr, error) {
		v, err := parsePacmanVersion(s)
		for _, part := range []string{v.version, v.release} {
			if part != "" && !isDigit(part[len(part)-1]) && !isLetter(part[len(part)-1]) {
				return v, fmt.Errorf("%q ends with a separator", s)
			}
		}
		return v, err
	}
	fuzzOrder(f, parse, evr.comparePacman, "1.0rc1-1", "1:2.3-2", "0", "1..0", "1.a", "1_a1", "1a", "1.0-1.1", "99999999999999999999")
}

func FuzzPacmanVersionWithAnyEnd(f *testing.F) {
	f.Add("1.", "1..a")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, errX := parsePacmanVersion(a)
		y, errY := parsePacmanVersion(b)
		if errX == nil && errY == nil && (x.comparePacman(x) != 0 || sign(x.comparePacman(y)) != -sign(y.comparePacman(x))) {
			t.Fatalf("%q and %q are not ordered", a, b)
		}
	})
}
