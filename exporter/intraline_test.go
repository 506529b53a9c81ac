package exporter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drawn writes parts with what is changed in [brackets], and what has a class behind its <class>.
func drawn(all []part) string {
	var b strings.Builder
	for _, p := range all {
		text := p.Text
		if p.Class != "" {
			text = "<" + p.Class + ">" + text
		}
		if p.Changed {
			text = "[" + text + "]"
		}
		b.WriteString(text)
	}
	return b.String()
}

func TestIntralineMarks(t *testing.T) {
	for name, tc := range map[string]struct{ before, after, wantBefore, wantAfter string }{
		"a word":                                 {"PermitRootLogin no", "PermitRootLogin yes", "PermitRootLogin [no]", "PermitRootLogin [yes]"},
		"a word of letters, whole":               {"ensure: present now", "ensure: absent now", "ensure: [present] now", "ensure: [absent] now"},
		"words that only end alike":              {"present", "absent", "present", "absent"},
		"a longer word":                          {"UseDNS enabled", "UseDNS enable", "UseDNS [enabled]", "UseDNS [enable]"},
		"a word with a number":                   {"sshd1 on", "sshd2 on", "sshd[1] on", "sshd[2] on"},
		"a version with letters":                 {"7.88.1-10+deb12u5", "7.88.1-10+deb12u7", "7.88.1-10+deb12u[5]", "7.88.1-10+deb12u[7]"},
		"the end of a mode":                      {"0600", "0644", "06[00]", "06[44]"},
		"a version":                              {">= 3.0.13-1", "3.0.11-1", "[>= ]3.0.1[3]-1", "3.0.1[1]-1"},
		"something more":                         {"a b c", "a b x c", "a b c", "a b[ x] c"},
		"several words":                          {"one two three four five", "one 2 3 four five", "one [two three] four five", "one [2 3] four five"},
		"much added to what was there":           {"Subsystem sftp", "Subsystem sftp -l INFO -f AUTHPRIV --and --much --more --of --that", "Subsystem sftp", "Subsystem sftp[ -l INFO -f AUTHPRIV --and --much --more --of --that]"},
		"the same":                               {"a b", "a b", "a b", "a b"},
		"little in common":                       {"-- keep out", "<script>alert(1)</script>", "-- keep out", "<script>alert(1)</script>"},
		"other words":                            {"yes", "no", "yes", "no"},
		"nothing and something":                  {"", "x", "", "x"},
		"only a sign in common":                  {"a=b", "c=d", "a=b", "c=d"},
		"too many changes":                       {strings.Repeat("a b ", 50), strings.Repeat("a c ", 50), strings.Repeat("a b ", 49) + "a b<tail> ", strings.Repeat("a c ", 49) + "a c<tail> "},
		"blanks at the end":                      {"UseDNS no", "UseDNS no \t", "UseDNS no", "UseDNS no[<tail> ][<tab>\t]"},
		"a tab for blanks":                       {"    mode 1", "\tmode 1", "[    ]mode 1", "[<tab>\t]mode 1"},
		"a tab that is in both":                  {"a\tb c d", "a\tb c e", "a<tab>\tb c [d]", "a<tab>\tb c [e]"},
		"an escape is marked whole":              {`Port 22\r`, `Port 22\x0d`, `Port 22[\r]`, `Port 22[\x0d]`},
		"what the page itself must escape":       {"say hello\x1b world", "say hello\x1c world", `say hello[\x1b] world`, `say hello[\x1c] world`},
		"bytes that are no UTF-8":                {"say hello \xe2\x82 x", "say hello \xe2\x82\xac x", `say hello [\xe2\x82] x`, `say hello [€] x`},
		"letters of several bytes":               {"Grüße an alle", "Grüsse an alle", "[Grüße] an alle", "[Grüsse] an alle"},
		"marks of the writing direction":         {"user root is here", "user \u202eroot is here", "user root is here", `user [\u{202e}]root is here`},
		"a combining mark stays with its letter": {"cafe\u0301 is open", "cafe\u0300 is open", "[cafe\u0301] is open", "[cafe\u0300] is open"},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := intraline(tc.before, tc.after)
			assert.Equal(t, tc.wantBefore, drawn(parts(before)))
			assert.Equal(t, tc.wantAfter, drawn(parts(after)))
		})
	}
}

func TestIntralineOfVeryLongLinesMarksNothing(t *testing.T) {
	long := strings.Repeat("word ", maxIntraline)
	before, after := intraline(long+"a", long+"b")
	for _, side := range [][]piece{before, after} {
		for _, p := range side {
			require.False(t, p.changed)
		}
	}
}

// Marks take nothing away, add nothing and cut no character.
func FuzzIntraline(f *testing.F) {
	f.Add("PermitRootLogin no", "PermitRootLogin yes ")
	f.Add("a\xff\xfe \x1b[31m \\x1b", "a\xff \u202e\u2028\t\t")
	f.Add("e\u0301\r", "e\u0300\x00")
	f.Fuzz(func(t *testing.T, before, after string) {
		a, b := intraline(before, after)
		for _, side := range []struct {
			text  string
			parts []part
		}{{before, parts(a)}, {after, parts(b)}} {
			var whole strings.Builder
			for _, p := range side.parts {
				require.NotEmpty(t, p.Text)
				require.Equal(t, visible(p.Text), p.Text)
				whole.WriteString(p.Text)
			}
			require.Equal(t, visible(side.text), whole.String())
		}
	})
}
