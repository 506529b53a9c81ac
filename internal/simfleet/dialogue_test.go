package simfleet

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const introduced = "nonce\nlogin\n/etc/not-a-path\n"

func TestPathsOfQuestionsArePlaced(t *testing.T) {
	for name, c := range map[string]struct{ sent, want string }{
		"a path":                               {"file\n=/etc/motd\n.\n", "file\n=/r/etc/motd\n.\n"},
		"many":                                 {"sum\n=/etc/a\n=/usr/bin/b\n=/opt/c\n.\nstage\n", "sum\n=/r/etc/a\n=/usr/bin/b\n=/r/opt/c\n.\nstage\n"},
		"a line that is looked for stays":      {"line\n=/etc/a//=Include /etc/b\n", "line\n=/r/etc/a//=Include /etc/b\n"},
		"a pattern":                            {"glob\n=/etc/conf.d//*.conf\n", "glob\n=/r/etc/conf.d//*.conf\n"},
		"a name is no path":                    {"user\n=etc\n=a/etc\n", "user\n=etc\n=a/etc\n"},
		"mounts are this machine's":            {"mount\n=/var\n.\nfile\n=/var\n", "mount\n=/var\n.\nfile\n=/r/var\n"},
		"a line that is cut off is left out":   {"file\n=/etc/motd", "file\n"},
		"a question that looks like a command": {"file\n=command\n", "file\n=command\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, passQuestions(&got, bufio.NewReaderSize(iotest.OneByteReader(strings.NewReader(introduced+c.sent)), maxLine), "/r"))
			assert.Equal(t, introduced+c.want, got.String())
		})
	}
}

func TestWhatIsNoQuestionIsRefused(t *testing.T) {
	var got bytes.Buffer
	err := passQuestions(&got, bufio.NewReaderSize(strings.NewReader(introduced+"command\n=/bin/rm\x1f/\x1f\n"), maxLine), "/r")
	require.ErrorIs(t, err, errCommand)
	assert.Equal(t, introduced, got.String())
	err = passQuestions(&got, bufio.NewReaderSize(strings.NewReader(introduced+"file\n="+strings.Repeat("x", maxLine)+"\n"), maxLine), "/r")
	require.ErrorIs(t, err, errLongLine)
}

// Whatever is sent, no path of the machine's own reaches the shell as one of the real machine, and no command does.
func FuzzQuestions(f *testing.F) {
	f.Add("file\n=/etc/motd\n.\n")
	f.Add("command\n=/bin/sh\x1f\n")
	f.Add("line\n=/etc/a//~x\n=/r/etc\nmount\n=/etc\n")
	f.Fuzz(func(t *testing.T, sent string) {
		var got bytes.Buffer
		_ = passQuestions(&got, bufio.NewReaderSize(strings.NewReader(introduced+sent), maxLine), "/r") // it may refuse
		passed, ok := strings.CutPrefix(got.String(), introduced)
		require.True(t, ok)
		op := ""
		for line := range strings.Lines(passed) {
			require.True(t, strings.HasSuffix(line, "\n"))
			require.NotEqual(t, "command\n", line)
			if path, question := strings.CutPrefix(line, "="); !question {
				op = line
			} else if op != "mount\n" {
				require.False(t, own(path), line)
			}
		}
	})
}
