package checker

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever a file holds, reading it ends, and says of a key what it says of it the next time.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		`{"a": {"b": [1, "x", null]}, "a": 2}`, "[[[[", "a: &x [*x]\nb: {<<: *x}\n", "a: &a {<<: [*a]}\n", "a: |\n x\n", "[a]\nb = {c = [1, 2]}\n[[d.e]]\n", "a.b.c = 1\n",
		"[s]\na = 1 ; x\n  b\n[DEFAULT]\n", "export A='x'\"$y\" # z\nB=\\\n", "a\\ b=\\u00fc\\\n c\n", "Match all\nPort=22 \"x\nInclude a*\n", "", "\x00", "\ufeff{}",
	} {
		for _, key := range []string{"a.b[1]", "s.a", "'", "Port"} {
			f.Add(seed, key)
		}
	}
	f.Fuzz(func(t *testing.T, content, key string) {
		steps, err := parseKey(key)
		if err != nil || len(content) > maxContent {
			return
		}
		for name, format := range configFormats {
			item := &configItem{format: name, key: key, steps: steps, section: "s"}
			read := func() (configValue, error) {
				if format.parse == nil {
					return (&configReading{answers: Answers{}}).sshd(key, content)
				}
				document, err := format.parse([]byte(content))
				if err != nil {
					return configValue{}, err
				}
				return document.value(item)
			}
			value, err := read()
			again, errAgain := read()
			assert.Equal(t, value, again, name)
			assert.Equal(t, err == nil, errAgain == nil, name)
			if err == nil {
				assert.Equal(t, value.set, len(value.texts) > 0 || value.isList || value.what != "", name)
				_ = value.String()
			}
		}
	})
}

// What makes readers slow, deep or large: none makes much more of a file than it is.
func TestHostileConfigStaysSmall(t *testing.T) {
	const size = maxContent / 4
	repeat := func(s string) string { return strings.Repeat(s, size/len(s)) }
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 8) + "*" + string(c-1) + "]\n"
	}
	merges := "a: &a {k: v}\n"
	for c := 'b'; c < 'z'; c++ {
		merges += string(c) + ": &" + string(c) + " {<<: [" + strings.Repeat("*"+string(c-1)+",", 8) + "*" + string(c-1) + "]}\n"
	}
	hostile := []string{
		bomb, merges, repeat("["), repeat("{\"a\":"), repeat("a: "), repeat("- "), repeat("a.") + "=1", "[" + repeat("a.") + "a]", "a = " + repeat("["), "a = " + repeat("{a="),
		repeat("[[a]]\n"), repeat("a=\\\n"), repeat("'"), repeat("\""), repeat("\\"), repeat("[a]\n"), repeat("=\n"), repeat("? "), repeat("&a "), repeat("!"), repeat("a\n"), repeat("\n"), repeat(" "),
		repeat("{\"a\":1},") + "{}", "[" + repeat("0,") + "0]", "a: [" + repeat("a,") + "a]", repeat("a: |\n"), repeat("# \n"), repeat("\t"), repeat("\"\\\"\" "), repeat("Include /x\n"), repeat("Match all\n"), repeat("%YAML 1.1\n"),
	}
	steps, err := parseKey("y.k[0]")
	require.NoError(t, err)
	for name, format := range configFormats {
		t.Run(name, func(t *testing.T) {
			for _, content := range hostile {
				before := allocated()
				if format.parse == nil {
					_, _ = (&configReading{answers: Answers{}}).sshd("port", content)
				} else if document, err := format.parse([]byte(content)); err == nil {
					_, _ = document.value(&configItem{format: name, key: "y.k", section: "y", steps: steps})
				}
				assert.Less(t, allocated()-before, uint64(1000*size), "%.20q", content)
			}
		})
	}
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}
