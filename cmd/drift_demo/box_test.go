package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAMessageIsShownAsSlackWould(t *testing.T) {
	var out bytes.Buffer
	(&terminal{to: &out}).box(message{Channel: "#drift", Attachments: []attachment{{
		Title: "Configuration drift detected on Web 1 &lt;!here&gt;", Color: "warning",
		Fields: []field{{Title: "Machine", Value: "Web 1 (web1)"}, {Title: "Packs", Value: "base (2)"}},
		Text:   "*base:* 2 mismatches\n```\nwrong_permissions /etc/motd: 0644 → 0666\nmissing_package curl: *a* → absent\n```\n<http://h/p|Show what differs>",
	}}})
	assert.Equal(t, strings.Join([]string{
		"",
		"  ┏━ Slack, #drift " + strings.Repeat("━", 58),
		"  ┃ Configuration drift detected on Web 1 <!here>",
		"  ┃ Machine  Web 1 (web1)",
		"  ┃ Packs    base (2)",
		"  ┃",
		"  ┃ base: 2 mismatches",
		"  ┃   wrong_permissions /etc/motd: 0644 → 0666",
		"  ┃   missing_package curl: *a* → absent",
		"  ┃ Show what differs: http://h/p",
		"  ┗" + strings.Repeat("━", 75),
		"",
	}, "\n"), out.String())
}

// What machines say goes through a message.
func TestAMessageDoesNotControlTheTerminal(t *testing.T) {
	const hostile = "a\x1b[2Jb\r\u202ec\a"
	for _, colours := range []bool{false, true} {
		var out bytes.Buffer
		(&terminal{to: &out, colours: colours}).box(message{Channel: hostile, Attachments: []attachment{{
			Title: hostile, Link: hostile, Color: hostile, Text: hostile + "\n<" + hostile + "|" + hostile + ">",
			Fields: []field{{Title: hostile, Value: hostile}},
		}}})
		assert.NotContains(t, out.String(), "\x1b[2J")
		assert.NotContains(t, out.String(), "\u202e")
		assert.NotContains(t, out.String(), "\r")
		assert.NotContains(t, out.String(), "\a")
		assert.Equal(t, colours, strings.Contains(out.String(), "\x1b[33m"))
	}
}

func TestLongLinesAreBrokenAtBlanks(t *testing.T) {
	assert.Equal(t, []string{"a b", "c"}, wrapped("a b c", 4))
	assert.Equal(t, []string{"  a b", "    cc", "    dddddd"}, wrapped("  a b cc dddddd", 6))
	assert.Equal(t, []string{""}, wrapped("", 4))
	assert.Equal(t, []string{"abcdef", "g"}, wrapped("abcdef g", 4))
}
