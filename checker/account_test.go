package checker

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// accountFiles are the users and groups of a machine.
var accountFiles = map[string]string{
	"passwd": `root:x:0:0:root:/root:/bin/bash
toor:x:0:0::/root:/bin/sh
alice:x:1000:1000:Alice A.,,,:/home/alice:/bin/bash
bob:$6$HASHOFBOB:1001:100::/home/bob:
carol:*:1002:100:Carol:/home/carol:/usr/sbin/nologin
dave:x:1003:4321::/home/dave:/bin/sh
erin:x:1004:100::/home/erin:/bin/sh
a.b:x:1005:100::/:/bin/sh
axb:x:1006:100::/:/bin/sh
ad user:x:1007:2000::/:/bin/sh
no-end:x:1008:100::/:/bin/sh`,
	"group": `root:x:0:
adm:x:4:alice
sudo:$6$HASHOFSUDO:27:alice,bob
wheel:x:27:
users:x:100:
alice:x:1000:
domain users:x:2000:alice
empty:x:3000:
`,
	"shadow": `root:*:19000:0:99999:7:::
toor:!:19000:0:99999:7:::
alice:$6$HASHOFALICE:19000:0:99999:7:::
dave:!$6$HASHOFDAVE:19000:0:99999:7:::
erin::19000:0:99999:7:::
a.b:!*:19000:0:99999:7:::
axb:HASHOFAXB:19000:0:99999:7:::
`,
}

// withAccounts runs a shell where these are the files of users and groups: in a mount namespace of its own, so that
// getent and id are the real ones. All of /etc is another directory there: a mount on a file would vanish as soon as
// another test's useradd replaces that file.
func withAccounts(t testing.TB, sh shell, files map[string]string) shell {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "alternatives"), 0o755))
	if files["nsswitch.conf"] == "" && files["nsswitch.conf/x"] == "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "nsswitch.conf"), []byte("passwd: files\ngroup: files\nshadow: files\n"), 0o644))
	}
	for _, name := range sortedKeys(files) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		mode := os.FileMode(0o644)
		if name == "shadow" {
			mode = 0o600
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(files[name]), mode))
	}
	return withMounts(t, sh, dir, "mount --bind /etc/alternatives alternatives; mount --rbind . /etc")
}

// Where a directory service has a say, a name that is not found may only not have been found out.
func TestAbsenceIsBelievedOnlyOfTheMachinesOwnSources(t *testing.T) {
	const unproven = ", which may be unreachable: absence is not proven"
	f := onePack(t, "  users: [{name: alice, uid: 1000}, {name: nobody-there, state: absent}]\n  groups: [{name: adm, gid: 4}, {name: nowhere, state: absent}]\n", nil)
	cases := []struct {
		name, nsswitch string
		files          map[string]string
		want           []string
	}{
		{"files", "passwd: files\ngroup: files\n", nil, nil},
		{"other local ones", "passwd: files systemd db\ngroup:\tcompat [NOTFOUND=return SUCCESS=merge] altfiles extrausers", nil, nil},
		{"no lines", "hosts: files dns\nnetgroup: ldap\npasswd_compat: ldap\n", nil, nil},
		{"comments", "#passwd: ldap\npasswd: files # ldap\n", nil, nil},
		{"users of LDAP", "hosts: dns\n \tpasswd:files [NOTFOUND=continue] ldap\ngroup: files", nil, []string{"the machine asks ldap for users" + unproven}},
		{"groups of several, at the end", "passwd: files\ngroup: winbind files ldap [x", nil, []string{"the machine asks winbind ldap x for groups" + unproven}},
		{"unknown, and what looks like a pattern", "passwd: files /*\ngroup: ] files [a] [b]new", nil, []string{
			"the machine asks /* for users" + unproven, "the machine asks ] new for groups" + unproven,
		}},
		{"SSSD that is not set up", "passwd: sss files\ngroup: sss files", map[string]string{"sssd/pki/x": ""}, nil},
		{"SSSD", "passwd: sss files\ngroup: files", map[string]string{"sssd/sssd.conf": ""}, []string{"the machine asks sss for users" + unproven}},
		{"SSSD by a part", "passwd: sss files\ngroup: files", map[string]string{"sssd/conf.d/a.conf": ""}, []string{"the machine asks sss for users" + unproven}},
		{"compat of another source", "passwd: compat\ngroup: compat", map[string]string{"group": accountFiles["group"] + "+:::\n"}, []string{"the machine asks compat for groups" + unproven}},
		{"what is no file", "", map[string]string{"nsswitch.conf/x": "x"}, []string{"/etc/nsswitch.conf cannot be read: absence is not proven"}},
	}
	eachShell(t, func(t *testing.T, sh shell) {
		for _, c := range cases {
			files := maps.Clone(accountFiles)
			maps.Copy(files, c.files)
			if c.nsswitch != "" {
				files["nsswitch.conf"] = c.nsswitch
			}
			out := check(t, withAccounts(t, sh, files), f)
			assert.Equal(t, c.want, slices.Compact(errorTexts(out)), c.name)
			assert.Empty(t, out.Results[0].Mismatches, c.name)
		}
	})
}

// mismatchCases checks items, each in a pack of its own, and what is wrong with them; empty: nothing is.
type mismatchCases []struct{ item, want string }

func (cases mismatchCases) fleet(t testing.TB, section string) *Fleet {
	packs := map[string]string{}
	for i, c := range cases {
		packs[fmt.Sprintf("p%03d.yaml", i)] = "items: {" + section + ": [" + c.item + "]}"
	}
	return fleetOf(t, packs, nil)
}

func (cases mismatchCases) check(t testing.TB, out Outcome) {
	require.Len(t, out.Results, len(cases))
	for i, r := range out.Results {
		got := brief(r.Mismatches)
		for _, failed := range r.Errors {
			got = append(got, "error: "+failed.Error)
		}
		assert.Equal(t, cases[i].want, strings.Join(got, "; "), cases[i].item)
	}
}

func TestAccountEntriesThatMakeNoSense(t *testing.T) {
	for answer, want := range map[string]string{
		"absent":                   "{absent     }",
		"=a:x:1:2:c:/h:/s":         "{a 1 2 c /h /s}",
		"=a:x:1:2:::":              "{a 1 2   }",
		"a:x:1:2:c:/h:/s":          "error",
		"=a:x:1:2:c:/h":            "error",
		"=a:x:1:2:c:/h:/s:t":       "error",
		"=b:x:1:2:c:/h:/s":         "error",
		"=a:x:01:2:c:/h:/s":        "error",
		"=a:x:-1:2:c:/h:/s":        "error",
		"=a:x:1:4294967296:c:/h:/": "error",
		"":                         "error",
	} {
		got, err := accountOf(Answers{{Op: "user", Arg: "a"}: {Payload: answer}}, "a")
		if want == "error" {
			require.Error(t, err, "%q", answer)
			continue
		}
		require.NoError(t, err, "%q", answer)
		if got == nil {
			got = &passwdEntry{name: "absent"}
		}
		assert.Equal(t, want, fmt.Sprint(*got))
	}
	_, err := groupOf(Answers{{Op: "group", Arg: "a"}: {Payload: "=a:x:x:"}}, "a")
	assert.ErrorContains(t, err, "number makes no sense")
}

func TestLinesOfID(t *testing.T) {
	for line, want := range map[string]string{
		"uid=1(a) gid=2(b) groups=2(b)":                     "1 b [b]",
		"uid=1(a) gid=2(b) groups=2(b),3(c),4":              "1 b [b c 4]",
		"uid=1 gid=2 groups=2":                              "1 2 [2]",
		"uid=1(a) gid=2(domain users) groups=2(d u),3(x(y)": "1 domain users [d u x(y]",
		"uid=1(a) gid=2(b) groups=2(a,b),13(c)":             "1 b [a,b c]",
		"uid=1(a) gid=2(b) groups=":                         "",
		"uid=1(a) gid=2(b)":                                 "",
		"uid=1(a) gid=2(b) groups=2(b),":                    "",
		"uid=1(a) gid=2(b) groups=2(b),c":                   "",
		"uid=1(a) gid=2(b) groups=2b":                       "",
		"uid=1(a) gid=2(b) groups=2(b) context=x":           "",
		"uid=4294967296(a) gid=2(b) groups=2(b)":            "",
		"id: a: no such user":                               "",
	} {
		got, err := parseIdentified(line)
		if want == "" {
			require.ErrorIs(t, err, errIdentified, line)
			continue
		}
		require.NoError(t, err, line)
		assert.Equal(t, want, fmt.Sprint(got.uid, " ", got.primary, " ", got.groups), line)
	}
}

func FuzzAccounts(f *testing.F) {
	f.Add("=a:x:1:2:c:/h:/s", "uid=1(a) gid=2(b) groups=2(b),3(c)")
	f.Add("=a:x:1:b,c", "uid=1 gid=2 groups=2,3")
	f.Add("absent", "uid=1(a) gid=2(b) groups=")
	f.Fuzz(func(t *testing.T, answer, line string) {
		payload := Answer{Payload: answer}
		answers := Answers{{Op: "user", Arg: "a"}: payload, {Op: "group", Arg: "a"}: payload}
		user, err := accountOf(answers, "a")
		if err == nil && (user == nil) != (answer == "absent") {
			t.Fatalf("%q is no proof of absence", answer)
		}
		group, err := groupOf(answers, "a")
		if err == nil && (group == nil) != (answer == "absent") {
			t.Fatalf("%q is no proof of absence", answer)
		}
		id, err := parseIdentified(line)
		if err != nil {
			return
		}
		if len(id.groups) == 0 || !isID(id.uid) || !isID(id.primary.gid) {
			t.Fatalf("%q gave %+v", line, id)
		}
	})
}
