package exporter

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
)

// visible shows text that a machine chose just as it is: what a browser would not show, or would show in
// another place (control characters, marks that turn the direction of writing, bytes that are no UTF-8), becomes
// an escape that can be seen. Newlines and tabs stay.
func visible(s string) string {
	if strings.IndexFunc(s, hidden) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hidden(r) && r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u{%04x}`, r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

func hidden(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
}

// words makes an identifier such as wrong_permissions readable, and visible if it is none.
func words(v any) string { return visible(strings.ReplaceAll(fmt.Sprint(v), "_", " ")) }

// clip bounds what is shown in a table, in bytes of HTML; the whole of it is on the page that the row leads to.
func clip(s string) string {
	const most = 80
	size := 0
	for i, r := range s {
		if size += utf8.RuneLen(r); strings.ContainsRune(`<>&"'+`, r) {
			size += len("&#34;") - 1
		}
		if size > most {
			return s[:i] + "…"
		}
	}
	return s
}

// took is a duration as pages show it: three digits are enough.
func took(d time.Duration) time.Duration {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond)
	case d < time.Minute:
		return d.Round(100 * time.Millisecond)
	default:
		return d.Round(time.Second)
	}
}

// when is an instant as pages show it.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// between is the distance of two instants in its largest unit, as in "3 hours".
func between(a, b time.Time) string {
	d := b.Sub(a).Abs()
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if n := int(d / unit.size); n > 0 {
			return plaintext.Count(n, unit.name)
		}
	}
	return "a moment"
}

// relative says how long ago, or in how long, an instant is.
func relative(t, now time.Time) string {
	if t.After(now) {
		return "in " + between(now, t)
	}
	return between(t, now) + " ago"
}
