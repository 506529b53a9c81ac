package checker

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// No tool to ask is at hand here. The rules are those of src/version.c in apk-tools 2.14 and 3.0, and of the pairs in
// its test/version.data.
func TestAPKVersionOrder(t *testing.T) {
	for _, old := range []bool{false, true} {
		order := apkInstalled(old)
		assertOrdered(t, order,
			"0.1.0_alpha_pre2", "0.1.0_alpha", "0.1.0_alpha2", "0.1.3_alpha", "0.9.12", "0.12", "0.13_beta1", "0.13_beta2", "0.13_beta10", "0.13",
			"1.0.2-r0", "1.0.2-r3", "1.0.2-r10", "1.0.10-r0", "1.02-r1", "1.2_pre1-r0", "1.2_rc1-r0", "1.2_rc2-r0", "1.2", "1.2-r0", "1.2_cvs1", "1.2_svn1",
			"1.2_git20240101-r0", "1.2_git20240101-r1", "1.2_hg1", "1.2_p1-r0", "1.2_p9-r0", "1.2_p10-r0", "1.2a", "1.2a-r1", "1.2b_pre1", "1.2b", "1.2.0", "1.2.1", "2", "2.1",
			"10", "20050718-r1", "20050718-r2",
		)
		for _, same := range [][2]string{{"1.0", "1.0"}, {"006", "6"}, {"1.0-r1", "1.0-r01"}, {"1.0_rc1", "1.0_rc01"}} {
			got, err := order(same[0], same[1], false)
			require.NoError(t, err)
			assert.Zero(t, got, "%s and %s", same[0], same[1])
		}
	}
}

// What apk-tools 3 changed.
func TestAPKVersionsThatOldAndNewToolsOrderOtherwise(t *testing.T) {
	for _, c := range []struct {
		a, b     string
		new, old int
	}{
		{"1.0", "1.00", -1, 1},
		{"1.00-r0", "1.0-r0", 1, -1},
		{"1.0_rc1-r0", "1.0", -1, 1},
		{"1.01", "1.001", 1, 1},
		{"1.05", "1.5", -1, -1},
		{"1.0", "1.0-r0", -1, -1},
	} {
		for old, want := range map[bool]int{false: c.new, true: c.old} {
			got, err := apkInstalled(old)(c.a, c.b, false)
			require.NoError(t, err)
			assert.Equal(t, want, sign(got), "%s and %s, old tools: %v", c.a, c.b, old)
		}
	}
	assertOrdered(t, apkInstalled(false), "1.0-r0", "1.0~0f", "1.0~a1b2-r0", "1.0~a1b2-r1", "1.0_p1")
	assertOrdered(t, apkInstalled(true), "6.8.0p1-r0", "6.8.0p2-r0", "6.8.0p2-r1", "6.8.0p10-r0", "6.8.1p1-r0")
}

func TestAPKVersionsThatAreWanted(t *testing.T) {
	for _, c := range []struct {
		installed, wanted string
		exact             bool
		want              int
	}{
		{"1.2.3-r4", "1.2.3", true, 0}, {"1.2.3-r4", "1.2.3", false, 1}, {"1.2.3-r4", "1.2.3-r4", true, 0}, {"1.2.3-r4", "1.2.3-r5", true, -1},
		{"1.2.3", "1.2.3-r0", true, -1}, {"1.2.3_p1-r4", "1.2.3", true, 1},
	} {
		for _, old := range []bool{false, true} {
			got, err := apkInstalled(old)(c.installed, c.wanted, c.exact)
			require.NoError(t, err)
			assert.Equal(t, c.want, sign(got), "%s, wanted %s, exactly: %v", c.installed, c.wanted, c.exact)
		}
	}
}

func TestWhatAPKRefusesIsNoVersion(t *testing.T) {
	for _, c := range []struct {
		version  string
		new, old bool // a version to the new tools, to the old ones
	}{
		{"1.2.3b_rc1-r4", true, true}, {"1_p_p1", true, true}, {"0", true, true}, {"1.0~a1", true, false}, {"6.8.0p2-r1", false, true}, {"1a1.1b", false, true},
		{"", false, false}, {"a", false, false}, {"1.", false, false}, {".1", false, false}, {"1..1", false, false}, {"1bc", false, false}, {"1a.1", false, false},
		{"1_", false, false}, {"1_foo", false, false}, {"1_alphabet", false, false}, {"1_p1a", false, false}, {"1_p1.1", false, false}, {"1-1", false, false},
		{"1-r", false, false}, {"1-r1-r1", false, false}, {"1-r1_p1", false, false}, {"1-r1.1", false, false}, {"1~", false, false}, {"1~xyz", false, false},
		{"1:1", false, false}, {"1.A", false, false}, {"1 ", false, false}, {"1.é", false, false}, {">=1", false, false}, {"1.123456789012345678", false, false},
	} {
		_, err := parseAPKVersion(c.version, false)
		assert.Equal(t, c.new, err == nil, "new tools: %q", c.version)
		_, err = parseAPKVersion(c.version, true)
		assert.Equal(t, c.old, err == nil, "old tools: %q", c.version)
	}
}

var apkSeeds = []string{"1.0_rc1-r1", "1.00", "1.0", "6.8.0p2", "1.0~a1-r0", "1_p_p1", "006", "1.0_alpha_pre2", "1a1.01b"}

func FuzzAPKVersion(f *testing.F) {
	fuzzOrder(f, func(s string) (apkVersion, error) { return parseAPKVersion(s, false) },
		func(a, b apkVersion) int { return a.compare(b, false) }, apkSeeds...)
}

func FuzzOldAPKVersion(f *testing.F) {
	fuzzOrder(f, func(s string) (apkVersion, error) { return parseAPKVersion(s, true) },
		func(a, b apkVersion) int { return a.compare(b, true) }, apkSeeds...)
}
