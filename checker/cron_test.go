package checker

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCronProblems(t *testing.T) {
	user, schedule := "user must be the name of a user", `schedule must be as in a crontab, such as "0 6 * * *" or @daily, not `
	decodeCases{
		{"user's", "{user: root, schedule: 0 6 * * *, command: /bin/x}", nil},
		{"system's", "{file: /etc/cron.d/x, schedule: '@daily', command: /bin/x}", nil},
		{"system's, as a user", "{file: /etc/crontab, user: root, command: /bin/x, state: absent}", nil},
		{"several schedules", "{user: root, schedule: [0 6 * * *, 0 18 * * *], command: /bin/x}", nil},
		{"any command", `{user: root, command: "$(touch x)'\"\\|%\t*"}`, nil},
		{"no place", "{command: /bin/x}", []string{"user or file is required"}},
		{"no command", "{user: root}", []string{"command is required"}},
		{"user that is a path", "{user: ../root, command: x}", []string{user}},
		{"user that is a directory", "{user: .., command: x}", []string{user}},
		{"user that is an option", "{user: -x, command: x}", []string{user}},
		{"file of a home", "{file: ~/crontab, command: x}", []string{"file must be a crontab of the system, such as /etc/cron.d/backup; of a user's own give the user"}},
		{"file that is relative", "{file: crontab, command: x}", []string{"file must be absolute or begin with ~/"}},
		{"command of two lines", `{user: root, command: "a\nb"}`, []string{"command must not contain a newline or a NUL"}},
		{"too few fields", "{user: root, schedule: 0 6 * *, command: x}", []string{schedule + `"0 6 * *"`}},
		{"too many fields", "{user: root, schedule: 0 6 * * * *, command: x}", []string{schedule + `"0 6 * * * *"`}},
		{"unknown name", "{user: root, schedule: '@noon', command: x}", []string{schedule + `"@noon"`}},
		{"schedule twice", "{user: root, schedule: ['@daily', 0  0 * * *], command: x}", []string{`schedule "0  0 * * *" is given twice`}},
		{"no schedule", "{user: root, schedule: [], command: x}", []string{"schedule must not be empty"}},
		{"sensitive", "{user: root, command: x, sensitive: true}", []string{"name is required beside sensitive: without it results name the item by its command"}},
		{"sensitive by a name", "{user: root, command: x, sensitive: true, name: backup}", nil},
		{"not sensitive", "{user: root, command: x, sensitive: false}", nil},
	}.run(t, cronKind{})
}

func TestCronIdentity(t *testing.T) {
	for text, want := range map[string]string{
		"{user: root, command: /bin/x}":                                    "root: /bin/x",
		"{user: root, command: /bin/x, name: backup}":                      "root: backup",
		"{file: /etc/cron.d/x, command: /bin/x}":                           "/etc/cron.d/x: /bin/x",
		"{file: /etc/cron.d/x, user: bob, command: ' /bin/x  y '}":         "/etc/cron.d/x bob: /bin/x  y",
		"{file: /etc/cron.d/x, user: bob, command: x, schedule: '@daily'}": "/etc/cron.d/x bob: x",
	} {
		item, problems := decode(t, cronKind{}, text)
		require.Empty(t, problems)
		assert.Equal(t, want, item.Identity())
	}
}

var crontabs = map[string]string{
	"/var/spool/cron/crontabs/root": "# root's\nMAILTO=root\n0 6 * * * /bin/six\n30  18 * * FRI /bin/friday 100%\n0 6 * * * /bin/twice\n0 18 * * * /bin/twice\n@midnight /bin/night\n",
	"/var/spool/cron/red":           "5 4 * * * /bin/cronie\n",
	"/var/spool/cron/tabs/suse":     "5 4 * * * /bin/suse\n",
	"/etc/crontabs/alpine":          "5 4 * * * /bin/alpine\n",
	"/var/spool/cron/linked":        "-> ../../../etc/crontabs/linked",
	"/etc/crontabs/linked":          "5 4 * * * /bin/linked\n",
	"/var/spool/cron/torn":          "5 4 * * * /bin/torn\n",
	"/etc/crontabs/torn":            "5 5 * * * /bin/torn\n",
	"/etc/crontabs/empty":           "",
	"/etc/crontabs/broken":          "5 4 * * * /bin/x\npassword 1 2\nsecret is this\n",
	"/etc/crontabs/big":             strings.Repeat("# comment\n", maxContent/10+1),
	"/etc/crontab":                  "17 * * * * root /bin/hourly\n@daily bob /bin/daily\n",
	"/etc/cron.d/dir/":              "",
	"/etc/cron.d/gone":              "-> /nonexistent",
}

func underCron(t Transport, root string) Transport {
	return rooted(t, root, "/var/spool/cron/", "/etc/crontab", "/etc/cron.d/")
}

var cronCases = []struct{ item, want string }{
	{"{user: root, schedule: 0 6 * * *, command: /bin/six}", ""},
	{"{user: root, schedule: ' 0  6 * * *', command: /bin/six }", ""},
	{"{user: root, command: /bin/six, name: by any schedule}", ""},
	{"{user: root, schedule: 30 18 * * fri, command: /bin/friday 100%}", ""},
	{"{user: root, schedule: 0 7 * * *, command: /bin/six}", "wrong_schedule root: /bin/six: 0 7 * * * → 0 6 * * *"},
	{"{user: root, schedule: 0 6 * * *, command: /bin/twice}", "wrong_schedule root: /bin/twice: 0 6 * * * → 0 6 * * *; 0 18 * * *"},
	{"{user: root, schedule: [0 18 * * *, 0 6 * * *], command: /bin/twice}", ""},
	{"{user: root, schedule: [0 6 * * *, 0 7 * * *], command: /bin/six}", "wrong_schedule root: /bin/six: 0 6 * * *; 0 7 * * * → 0 6 * * *"},
	{"{user: root, schedule: '@daily', command: /bin/night}", ""},
	{"{user: root, schedule: 0 0 * * *, command: /bin/night}", ""},
	{"{user: root, schedule: 0 6 * * *, command: /bin/six -v}", "missing_cron root: /bin/six -v: 0 6 * * * → absent"},
	{"{user: root, command: /bin/other}", "missing_cron root: /bin/other: present → absent"},
	{"{user: root, command: /bin/other, state: absent}", ""},
	{"{user: root, command: /bin/twice, state: absent}", "unexpected_cron root: /bin/twice: absent → 0 6 * * *; 0 18 * * *"},
	{"{user: root, command: /bin/twice, schedule: 0 18 * * *, state: absent}", "unexpected_cron root: /bin/twice: absent → 0 18 * * *"},
	{"{user: root, command: /bin/twice, schedule: 0 19 * * *, state: absent}", ""},
	{"{user: red, command: /bin/cronie}", ""},
	{"{user: suse, command: /bin/suse}", ""},
	{"{user: alpine, command: /bin/alpine}", ""},
	{"{user: linked, command: /bin/linked}", ""},
	{"{user: crontabs, command: x}", "missing_cron crontabs: x: present → absent"},
	{"{user: empty, command: x}", "missing_cron empty: x: present → absent"},
	{"{user: nobody, command: x}", "missing_cron nobody: x: present → absent"},
	{"{user: nobody, command: x, state: absent}", ""},
	{"{file: /etc/crontab, schedule: 17 * * * *, command: /bin/hourly}", ""},
	{"{file: /etc/crontab, user: root, schedule: 17 * * * *, command: /bin/hourly}", ""},
	{"{file: /etc/crontab, user: bob, command: /bin/hourly}", "missing_cron /etc/crontab bob: /bin/hourly: present → absent, but there as user root"},
	{"{file: /etc/crontab, user: bob, command: /bin/hourly, state: absent}", ""},
	{"{file: /etc/crontab, command: /bin/daily, state: absent}", "unexpected_cron /etc/crontab: /bin/daily: absent → @daily"},
	{"{file: /etc/cron.d/none, command: x}", "missing_cron /etc/cron.d/none: x: present → absent"},
	{"{file: /etc/cron.d/gone, command: x, state: absent}", ""},
	{"{user: root, command: /bin/other, name: backup, sensitive: true}", "missing_cron root: backup: (sensitive) → (sensitive)"},
}

func TestCron(t *testing.T) {
	packs := map[string]string{}
	for i, c := range cronCases {
		packs[fmt.Sprintf("p%02d.yaml", i)] = "items: {cron: [" + c.item + "]}"
	}
	root := tree(t, crontabs)
	eachShell(t, func(t *testing.T, sh shell) {
		out := check(t, underCron(sh, root), fleetOf(t, packs, nil))
		require.Nil(t, out.Failure, "%v", out.Failure)
		for i, r := range out.Results {
			assert.Equal(t, cronCases[i].want, strings.Join(brief(r.Mismatches), "; "), cronCases[i].item)
		}
	})
}

func TestCronThatCannotBeObserved(t *testing.T) {
	root := tree(t, crontabs)
	require.NoError(t, os.WriteFile(root+"/etc/cron.d/closed", []byte("@daily root x\n"), 0o600))
	require.NoError(t, os.Chmod(root+"/var/spool/cron/crontabs", 0o700))
	t.Cleanup(func() { _ = os.Chmod(root+"/var/spool/cron/crontabs", 0o755) })
	const denied = "permission denied (the check does not run as root there; become: true lets it)"
	cases := []struct{ item, want string }{
		{"{user: torn, command: x, state: absent}", "the user has several crontabs that differ, and cron reads one of them"},
		{"{user: broken, command: /bin/x}", "the crontab's line 2 cannot be understood"},
		{"{user: big, command: x, state: absent}", "is larger than 1048576 bytes"},
		{"{file: /etc/cron.d/dir, command: x, state: absent}", "is a directory and not a file"},
		{"{file: /etc/cron.d/closed, command: x, state: absent}", denied},
		{"{user: root, command: /bin/x, state: absent}", denied},
	}
	need(t, "setpriv")
	for _, c := range cases {
		sh := shells(t)[0]
		if c.want == denied {
			sh.argv = unprivileged{sh}.argv()
		}
		r := check(t, underCron(sh, root), onePack(t, "  cron: ["+c.item+"]", nil)).Results[0]
		if assert.Len(t, r.Errors, 1, c.item) {
			assert.Equal(t, c.want, r.Errors[0].Error)
		}
		assert.Empty(t, r.Mismatches)
	}
}
