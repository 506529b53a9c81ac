package checker

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// itemsOfAllKinds ask every op that a machine of any package manager and init system answers.
const itemsOfAllKinds = `
  files:
    - {path: /etc/motd, mode: "0644", owner: root, group: 0, content: "x\n"}
    - {path: ~/.profile, contains: ["a", "/^b$/"]}
    - {path: /etc/localtime, type: symlink, target: /usr/share/zoneinfo/UTC}
    - {path: "/etc/*.conf", mode: "0600"}
    - {path: /absent, state: absent}
  packages: [{name: dpkg, min_version: "8.0"}, {name: nope, state: absent}]
  settings:
    - {key: kernel.ostype, expected: Linux, type: sysctl}
    - {key: HOME, expected: /nonexistent, type: env_var}
    - {key: PermitRootLogin, expected: "no", type: config, path: /etc/ssh/sshd_config}
    - {key: "a.b[0]", expected: "1", type: config, path: /etc/x.json}
  ports: [{port: 22, process: sshd}, {port: 53, protocol: udp, listening: false}]
  commands: [{name: hi, argv: [/bin/echo, hi], stdout: "hi"}]
  users: [{name: root, uid: 0, group: root, groups: [root], home: /root, shell: /bin/bash, password_locked: true}]
  groups: [{name: root, gid: 0, members: [a]}]
  authorized_keys: [{user: root, keys: []}]
  mounts: [{path: /, fstype: ext4, options: [rw]}, {path: /mnt, state: absent}]
  services: [{name: cron, running: true, enabled: true}]
  kernel_modules: [{name: usb-storage, state: absent}, {name: nf_conntrack, parameters: {hashsize: 65536}}]
  cron: [{user: root, schedule: "0 6 * * *", command: /bin/true}]
`

// honest is what a machine answers to each op, whatever it is asked of.
var honest = map[string]string{
	"command": "hi\n\n0", "content": "a = 1\n", "env_var": "=2f726f6f74", "file": "self 81a4:0:0:3:root:root", "glob": "/etc/a.conf",
	"group": "=root:x:0:", "kernel_module": "loaded", "line": "1", "link": "a1ff:0:0:27:root:root\n=/usr/share/zoneinfo/UTC",
	"mount":  "26 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n",
	"openrc": "script started level=default", "package_apk": "install ok installed\tx86_64\t1.2-r0\n", "package_dpkg": "install ok installed\tamd64\t1.21.22\n",
	"package_opkg": "install ok installed\tall\t1.2\n", "package_pacman": "install ok installed\tx86_64\t1.2-1\n", "package_rpm": "install ok installed\tx86_64\t1.2-1.el9\n",
	"packages": "", "port_process": "sshd\nend", "port_table": "00000000:0016 590\nend", "sum": strings.Repeat("0f", 32), "sysctl": "=Linux\n=",
	"systemd": "Id=cron.service\tNames=cron.service\tLoadState=loaded\tActiveState=active\tSubState=running\tUnitFileState=enabled",
	"user":    "=root:x:0:0:root:/root:/bin/bash", "user_groups": "uid=0(root) gid=0(root) groups=0(root)", "user_password": "locked",
}

// saidBy is a machine's facts: its package manager and init system.
func saidBy(manager, init string) *Facts {
	return &Facts{Facts: state.Facts{OS: "debian", PackageManager: manager, Init: init, User: "root", Home: "/root"}}
}

// interrogated are the observations of a machine that answers each question as a function says.
func interrogated(t testing.TB, f *Fleet, said *Facts, answer func(Question) Answer) []*observation {
	m, _ := f.Machine("m1")
	gathered, failure := gather(f, m)
	require.Nil(t, failure)
	all := applicable(gathered["p"], said)
	d := &dialogue{workspace: newWorkspace()}
	for _, item := range all {
		item.ask()
	}
	further := maxFurther
	for items := openOf(all); len(items) > 0; items = openOf(items) {
		for _, q := range d.unanswered(items) {
			d.answers[q.key()] = answer(q)
		}
		for _, item := range items {
			if d.has(item.asked) {
				item.compare(d.answers, &further)
				items = append(items, item.expanded...)
			}
		}
	}
	return flattened(all)
}

// fleetOfAllKinds has one machine with itemsOfAllKinds.
func fleetOfAllKinds(t testing.TB) *Fleet {
	packs := loadPacks(t, map[string]string{"p.yaml": "items:\n" + itemsOfAllKinds})
	m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, BecomeUser: "root", Packs: []string{"p"}}
	f, problems := NewFleet(&config.Config{Check: config.Check{AllowCommands: true}, Machines: []config.Machine{m}}, packs)
	require.False(t, problems.Fatal(), "%v", problems)
	return f
}

// asksFor tells whether an observation depends on an op.
func (o *observation) asksFor(op string) bool {
	return slices.ContainsFunc(o.asked, func(q Question) bool { return q.Op == op })
}

// outcomeOf is an observation as text.
func outcomeOf(o *observation) string {
	text := strings.Join(brief(o.mismatches), "\n")
	if o.err != nil {
		text += "\nerror: " + o.err.Error()
	}
	return text
}

// Whatever a machine answers to one op: its reading ends, what it says can be shown anywhere, items that do not depend on it are
// judged as before, and one that could not be observed is never taken for compliant.
func FuzzAnswers(f *testing.F) {
	fleet := fleetOfAllKinds(f)
	machines := [][2]string{{"dpkg", initSystemd}, {"rpm", initOpenRC}, {"apk", initOpenRC}, {"pacman", initSystemd}, {"opkg", ""}}
	m, _ := fleet.Machine("m1")
	gathered, _ := gather(fleet, m)
	ops := sortedKeys(opsOfItems(gathered))
	require.ElementsMatch(f, ops, sortedKeys(honest), "a machine answers each op")
	for i, op := range ops {
		f.Add(uint8(i), uint8(i), honest[op], false)
		f.Add(uint8(i), uint8(i+1), "permission denied", true)
		f.Add(uint8(i), uint8(i+2), "\x1b[31m\xff\u202e"+honest[op]+"\n"+honest[op], false)
	}
	tell := func(q Question) Answer { return Answer{Payload: honest[q.Op]} }
	truth := map[[2]string][]*observation{}
	for _, of := range machines {
		truth[of] = interrogated(f, fleet, saidBy(of[0], of[1]), tell)
	}

	f.Fuzz(func(t *testing.T, machine, which uint8, text string, fails bool) {
		of, op := machines[int(machine)%len(machines)], ops[int(which)%len(ops)]
		lie := Answer{Payload: text}
		if fails {
			lie = Answer{Err: cmp.Or(text, "failed")}
		}
		got := interrogated(t, fleet, saidBy(of[0], of[1]), func(q Question) Answer {
			if q.Op == op {
				return lie
			}
			return tell(q)
		})
		untouched := map[string]string{}
		for _, o := range truth[of] {
			if !o.asksFor(op) {
				untouched[o.kind.Name()+" "+o.item.Identity()] = outcomeOf(o)
			}
		}
		for _, o := range got {
			if want, same := untouched[o.kind.Name()+" "+o.item.Identity()]; same && !o.asksFor(op) {
				require.Equal(t, want, outcomeOf(o), "%s says nothing about %s", op, o.item.Identity())
			}
			if fails && o.asksFor(op) && o.err == nil {
				require.NotEmpty(t, o.mismatches, "%s: %s could not be observed", op, o.item.Identity())
			}
			require.NotErrorIs(t, o.err, errBug)
			showable(t, o)
		}
	})
}

// showable demands that all texts of an observation may be shown anywhere, and are not too long for it.
func showable(t *testing.T, o *observation) {
	t.Helper()
	texts := []string{}
	if failed := o.itemError(); failed != nil {
		texts = append(texts, failed.Item, failed.Error)
	}
	for _, m := range o.mismatches {
		texts = append(texts, m.Item, m.Expected, m.Actual)
		require.LessOrEqual(t, len(m.Diff), maxDiff+len(diffCut))
		require.True(t, utf8.ValidString(m.Diff))
		require.False(t, strings.ContainsAny(m.Diff, "\x1b\r\x00\u202e"), "%q", m.Diff)
	}
	for _, text := range texts {
		require.LessOrEqual(t, len(text), 8*maxPath+64)
		require.Equal(t, text, printable(text, len(text)), "not fit to be shown")
	}
	assert.LessOrEqual(t, len(o.mismatches), 2*maxExpanded)
}
