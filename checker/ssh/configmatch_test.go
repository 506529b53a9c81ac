package ssh

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func FuzzWildcardMatch(f *testing.F) {
	for _, p := range []string{"", "*", "?", "**?", "a*b*c", "*.example.com", "web?", "*a*a*a*", "[a]"} {
		f.Add(p, "web1")
		f.Add(p, "aXbXc")
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 50 || len(s) > 50 || strings.IndexFunc(pattern+s, func(r rune) bool { return r > 126 || r < 32 }) >= 0 {
			return
		}
		want := "^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + "$"
		assert.Equal(t, regexp.MustCompile(want).MatchString(s), wildcardMatch(pattern, s), "%q %q", pattern, s)
	})
}
