package checker

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDebVersionOrder(t *testing.T) {
	// Each is older than the next.
	ordered := []string{
		"0~~", "0~~a", "0~", "0", "0+", "0.0", "1~rc1-1", "1-1", "1-1+b1", "1-2", "1a-1", "1+-1", "1.0~beta1", "1.0",
		"1.0-1~bpo12+1", "1.0-1", "1.0-1ubuntu1", "1.0-10", "1.0a", "1.0.1", "1.2", "1.10", "99999999999999999998", "99999999999999999999",
		"99999999999999999999a", "1:0", "1:0.1", "2:0",
	}
	for i := range ordered {
		for j := range ordered {
			assert.Equal(t, i-j < 0, mustDeb(t, ordered[i]).compare(mustDeb(t, ordered[j])) < 0, "%s < %s", ordered[i], ordered[j])
			assert.Equal(t, i == j, mustDeb(t, ordered[i]).compare(mustDeb(t, ordered[j])) == 0, "%s = %s", ordered[i], ordered[j])
		}
	}
}

func mustDeb(t testing.TB, s string) debVersion {
	v, err := parseDebVersion(s)
	require.NoError(t, err)
	return v
}

// randomVersion makes versions that are alike enough to be equal or close, odd ones that dpkg accepts included.
func randomVersion(r *rand.Rand) string {
	var out strings.Builder
	if r.IntN(4) == 0 {
		fmt.Fprintf(&out, "%d:", r.IntN(3))
	}
	pieces := []string{"0", "00", "1", "01", "9", "10", "a", "b", "Z", "rc", "~", "~~", "+", ".", "..", "-", "_", "99999999999999999999", "99999999999999999998"}
	for range 1 + r.IntN(5) {
		out.WriteString(pieces[r.IntN(len(pieces))])
	}
	if r.IntN(2) == 0 {
		out.WriteString("-" + pieces[r.IntN(12)])
	}
	return out.String()
}

func TestDebVersionsCompareAsDpkgDoes(t *testing.T) {
	dpkg := need(t, "dpkg")
	accepts := func(a, relation, b string) bool {
		err := exec.CommandContext(t.Context(), dpkg, "--compare-versions", a, relation, b).Run()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			require.Equal(t, 1, exit.ExitCode(), "dpkg refuses %q or %q", a, b)
			return false
		}
		require.NoError(t, err)
		return true
	}
	random := rand.New(rand.NewPCG(20, 26))
	for compared := 0; compared < 400; {
		a, b := randomVersion(random), randomVersion(random)
		v, errA := parseDebVersion(a)
		w, errB := parseDebVersion(b)
		if errA != nil || errB != nil || a[0] == '-' || b[0] == '-' { // dpkg would take it for an option
			continue
		}
		compared++
		relation := "eq"
		if order := v.compare(w); order < 0 {
			relation = "lt"
		} else if order > 0 {
			relation = "gt"
		}
		assert.True(t, accepts(a, relation, b), "%s %s %s", a, relation, b)
	}
}

func TestWhatDpkgRefusesIsNoVersion(t *testing.T) {
	for version, want := range map[string]string{
		"": "must not be empty", "1:": "must not be empty", ":1": "epoch", "x:1": "epoch", "-1:1": "epoch", "99999999999:1": "epoch", "1.0:2": "epoch",
		"1-": "revision", "-1": "must not be empty", "1 2": "not a version", ">= 1": "not a version", "1.é": "not a version", "1\n": "not a version",
	} {
		_, err := parseDebVersion(version)
		assert.ErrorContains(t, err, want, "%q", version)
	}
}

func FuzzDebVersion(f *testing.F) {
	fuzzOrder(f, parseDebVersion, debVersion.compare, "1.0-1", "1:2.3~rc1", "0", "00", "a+b", "99999999999999999999", "1.0", "2")
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
