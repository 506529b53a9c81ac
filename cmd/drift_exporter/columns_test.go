package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestColumnsAreThoseOfATerminal(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "web1": 4, "日本": 4, "ｗｅｂ": 6, "한국": 4, "e\u0301te\u0301": 3, "naïve": 5, "👍 ok": 5, "…": 1, "└─": 2,
	} {
		assert.Equal(t, want, columns(text), text)
	}
}

func TestPaddingAndCuttingGoByColumns(t *testing.T) {
	assert.Equal(t, "日本  |", pad("日本", 6)+"|")
	assert.Equal(t, "é |", pad("é", 2)+"|")
	assert.Equal(t, "日本語", cut("日本語", 6))
	assert.Equal(t, "日本…", cut("日本語", 5))
	assert.Equal(t, "日…", cut("日本語", 4), "half a character is none")
	assert.Equal(t, "web…", cut("web1.example", 4))
	assert.Equal(t, 5, columnOf("日本x", strings.Repeat("x", maxColumn+1)), "a very long one pushes none aside")
}

func TestTablesAlignWideNames(t *testing.T) {
	plain := func(_, _ int, text string) string { return text }
	assert.Equal(t, "A     B  C\n日本  1  a lo…\nx     2  b\n",
		tableOf([][]string{{"A", "B", "C"}, {"日本", "1", "a long text"}, {"x", "2", "b"}}, 14, plain))
}
