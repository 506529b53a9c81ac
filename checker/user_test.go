package checker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestUserProblems(t *testing.T) {
	const number = " must be a number from 0 to 4294967295, not "
	const name = " must be a name: without : , and /, and no - first"
	decodeCases{
		{"everything", "{name: a, uid: 0, group: b, groups: [c, 12], only_groups: true, home: /h, shell: /s, comment: '', password_locked: true}", nil},
		{"one group", "{name: a, groups: b}", nil},
		{"no groups", "{name: a, groups: [], only_groups: true}", nil},
		{"names of directory services", `{name: 'DOM\a b$@example.org', group: domain users}`, nil},
		{"no name", "{uid: 1}", []string{"name is required"}},
		{"number for a name", "{name: 1000}", []string{"name must be a name, not a number: machines would look up whoever has that number"}},
		{"what getent reads as a number", "{name: ' +1000'}", []string{"name must be a name, not a number: machines would look up whoever has that number"}},
		{"option", "{name: -x}", []string{"name" + name}},
		{"several entries", `{name: "a\nb"}`, []string{"name must not contain a newline or a NUL"}},
		{"pattern", "{name: 'a*', group: '[b]'}", []string{"name must be one name: patterns with *, ? or [ are not known", "group must be one name: patterns with *, ? or [ are not known"}},
		{"colon", "{name: 'a:b'}", []string{"name" + name}},
		{"names for numbers", "{name: a, uid: root}", []string{"uid" + number + `"root"`}},
		{"too large", "{name: a, uid: 4294967296}", []string{"uid" + number + `"4294967296"`}},
		{"group twice", "{name: a, groups: [b, c, b]}", []string{`groups has "b" twice`}},
		{"list of groups as one", "{name: a, groups: 'b,c'}", []string{"groups" + name}},
		{"only groups without groups", "{name: a, only_groups: true}", []string{"only_groups needs groups; [] is none"}},
		{"relative home", "{name: a, home: ~/a}", []string{"home must be an absolute path without a colon"}},
		{"comment of two lines", `{name: a, comment: "a\nb"}`, []string{"comment must not contain a colon, a newline or a NUL"}},
		{"absent with demands", "{name: a, state: absent, uid: 1, password_locked: false}", []string{"state absent excludes password_locked", "state absent excludes uid"}},
	}.run(t, userKind{})
}

func TestUserMismatches(t *testing.T) {
	cases := mismatchCases{
		{"{name: alice}", ""},
		{"{name: alice, uid: 1000, group: alice, home: /home/alice, shell: /bin/bash, comment: 'Alice A.,,,'}", ""},
		{"{name: alice, uid: 01000, group: 1000}", ""},
		{"{name: alice, uid: 1001}", "wrong_user alice: uid 1001 → uid 1000"},
		{"{name: alice, group: users}", "wrong_user alice: group users → group alice"},
		{"{name: alice, group: 100}", "wrong_user alice: group 100 → group 1000"},
		{"{name: alice, group: nowhere}", "wrong_user alice: group nowhere → group alice"},
		{"{name: alice, home: /home/alice/}", "wrong_user alice: home /home/alice/ → home /home/alice"},
		{"{name: alice, shell: /bin/sh, comment: A}", "wrong_user alice: shell /bin/sh → shell /bin/bash; wrong_user alice: comment A → comment Alice A.,,,"},
		{"{name: bob, shell: /bin/sh, comment: ''}", "wrong_user bob: shell /bin/sh → shell (empty)"},
		{"{name: alice, groups: [adm, 27, alice]}", ""},
		{"{name: alice, groups: [domain users, wheel]}", ""}, // wheel has the number of sudo
		{"{name: alice, groups: [adm, users]}", "wrong_user alice: groups adm, users → groups alice, adm, sudo, domain users"},
		{"{name: alice, groups: nowhere}", "wrong_user alice: groups nowhere → groups alice, adm, sudo, domain users"},
		{"{name: alice, groups: [adm, wheel, domain users], only_groups: true}", ""},
		{"{name: alice, groups: [alice, adm, wheel, 2000], only_groups: true}", ""},
		{"{name: alice, groups: [adm, sudo], only_groups: true}", "wrong_user alice: groups adm, sudo → groups adm, sudo, domain users"},
		{"{name: carol, groups: [], only_groups: true}", ""},
		{"{name: bob, groups: [], only_groups: true}", "wrong_user bob: groups (none) → groups sudo"},
		{"{name: dave, group: 4321}", ""},
		{"{name: dave, group: users}", "wrong_user dave: group users → group 4321"},
		{"{name: toor, uid: 0, group: root}", ""},
		{"{name: ad user, uid: 1007, group: domain users}", ""},
		{"{name: no-end, uid: 1008}", ""},
		{"{name: a.b, uid: 1005}", ""},
		{"{name: alic, uid: 1}", "missing_user alic: present → absent"},
		{"{name: al.ce}", "missing_user al.ce: present → absent"},
		{"{name: Alice, password_locked: true}", "missing_user Alice: present → absent"},
		{"{name: '$(touch canary)', state: absent}", ""},
		{"{name: bob, state: absent}", "unexpected_user bob: absent → uid 1001"},
		{"{name: root, password_locked: true}", ""},
		{"{name: root, password_locked: false}", "wrong_user root: password set → password locked"},
		{"{name: toor, password_locked: true}", ""},
		{"{name: dave, password_locked: true}", ""},
		{"{name: a.b, password_locked: true}", ""},
		{"{name: carol, password_locked: true}", ""},
		{"{name: alice, password_locked: false}", ""},
		{"{name: alice, password_locked: true}", "wrong_user alice: password locked → password set"},
		{"{name: bob, password_locked: false}", ""},
		{"{name: axb, password_locked: true}", "wrong_user axb: password locked → password set"},
		{"{name: erin, password_locked: true}", "wrong_user erin: password locked → no password"},
		{"{name: erin, password_locked: false}", "wrong_user erin: password set → no password"},
		{"{name: ad user, password_locked: true}", "error: has no entry in /etc/shadow"},
		{"{name: alice, uid: 1, sensitive: true}", "wrong_user alice: (sensitive) → (sensitive)"},
	}
	f := cases.fleet(t, "users")
	assertHarmless(t, "canary", func(sh shell) {
		cases.check(t, check(t, withAccounts(t, sh, accountFiles), f))
	})
}

func TestHashesStayOnTheMachine(t *testing.T) {
	f := onePack(t, `  users:
    - {name: alice, password_locked: false, groups: alice}
    - {name: bob, password_locked: false}
    - {name: dave, password_locked: true}
  groups: [{name: sudo, gid: 27}]
`, nil)
	eachShell(t, func(t *testing.T, sh shell) {
		whole := transcribe(t, withAccounts(t, sh, accountFiles), f)
		assert.Contains(t, whole, "=bob:x:1001")
		assert.Contains(t, whole, "=sudo:x:27")
		assert.NotContains(t, whole, "HASH")
		assert.NotContains(t, whole, "$6$")
	})
}

func TestPasswordsThatMayNotBeReadAreAnError(t *testing.T) {
	need(t, "setpriv")
	cases := mismatchCases{
		{"{name: alice, uid: 1000, groups: [adm]}", ""},
		{"{name: alice, password_locked: true}", "error: permission denied (the check does not run as root there; become: true lets it)"},
		{"{name: bob, password_locked: false}", ""}, // whose hash is in passwd
		{"{name: nobody-there, state: absent}", ""},
	}
	f := cases.fleet(t, "users")
	eachShell(t, func(t *testing.T, sh shell) {
		if sh.path != "" {
			t.Skip("its tools are in a directory that only root may read")
		}
		sh.argv = unprivileged{sh}.argv()
		cases.check(t, check(t, withAccounts(t, sh, accountFiles), f))
	})
}

func TestUsersThatCannotBeObserved(t *testing.T) {
	items := "  users: [{name: root, uid: 0, groups: root}, {name: absent, state: absent}]\n"
	for _, c := range []struct {
		name, getent, id string
		want             []string
	}{
		{"getent breaks", "exit 3", "exit 0", []string{"getent failed with status 3", "getent failed with status 3"}},
		{"it is killed", "kill -9 $$", "exit 0", []string{"getent failed with status 137", "getent failed with status 137"}},
		{"nothing, and all is well", "exit 0", "exit 0", []string{"getent gave an entry of another name", "getent gave an entry of another name"}},
		{"somebody else", "echo rooot:x:0:0:::", "exit 0", []string{"getent gave an entry of another name", "getent gave an entry of another name"}},
		{"half a line", "[ $2 = root ] && echo root:SECRET; exit 2", "exit 0", []string{"the machine's entry makes no sense"}},
		{"id breaks", "[ $2 = root ] && echo root:x:0:0:::; exit 2", "exit 1", []string{"id failed"}},
		{"id has other numbers", "[ $2 = root ] && echo root:x:0:0:::; exit 2", "echo 'uid=1(root) gid=0(root) groups=0(root)'", []string{"id and the user's entry do not say the same"}},
		{"id has half a line", "[ $2 = root ] && echo root:x:0:0:::; exit 2", "echo 'uid=0(root) gid=0(root)'", []string{`id gave what makes no sense: "uid=0(root) gid=0(root)"`}},
		{"all is well", "[ $2 = root ] && echo root:x:0:0:::; exit 2", "echo 'uid=0(root) gid=0(root) groups=0(root)'", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "cat", "uname")}
			fakeTool(t, sh.path, "getent", c.getent)
			fakeTool(t, sh.path, "id", c.id)
			assert.Equal(t, c.want, errorTexts(check(t, sh, onePack(t, items, nil))))
		})
	}
	t.Run("without id", func(t *testing.T) {
		sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "cat", "awk")}
		assert.Equal(t, []string{"id is missing"}, errorTexts(check(t, sh, onePack(t, items, nil))))
	})
	t.Run("without anything", func(t *testing.T) {
		sh := shell{argv: shells(t)[0].argv, path: toolbox(t)}
		assert.Equal(t, []string{"getent and awk are missing", "getent and awk are missing"}, errorTexts(check(t, sh, onePack(t, items, nil))))
	})
}

// errorTexts are the errors of an outcome's only pack.
func errorTexts(out Outcome) []string {
	var texts []string
	for _, failed := range out.Results[0].Errors {
		texts = append(texts, failed.Error)
	}
	return texts
}

func TestPasswordsOfUsersWhoAreKeptElsewhere(t *testing.T) {
	sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "cat", "awk", "id")}
	fakeTool(t, sh.path, "getent", `echo "from.directory:*:5000:5000::/home/x:/bin/sh"`)
	out := check(t, sh, onePack(t, "  users: [{name: from.directory, password_locked: true}]", nil))
	assert.Equal(t, []string{"is not in /etc/passwd: the machine does not say whether the password is locked"}, errorTexts(out))
}

// Some getents end at the first name that they do not find.
func TestNamesBehindOneThatIsNotFoundAreAskedForAgain(t *testing.T) {
	sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "cat", "id", "uname")}
	fakeTool(t, sh.path, "getent", `shift
for name; do
  case $name in
  a*) echo "$name:x:1:1::/:/bin/sh" ;;
  *) exit 2 ;;
  esac
done`)
	r := checkOne(t, sh, "  users: [{name: a1}, {name: b1}, {name: a2}, {name: b2, state: absent}, {name: a3, uid: 2}]")
	assert.Equal(t, []string{"missing_user b1: present → absent", "wrong_user a3: uid 2 → uid 1"}, brief(r.Mismatches))
}

func TestManyUsersTakeFewProcesses(t *testing.T) {
	passwd, group := "root:x:0:0::/:/bin/sh\n", "root:x:0:\n"
	items := "  users:\n"
	for i := range 150 {
		name := "user" + strings.Repeat("x", i)
		passwd += name + ":!:1000:0::/:/bin/sh\n"
		items += "    - {name: " + name + ", uid: 1000, group: root, password_locked: true}\n"
	}
	processes := filepath.Join(t.TempDir(), "processes")
	sh := shell{argv: shells(t)[0].argv, path: countingTools(t, processes, "getent", "id", "cat", "awk", "uname")}
	r := checkOne(t, withAccounts(t, sh, map[string]string{"passwd": passwd, "group": group, "shadow": "root:*::::::\n"}), items)
	assert.Equal(t, state.Compliant, r.Status)
	started, err := os.ReadFile(processes)
	require.NoError(t, err)
	// Per 100 a getent and an id, an awk and two cats for all passwords, and for the facts uname (where the kernel is old) and,
	// as nothing says where users are looked up, id and getent.
	assert.LessOrEqual(t, strings.Count(string(started), "\n"), 2*(1+1)+3+3, "%s", started)
}
