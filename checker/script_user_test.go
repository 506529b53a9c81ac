package checker

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// who is what a machine says of its user in a file where nobody else is asked; otherwise id and getent say that it is
// the user asked, of the home /asked.
type who struct{ nsswitch, passwd, configUser, user, home string }

const filesFirst = "# comment\ngroup: nis\npasswd:\t files sss\n"

func TestWhoWeAreIsReadWhereTheMachineWouldLookItUp(t *testing.T) {
	uid := os.Getuid()
	me := fmt.Sprintf("me:x:%d:0:Me, of here:/home/me:/bin/sh\n", uid)
	others := fmt.Sprintf("x:%d:9%d:%d::/:\nother:x:9:%d:::\n", uid, uid, uid, uid)
	for name, c := range map[string]who{
		"by number":                          {nsswitch: filesFirst, passwd: me, user: "me", home: "/home/me"},
		"behind others":                      {nsswitch: filesFirst, passwd: others + me, user: "me", home: "/home/me"},
		"the first of two":                   {nsswitch: filesFirst, passwd: me + strings.ReplaceAll(me, "me", "twin"), user: "me", home: "/home/me"},
		"without a shell":                    {nsswitch: filesFirst, passwd: fmt.Sprintf("me:x:%d:0::/home/me:\n", uid), user: "me", home: "/home/me"},
		"another one":                        {nsswitch: filesFirst, passwd: me + "db:x:7:7::/var/db:/bin/sh\n", configUser: "db", user: "db", home: "/var/db"},
		"another one who is elsewhere":       {nsswitch: filesFirst, passwd: me, configUser: "asked", user: "asked", home: "/asked"},
		"another one who is nowhere":         {nsswitch: filesFirst, passwd: me, configUser: "none", user: "none"},
		"elsewhere":                          {nsswitch: filesFirst, passwd: others, user: "asked", home: "/asked"},
		"a directory is asked first":         {nsswitch: "passwd: sss files\n", passwd: me, user: "asked", home: "/asked"},
		"both at once":                       {nsswitch: "passwd: compat\n", passwd: me, user: "asked", home: "/asked"},
		"nothing says where":                 {nsswitch: "group: files\n", passwd: me, user: "asked", home: "/asked"},
		"a comment says where":               {nsswitch: "#passwd: files\n", passwd: me, user: "asked", home: "/asked"},
		"too far down":                       {nsswitch: filesFirst, passwd: strings.Repeat("u:x:99:99::/:/bin/sh\n", 100) + me, user: "asked", home: "/asked"},
		"a line that is cut off":             {nsswitch: filesFirst, passwd: strings.TrimSuffix(me, "\n"), user: "asked", home: "/asked"},
		"a line with a field less":           {nsswitch: filesFirst, passwd: fmt.Sprintf("me:x:%d:0::/home/me\n", uid), user: "me", home: "/home/me"},
		"a line with two fields less":        {nsswitch: filesFirst, passwd: fmt.Sprintf("me:x:%d:0::\n", uid), user: "asked", home: "/asked"},
		"a line with a field more":           {nsswitch: filesFirst, passwd: fmt.Sprintf("me:x:%d:0::/home/me:/bin/sh:x\n", uid), user: "asked", home: "/asked"},
		"a line that is none":                {nsswitch: filesFirst, passwd: fmt.Sprintf("#me:x:%d:0::/home/me:/bin/sh\n", uid), user: "asked", home: "/asked"},
		"a line that leads elsewhere":        {nsswitch: filesFirst, passwd: fmt.Sprintf("+me:x:%d:0::/home/me:/bin/sh\n", uid), user: "asked", home: "/asked"},
		"a group that is no number":          {nsswitch: filesFirst, passwd: fmt.Sprintf("me:x:%d:a::/home/me:/bin/sh\n", uid), user: "asked", home: "/asked"},
		"an odd name":                        {nsswitch: filesFirst, passwd: fmt.Sprintf("m e:x:%d:0::/home/me:/bin/sh\n", uid), user: "asked", home: "/asked"},
		"nothing of it is a pattern or code": {nsswitch: "passwd: * $(id)\n", passwd: fmt.Sprintf("$(id):*:%d:*::/*:*\n", uid), user: "asked", home: "/asked"},
	} {
		t.Run(name, func(t *testing.T) {
			root := tree(t, map[string]string{"etc/nsswitch.conf": c.nsswitch, "etc/passwd": c.passwd})
			tools := toolbox(t, "printf", "uname")
			fakeTool(t, tools, "id", fmt.Sprintf("echo 'uid=%d(asked) gid=0(root)'", uid))
			fakeTool(t, tools, "getent", `[ "$1 $2" = "passwd asked" ] && echo 'asked:x:1:1::/asked:/bin/sh'`)
			f := onePack(t, "  files: [{path: /nonexistent, state: absent}]", func(m *config.Machine) { m.ConfigUser = c.configUser })
			eachShell(t, func(t *testing.T, sh shell) {
				sh.path = tools
				facts := check(t, rooted(sh, root, "/etc/nsswitch.conf", "/etc/passwd"), f).Facts
				assert.Equal(t, c.user, facts.User)
				assert.Equal(t, c.home, facts.Home)
			})
		})
	}
}

// What the kernel says of itself is what uname says, or is left to it.
func TestTheKernelIsKnownWithAndWithoutUname(t *testing.T) {
	root := tree(t, map[string]string{"hostname": "web1\n", "osrelease": "6.1.0-x\n", "arch": "riscv64\n"})
	tools := toolbox(t, "printf")
	fakeTool(t, tools, "uname", "echo old 3.10 i686")
	f := onePack(t, "  files: [{path: /nonexistent, state: absent}]", nil)
	for where, want := range map[string]string{root: "web1 6.1.0-x riscv64", "/nonexistent": "old 3.10 i686"} {
		eachShell(t, func(t *testing.T, sh shell) {
			sh.path = tools
			kernel := transportFunc(func(_ Transport, s Session) Session {
				return rootedSession{s, strings.NewReplacer("/proc/sys/kernel/$d_q", where+"/$d_q")}
			}).over(sh)
			facts := check(t, kernel, f).Facts
			assert.Equal(t, want, strings.Join([]string{facts.Hostname, facts.Kernel, facts.Arch}, " "))
		})
	}
}
