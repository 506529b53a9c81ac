package checker

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func FuzzTextsOfASnapshotPrintAndStayTheSame(f *testing.F) {
	for _, seed := range []string{"", "plain", "\x1b[2J", "\u202e", "a\u202e: b # c", "\u009b", "\U000e0041", "'\"\\\u2066", "x\ny\u200b", strings.Repeat("\u202e wide ", 40), "\ufeff", "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) {
			t.Skip("the encoder makes binary of it")
		}
		document := &yaml.Node{Kind: yaml.MappingNode}
		addField(document, "path", text(value))
		quoteUnprintable(document)
		encoded, err := yaml.Marshal(document)
		require.NoError(t, err)
		written := string(escapeUnprintable(encoded))
		assert.Negative(t, strings.IndexFunc(written, func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }), "%q", written)
		var back map[string]string
		require.NoError(t, yaml.Unmarshal([]byte(written), &back), "%q", written)
		assert.Equal(t, value, back["path"], "%q", written)
	})
}
