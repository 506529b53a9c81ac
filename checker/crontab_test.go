package checker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCrontabsOfUsers(t *testing.T) {
	entries, err := parseCrontab(strings.Join([]string{
		"# m h dom mon dow command", "", " \t", "SHELL=/bin/sh", `MAILTO = "a b"`, `"QUOTED NAME" = x`, "EMPTY=", "  PATH=/bin",
		"0 6 * * * /usr/bin/x", "\t*/5  0-4,8\t* jan MON   A=b /bin/y  1 2 ", "@daily /bin/z", "@reboot\tsleep 1 # no comment",
		"0 0 1 1 7 date +\\%F%input%more", "1 2 3 4 5 =", "#0 0 * * * off", "-*/2 * * * * quiet",
	}, "\n")+"\n", false)
	require.NoError(t, err)
	assert.Equal(t, []cronEntry{
		{"0 6 * * *", "", "/usr/bin/x"}, {"*/5 0-4,8 * jan MON", "", "A=b /bin/y  1 2"}, {"@daily", "", "/bin/z"},
		{"@reboot", "", "sleep 1 # no comment"}, {"0 0 1 1 7", "", "date +\\%F%input%more"}, {"1 2 3 4 5", "", "="},
		{"-*/2 * * * *", "", "quiet"},
	}, entries)
}

func TestCrontabsOfTheSystem(t *testing.T) {
	entries, err := parseCrontab("PATH=/bin\n17 *\t* * *\troot\tcd / && run-parts /etc/cron.hourly\n@hourly www-data /bin/x\n", true)
	require.NoError(t, err)
	assert.Equal(t, []cronEntry{{"17 * * * *", "root", "cd / && run-parts /etc/cron.hourly"}, {"@hourly", "www-data", "/bin/x"}}, entries)
}

func TestCrontabsThatCannotBeUnderstood(t *testing.T) {
	for content, want := range map[string]string{
		"0 6 * * * x":                    "the crontab's last line has no end, for which some crons ignore it",
		"0 6 * * *\n":                    "the crontab's line 1 cannot be understood",
		"\n0 6 * *\n":                    "the crontab's line 2 cannot be understood",
		"0 6 * * * x\nsecret\n":          "the crontab's line 2 cannot be understood",
		"@daily\n":                       "the crontab's line 1 cannot be understood",
		"@sometimes x\n":                 "the crontab's line 1 cannot be understood",
		"0 6 * * $ x\n":                  "the crontab's line 1 cannot be understood",
		"0 6 * * * x\x00y\n":             "the crontab's line 1 cannot be understood",
		"<<<<<<< HEAD of a merge here\n": "the crontab's line 1 cannot be understood",
	} {
		_, err := parseCrontab(content, false)
		require.EqualError(t, err, want, content)
	}
	for _, content := range []string{"0 6 * * * root\n", "@daily root\n", "* * * * * * x\n", "0 0 * * * /bin/x y\n"} {
		_, err := parseCrontab(content, true)
		require.EqualError(t, err, "the crontab's line 1 cannot be understood", content)
	}
}

// FuzzCrontab wants no crash, no entry without a command, and entries that read the same when they are written again.
func FuzzCrontab(f *testing.F) {
	for _, seed := range []string{
		"0 6 * * * /usr/bin/x\n", "@daily root x\n", "A=b\n#x\n\n*/5 0-4,8 * jan MON root y\n", "'a b' = c\n", "\t-1 * * * * r % %\n", "* * * * *", "@reboot", "a =\x00\n",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, content string, system bool) {
		entries, err := parseCrontab(content, system)
		if err != nil {
			assert.Empty(t, entries)
			return
		}
		var again strings.Builder
		for _, e := range entries {
			assert.NotEmpty(t, e.command)
			assert.Equal(t, system, e.user != "")
			again.WriteString(e.schedule + " " + e.user + "\t" + e.command + "\n")
		}
		reread, err := parseCrontab(again.String(), system)
		require.NoError(t, err)
		assert.Equal(t, entries, reread)
	})
}
