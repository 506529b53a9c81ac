package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
)

// box shows a message as Slack would show it, as far as a terminal can.
func (t *terminal) box(m message) {
	for _, a := range m.Attachments {
		colour := green
		if a.Color != "good" {
			colour = yellow
		}
		edge := func(corner, text string) {
			fmt.Fprintf(t.to, "  %s%s\n", t.paint(colour, corner), text)
		}
		head := " Slack, " + plaintext.Escape(m.Channel, "") + " "
		fmt.Fprintln(t.to)
		edge("┏━"+head+strings.Repeat("━", max(0, textWidth-5-len([]rune(head)))), "")
		for _, line := range wrapped(shown(a.Title), textWidth-4) {
			edge("┃ ", t.paint(bold, line))
		}
		for _, f := range a.Fields {
			edge("┃ ", fmt.Sprintf("%-8s %s", shown(f.Title), shown(f.Value)))
		}
		edge("┃", "")
		for line := range strings.SplitSeq(slackText(a.Text), "\n") {
			for _, piece := range wrapped(line, textWidth-4) {
				edge("┃ ", piece)
			}
		}
		edge("┗"+strings.Repeat("━", textWidth-3), "")
	}
}

var (
	slackLink = regexp.MustCompile(`<([^|>]*)\|([^>]*)>`)
	slackBold = regexp.MustCompile(`\*([^*\n]+)\*`)
)

// slackText is Slack's markup (mrkdwn) as text: links with their address, code indented.
func slackText(text string) string {
	var lines []string
	code := false
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "```":
			code = !code
			continue
		case code:
			line = "  " + line
		default:
			line = slackLink.ReplaceAllString(slackBold.ReplaceAllString(line, "$1"), "$2: $1")
		}
		lines = append(lines, shown(line))
	}
	return strings.Join(lines, "\n")
}

// shown is text of a message with the three characters that Slack has escaped, and without what would control a
// terminal.
func shown(text string) string {
	return plaintext.Escape(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text), "")
}
