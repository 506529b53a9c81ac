package checker

import "testing"

func TestGroupProblems(t *testing.T) {
	decodeCases{
		{"everything", "{name: a, gid: 1, members: [b, c]}", nil},
		{"no members", "{name: a, members: []}", nil},
		{"at least one", "{name: a, members_include: b}", nil},
		{"no name", "{gid: 1}", []string{"name is required"}},
		{"number for a name", "{name: 27}", []string{"name must be a name, not a number: machines would look up whoever has that number"}},
		{"list in one", "{name: a, members: 'b,c'}", []string{"members must be a name: without : , and /, and no - first"}},
		{"member twice", "{name: a, members: [b, b]}", []string{`members has "b" twice`}},
		{"both lists", "{name: a, members: [b], members_include: [c]}", []string{"at most one of members and members_include may be given"}},
		{"absent with demands", "{name: a, state: absent, gid: 1, members: []}", []string{"state absent excludes gid", "state absent excludes members"}},
	}.run(t, groupKind{})
}

func TestGroupMismatches(t *testing.T) {
	cases := mismatchCases{
		{"{name: sudo, gid: 27, members: [bob, alice]}", ""},
		{"{name: sudo, gid: 28, members: alice}", "wrong_gid sudo: 28 → 27; wrong_members sudo: alice → alice, bob"},
		{"{name: sudo, members_include: alice}", ""},
		{"{name: sudo, members_include: [alice, carol]}", "wrong_members sudo: alice, carol → alice, bob"},
		{"{name: sudo, members: [alice, bob, carol]}", "wrong_members sudo: alice, bob, carol → alice, bob"},
		{"{name: sudo, members: []}", "wrong_members sudo: (none) → alice, bob"},
		{"{name: empty, members: []}", ""},
		{"{name: empty, members: [alice]}", "wrong_members empty: alice → (none)"},
		{"{name: alice, members: [alice]}", "wrong_members alice: alice → (none)"}, // it is alice's primary group
		{"{name: domain users, gid: 2000}", ""},
		{"{name: nowhere, gid: 1, members: [a]}", "missing_group nowhere: present → absent"},
		{"{name: nowhere, state: absent}", ""},
		{"{name: adm, state: absent}", "unexpected_group adm: absent → gid 4"},
		{"{name: 's.do'}", "missing_group s.do: present → absent"},
		{"{name: sudo, gid: 1, sensitive: true}", "wrong_gid sudo: (sensitive) → (sensitive)"},
	}
	f := cases.fleet(t, "groups")
	eachShell(t, func(t *testing.T, sh shell) {
		cases.check(t, check(t, withAccounts(t, sh, accountFiles), f))
	})
}
