package checker

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestSnapshotOfUsersAndGroups(t *testing.T) {
	eachShell(t, func(t *testing.T, sh shell) {
		sh = withAccounts(t, sh, accountFiles)
		s := snapshot(t, sh, Selection{"user", "all"}, Selection{"user", "alice"}, Selection{"group", "all"}, Selection{"group", "sudo"})
		assert.Empty(t, s.Errors)
		assert.Equal(t, 11+8, s.Items)
		text := string(s.Pack)
		assert.Contains(t, text, "- name: alice\n      uid: 1000\n      group: alice\n      groups: [adm, sudo, domain users]\n      only_groups: true\n      home: /home/alice\n      shell: /bin/bash\n")
		assert.Contains(t, text, "- name: dave\n      uid: 1003\n      group: \"4321\"\n      groups: []\n")
		assert.Contains(t, text, "- name: sudo\n      gid: 27\n      members: [alice, bob]\n")
		assert.NotContains(t, text, "HASH")
		complies(t, sh, s)
	})
}

func TestSnapshotOfUsersWhoAreNotThere(t *testing.T) {
	files := map[string]string{"passwd": "root:x:0:0::relative:\n+@netgroup::::::\n+::::::\n", "group": "root:x:0:1000\n"}
	sh := withAccounts(t, shells(t)[0], files)
	s := snapshot(t, sh, Selection{"user", "nope"}, Selection{"user", "1000"}, Selection{"user", "all"}, Selection{"group", "nope"}, Selection{"group", "root"})
	number := "must be a name, not a number: machines would look up whoever has that number"
	assert.Equal(t, []state.ItemError{
		{Kind: "user", Item: "nope", Error: `"nope": there is no such user`},
		{Kind: "user", Item: "1000", Error: "name " + number},
		{Kind: "group", Item: "nope", Error: `"nope": there is no such group`},
		{Kind: "group", Item: "root", Error: `"root": members ` + number},
	}, s.Errors)
	assert.Equal(t, 1, s.Items)
	complies(t, sh, s)
}
