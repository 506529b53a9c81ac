package checker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLongConfigValues(t *testing.T) {
	const long = "error: the value is longer than 64 KiB"
	fits, over := strings.Repeat("A", maxConfigValue), strings.Repeat("A", maxConfigValue+1)
	half := over[:maxConfigValue/2+1]
	bomb := "x: &x " + strings.Repeat("A", 200<<10) + "\na: [" + strings.Repeat("*x, ", 1500) + "]\n"
	many := "x: &x " + strings.Repeat("A", 1000) + "\na: [" + strings.Repeat("*x, ", 100_000) + "]\n"
	for _, c := range []struct{ format, content, want string }{
		{"yaml", bomb, long},
		{"yaml", many, long},
		{"yaml", "a: " + fits + "\n", fits},
		{"yaml", "a: " + over + "\n", long},
		{"yaml", "a: [" + half + ", " + half + "]\n", long},
		{"yaml", "b: " + over + "\na: 1\n", "1"},
		{"json", `{"a": "` + fits + `"}`, fits},
		{"json", `{"a": "` + over + `"}`, long},
		{"json", `{"a": ["` + half + `", "` + half + `"]}`, long},
		{"toml", `a = "` + over + `"`, long},
		{"toml", `a = ["` + half + `", "` + half + `"]`, long},
		{"ini", "a = " + over, long},
		{"properties", "a = " + over, long},
		{"env", "a=" + over, long},
	} {
		before := allocated()
		got := readConfig(t, c.format, c.content, "key: a")
		assert.Equal(t, c.want, got, "%s %.20q", c.format, c.content)
		assert.Less(t, allocated()-before, uint64(48<<20), "%s %.20q", c.format, c.content)
	}
	assert.Equal(t, "error: line 2: the value is longer than 64 KiB", readSSHD("AcceptEnv "+half+"\nAcceptEnv "+half+"\n", "AcceptEnv"))
}

func TestSSHDIncludesAreBounded(t *testing.T) {
	const file = "self 81a4:0:0:%d:root:root"
	var names, patterns, doubled strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&names, "Include /etc/%d\n", i)
		fmt.Fprintf(&patterns, "Include /etc/%d/*\n", i)
		fmt.Fprintf(&doubled, "Include /etc/0\n")
	}
	answers := Answers{}
	for i, size := range []int64{0, maxContent, maxContent, maxContent, maxContent, maxContent, maxContent, maxContent, maxContent, 1, maxContent + 1} {
		answers[Question{Op: "file", Arg: fmt.Sprintf("/etc/%d", i)}] = Answer{Payload: fmt.Sprintf(file, size)}
	}
	first := func(n int) string { return strings.Join(strings.SplitAfter(names.String(), "\n")[:n], "") }
	undecided := errUndecided.Error()
	for name, c := range map[string]struct {
		content, want string
		questions     int
	}{
		"as many":      {strings.Repeat("Include /none\n", 100), undecided, 100},
		"one line":     {"Include" + strings.Repeat(" /none", 5000), "line 1: more than 100 files are included", 100},
		"patterns":     {patterns.String(), "line 101: files are included by more than 100 patterns", 100},
		"twice counts": {doubled.String(), "line 101: more than 100 files are included", 200},
		"8 MiB":        {first(9), undecided, 18},
		"more":         {first(10), "line 10: an included file: the included files hold more than 8388608 bytes", 18},
		"more than is read of a file": {
			"Include /etc/10\n", "line 1: an included file: is larger than 1048576 bytes", 0,
		},
	} {
		reading := configReading{answers: answers}
		_, err := reading.sshd("Port", c.content)
		require.EqualError(t, err, c.want, name)
		assert.Len(t, reading.more, c.questions, name)
		for _, q := range reading.more {
			if q.Op == "content" {
				answer, err := parseObserved(answers[Question{Op: "file", Arg: q.Arg}].Payload)
				require.NoError(t, err)
				assert.Equal(t, answer.reached.size, q.Size, "what is asked for is as large as the file")
			}
		}
	}
	reading := configReading{answers: Answers{}}
	_, err := reading.sshd("Port", names.String())
	require.EqualError(t, err, "line 101: more than 100 files are included")
	assert.Len(t, reading.more, 100)
}

func TestSSHDThatIncludesTooMuchIsNoVerdict(t *testing.T) {
	dir := t.TempDir()
	for i := range 101 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.many", i)), []byte("Port 1\n"), 0o644))
	}
	large := filepath.Join(dir, "large")
	require.NoError(t, os.WriteFile(large, []byte(strings.Repeat("# comment\n", maxContent/10)), 0o644))
	main := func(name, content string) string {
		return "    - {type: config, path: " + configFile(t, name, content, 0o644) + ", format: sshd, key: Port, expected: 1}\n"
	}
	items := "  settings:\n" + main("files", "Include "+dir+"/*.many\n") + main("size", "Port 1\n"+strings.Repeat("Include "+large+"\n", 9))
	out := check(t, shells(t)[0], onePack(t, items, nil))
	require.Len(t, out.Results[0].Errors, 2)
	assert.Equal(t, "line 1: more than 100 files are included", out.Results[0].Errors[0].Error)
	assert.Equal(t, "line 10: an included file: the included files hold more than 8388608 bytes", out.Results[0].Errors[1].Error)
}

// A key that is not there is looked for without making anything of the fields that are.
func TestAbsentKeysOfALargeMappingAreCheap(t *testing.T) {
	var text strings.Builder
	text.WriteString("{")
	for i := 0; text.Len() < maxContent-20; i++ {
		fmt.Fprintf(&text, "k%d: , ", i)
	}
	for name, content := range map[string]string{
		"plain": text.String() + "}", "merging": text.String() + "<<: {z: 1}}",
	} {
		document, err := parseYAML([]byte(content))
		require.NoError(t, err)
		before := allocated()
		for i := range 100 {
			value, err := document.value(&configItem{steps: []keyStep{{name: fmt.Sprintf("none%d", i)}}})
			require.NoError(t, err)
			assert.False(t, value.set)
		}
		assert.Less(t, allocated()-before, uint64(1<<20), name)
	}
}
