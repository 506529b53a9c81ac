package checker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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
		assert.True(t, got == c.want, "%s %.20q: %.60q", c.format, c.content, got)
		assert.Less(t, allocated()-before, uint64(48<<20), "%s %.20q", c.format, c.content)
	}
	assert.Equal(t, "error: line 2: the value is longer than 64 KiB", readSSHD("AcceptEnv "+half+"\nAcceptEnv "+half+"\n", "AcceptEnv"))
}
