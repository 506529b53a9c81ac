package checker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Expressions of a pack run here on commands' output, and on machines: neither may take for ever, nor fill the memory.
func TestExpressionsThatExplodeAreRefused(t *testing.T) {
	for _, pattern := range []string{
		"/(((a{1000}){1000}){1000})/", "/((((((a{100}){100}){100}){100}){100}){100})/", "/" + strings.Repeat("(", 2000) + strings.Repeat(")", 2000) + "/", "/a{1,2000}/",
	} {
		_, problems := decode(t, fileKind{}, "{path: /x, contains: '"+pattern+"'}")
		assert.NotEmpty(t, problems, pattern[:min(len(pattern), 40)])
	}
	// Those that take engines of other programs exponentially long.
	path, item := oneFile(t, 0o644, strings.Repeat("a", 5000)+"!\n", `contains: ["/^(a+)+$/", "/^(a|aa)+$/", "/^(a|a?)+$/", "/(.*a){10}b/"]`)
	r := checkOne(t, shells(t)[0], item)
	require.Len(t, r.Mismatches, 4, path)
}
