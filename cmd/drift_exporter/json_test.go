package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJSONShowsWhatDoesNotPrint(t *testing.T) {
	var out strings.Builder
	require.NoError(t, writeJSON(&out, []string{"a\x1b[31m<b>\u009b1m\u202e\x7f\U000e0041é日\n"}))
	assert.Equal(t, "[\n  \"a\\u001b[31m<b>\\u009b1m\\u202e\\u007f\\udb40\\udc41é日\\n\"\n]\n", out.String())
}

func FuzzJSONStaysTheSameText(f *testing.F) {
	for _, seed := range []string{"", "a\x1b\u009b\u202e", "\U000e0041", "\xff", `\u001b"\`, "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out strings.Builder
		require.NoError(t, writeJSON(&out, text))
		printed := strings.TrimSuffix(out.String(), "\n")
		assert.Negative(t, strings.IndexFunc(printed, func(r rune) bool { return !strconv.IsPrint(r) }))
		var back string
		require.NoError(t, json.Unmarshal([]byte(printed), &back))
		if utf8.ValidString(text) {
			assert.Equal(t, text, back)
		}
	})
}
