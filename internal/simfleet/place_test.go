package simfleet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyPathsOfTheMachinesOwnArePlaced(t *testing.T) {
	for text, want := range map[string]string{
		"/etc":                             "/r/etc",
		"cat /etc/passwd </etc/group":      "cat /r/etc/passwd </r/etc/group",
		`whole_file "/etc/$d_db"`:          `whole_file "/r/etc/$d_db"`,
		"d_q=/proc/sys/$1":                 "d_q=/r/proc/sys/$1",
		"/etcetera /usr/etc/x ./etc ~/etc": "/etcetera /usr/etc/x ./etc ~/etc",
		"$dir/etc ${dir}/etc */etc":        "$dir/etc ${dir}/etc */etc",
		"/usr/local/etc/x /usr/local/bin":  "/r/usr/local/etc/x /usr/local/bin",
		"/proc/self/mountinfo /dev/null":   "/proc/self/mountinfo /dev/null",
		"/var/lib/dpkg:/opt":               "/r/var/lib/dpkg:/r/opt",
		"none, a / and //etc":              "none, a / and //etc",
		"":                                 "",
	} {
		assert.Equal(t, want, placed(text, "/r"))
	}
}

func TestRootIsTakenOutOfAnswersHoweverTheyAreCut(t *testing.T) {
	const root = "/tmp/fleet/web1"
	text := "more " + root + "/etc/motd\n/tmp/fleet/web12 /tmp/fleet" + root + root + "x\n/tmp/fleet/we"
	want := strings.ReplaceAll(text, root, "")
	for first := range len(text) {
		for second := first; second < len(text); second += 3 {
			var got bytes.Buffer
			u := &unplaced{to: &got, root: root}
			for _, piece := range []string{text[:first], text[first:second], text[second:]} {
				n, err := u.Write([]byte(piece))
				require.NoError(t, err)
				require.Equal(t, len(piece), n)
			}
			require.NoError(t, u.flush())
			require.Equal(t, want, got.String(), "%d %d", first, second)
		}
	}
}

func TestALineThatEndsIsNeverHeldBack(t *testing.T) {
	var got bytes.Buffer
	u := &unplaced{to: &got, root: "/tmp/fleet/web1"}
	_, err := u.Write([]byte("link /tmp/fleet\n"))
	require.NoError(t, err)
	assert.Equal(t, "link /tmp/fleet\n", got.String())
}
