package checker

import (
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// assertOrdered checks that each version is older than the next.
func assertOrdered(t *testing.T, order versionOrder, ordered ...string) {
	t.Helper()
	for i := range ordered {
		for j := range ordered {
			got, err := order(ordered[i], ordered[j], false)
			require.NoError(t, err)
			assert.Equal(t, sign(i-j), sign(got), "%s and %s", ordered[i], ordered[j])
		}
	}
}

// fuzzOrder checks that an order is one: reflexive, antisymmetric and transitive.
func fuzzOrder[V any](f *testing.F, parse func(string) (V, error), compare func(a, b V) int, seeds ...string) {
	for i, seed := range seeds {
		f.Add(seed, seeds[(i+1)%len(seeds)], seeds[(i+2)%len(seeds)])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		x, errX := parse(a)
		y, errY := parse(b)
		z, errZ := parse(c)
		if errX != nil || errY != nil || errZ != nil {
			return
		}
		if compare(x, x) != 0 || sign(compare(x, y)) != -sign(compare(y, x)) {
			t.Fatalf("%q and %q are not ordered", a, b)
		}
		if compare(x, y) <= 0 && compare(y, z) <= 0 && compare(x, z) > 0 {
			t.Fatalf("%q, %q and %q are ordered in a circle", a, b, c)
		}
	})
}

// randomOf puts pieces together at random.
func randomOf(r *rand.Rand, n int, pieces ...string) string {
	var out strings.Builder
	for range 1 + r.IntN(n) {
		out.WriteString(pieces[r.IntN(len(pieces))])
	}
	return out.String()
}

func TestRPMVersionOrder(t *testing.T) {
	assertOrdered(t, rpmInstalled,
		"0", "1~~", "1~alpha", "1~rc1", "1", "1^", "1^git1~1", "1^git1", "1^git2", "1a", "1.0", "1.0^20240101.1", "1.0a", "1.0b1", "1.0b1.1",
		"1.0.1", "1.2", "1.10", "10", "99999999999999999998", "99999999999999999999",
	)
	assertOrdered(t, rpmInstalled, "0:3", "1:0", "1:0.1", "2:0", "10:0")
	assertOrdered(t, rpmInstalled, "1.0-0.1", "1.0-1~bpo", "1.0-1", "1.0-1.el9", "1.0-1.el9_2.1", "1.0-2", "1.0-10")
}

func TestRPMVersionsThatAreWanted(t *testing.T) {
	for _, c := range []struct {
		installed, wanted string
		want              int
	}{
		{"1:1.0-1", "1.0", 0}, {"1:1.0-1", "2.0", -1}, {"1:1.0-1", "0:2.0", 1}, {"1.0-1", "0:1.0-1", 0}, {"0:1.0-1", "1.0-1", 0}, {"1:1.0-1", "01:1.0", 0},
		{"1.0-3.el9", "1.0", 0}, {"1.0-3.el9", "1.0-3", 1}, {"1.0-3.el9", "1.0-3.el9", 0}, {"1.0-3", "1.0-4", -1}, {"1.0.-1", "1_0", 0},
	} {
		for _, exact := range []bool{false, true} {
			got, err := rpmInstalled(c.installed, c.wanted, exact)
			require.NoError(t, err)
			assert.Equal(t, c.want, sign(got), "%s, wanted %s", c.installed, c.wanted)
		}
	}
}

func TestWhatRPMRefusesIsNoVersion(t *testing.T) {
	for version, want := range map[string]string{
		"": "must not be empty", "1:": "must not be empty", "-1": "must not be empty", ":1": "epoch", "x:1": "epoch", "-1:1": "epoch", "1-": "release",
		"1-1-1": `"-" must not be in it`, "1:1:1": `":" must not be in it`, ">= 1": `">" must not be in it`, "1.é": "must not be in it", "1\n": "must not be in it",
	} {
		_, err := parseRPMVersion(version)
		assert.ErrorContains(t, err, want, "%q", version)
	}
}

// rpm compares what it is given through its own Lua: hundreds of pairs in one process.
func TestRPMVersionsCompareAsRPMDoes(t *testing.T) {
	rpm := testenv.Program(t, "rpm", "rpm")
	random := rand.New(rand.NewPCG(20, 26))
	pieces := []string{"0", "00", "1", "01", "9", "10", "a", "b", "Z", "rc", "~", "^", "+", ".", "..", "_", "git", "99999999999999999999", "99999999999999999998"}
	version := func() string {
		v := randomOf(random, 5, pieces...)
		if random.IntN(2) == 0 {
			v += "-" + randomOf(random, 3, pieces...)
		}
		return []string{"", "", "", "0:", "1:", "01:"}[random.IntN(6)] + v
	}
	var pairs [][2]string
	var script strings.Builder
	for len(pairs) < 1000 {
		a, b := version(), version()
		if random.IntN(4) == 0 {
			b = a + pieces[random.IntN(len(pieces))]
		}
		pairs = append(pairs, [2]string{a, b})
		script.WriteString("print(rpm.vercmp('" + a + "','" + b + "')..' ')")
	}
	out, err := exec.CommandContext(t.Context(), rpm, "--eval", "%{lua:"+script.String()+"}").Output()
	require.NoError(t, err)
	verdicts := strings.Fields(string(out))
	require.Len(t, verdicts, len(pairs))
	for i, pair := range pairs {
		a, err := parseRPMVersion(pair[0])
		require.NoError(t, err)
		b, err := parseRPMVersion(pair[1])
		require.NoError(t, err)
		assert.Equal(t, verdicts[i], []string{"-1", "0", "1"}[1+sign(a.compareRPM(b))], "%s and %s", pair[0], pair[1])
	}
}

func FuzzRPMVersion(f *testing.F) {
	fuzzOrder(f, parseRPMVersion, evr.compareRPM, "1.0~rc1-1", "1:2.3^git1-2.el9", "0", "1..0", "1.a", "1_a1", "1^", "1~", "99999999999999999999")
}
