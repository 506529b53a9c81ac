package oracle_test

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/ssh"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// fileMachines are the shells and users that files are observed by. All of them include a real sshd's.
func fileMachines(t testing.TB) []machine {
	dash, busybox := testenv.Program(t, "dash", "dash"), testenv.Program(t, "busybox", "busybox")
	userland := busyboxUserland(t)
	machines := []machine{
		here("dash", nil, []string{dash}),
		here("nobody with nothing but BusyBox", nobody(t), []string{busybox, "sh"}, "PATH="+userland),
		twoNames(t),
	}
	if !full() {
		return machines
	}
	return append(machines,
		here("bash", nil, []string{testenv.Program(t, "bash", "bash"), "--posix"}),
		here("mksh", nil, []string{testenv.Program(t, "mksh", "mksh")}),
		here("BusyBox ash", nil, []string{busybox, "ash"}),
		here("nothing but BusyBox", nil, []string{busybox, "sh"}, "PATH="+userland),
		here("nobody with dash", nobody(t), []string{dash}),
		overSSH(t),
	)
}

// overSSH is this machine as an unprivileged user sees it who logs in to a real sshd.
func overSSH(t testing.TB) machine {
	s := testsshd.Start(t, testsshd.Options{})
	u, err := user.Lookup(s.User)
	require.NoError(t, err)
	return machine{
		name: "sshd", transport: ssh.New(ssh.Options{}), as: asUser(t, u.Uid, u.Gid),
		config: config.Machine{Transport: config.TransportSSH, Address: s.Host, SSH: config.SSH{
			User: s.User, Port: s.Port, IdentityFiles: []string{s.KeyFile}, KnownHostsFiles: []string{s.KnownHostsFile},
			HostKeyPolicy: config.HostKeyStrict,
		}},
	}
}

// judgeOf is the judge of a machine's files. Its tools are GNU's even where the machine has others.
func judgeOf(t testing.TB, m machine) *fileJudge {
	m.env = nil
	return &fileJudge{machine: m, t: t}
}

func TestFilesAreJudgedAsStatAndSha256sumDo(t *testing.T) {
	root(t)
	c := newChance(t)
	machines := fileMachines(t)
	cases := planned(t, "files")
	var n tally
	for i, m := range machines {
		share := cases*(i+1)/len(machines) - cases*i/len(machines)
		t.Run(m.name, func(t *testing.T) {
			demands := newTree(t, c, openDir(t), share/2+5, m.ids...).changedDemands(share, func(demand) bool { return true })
			n.add(t, c, judgeOf(t, m).compareAll(demands))
		})
	}
	n.healthy(t, cases)
	assert.Positive(t, n.errors, "nothing was hidden from anybody")
}

// ours are the checker's verdicts.
func (m machine) ours(t testing.TB, demands []demand) []verdict {
	packs, templates := make([]string, len(demands)), map[string]string{}
	for i, d := range demands {
		packs[i] = d.pack(t)
		if d.template != "" {
			templates[d.template] = d.templateSource
		}
	}
	return m.verdicts(t, packs, templates)
}

func (j *fileJudge) compareAll(demands []demand) []judged {
	ours := j.ours(j.t, demands)
	cases := make([]judged, len(demands))
	for i, d := range demands {
		j.notes = nil
		theirs := j.judge(d)
		cases[i] = judged{item: d.String(), ours: ours[i], theirs: theirs, note: strings.Join(j.notes, ", then ")}
	}
	return cases
}

// What no random name would be: the longest there can be, and longer ones, of which nothing can be proven.
func TestLongestPathsAreJudgedAsStatDoes(t *testing.T) {
	root(t)
	dir := openDir(t)
	longest := filepath.Join(dir, strings.Repeat("n", 255))
	require.NoError(t, os.WriteFile(longest, nil, 0o644))
	deep := dir + strings.Repeat("/.", (4095-len(dir))/2-1)
	demands := []demand{
		{path: longest, mode: "0644"}, {path: longest + "n"}, {path: longest + "n", absent: true}, {path: deep, typ: "directory"}, {path: deep + "/x", absent: true},
	}
	for _, m := range fileMachines(t)[:2] {
		for _, one := range judgeOf(t, m).compareAll(demands) {
			assert.Equal(t, one.theirs, one.ours, "%s: %s", one.item, one.note)
		}
	}
}
