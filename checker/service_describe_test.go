package checker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestSnapshotOfServicesOfSystemd(t *testing.T) {
	eachShell(t, func(t *testing.T, sh shell) {
		machine := underSystemd(t, sh, systemctlUnits)
		s := snapshot(t, machine, Selection{"service", "all"}, Selection{"service", "off.service"}, Selection{"service", "hidden"},
			Selection{"service", "a.timer"}, Selection{"service", "loops"})
		assert.Empty(t, s.Errors)
		_, services, _ := strings.Cut(string(s.Pack), "services:\n")
		assert.Equal(t, `    - name: boot
      enabled: true
      running: true
    - name: fixed
      running: true
    - name: getty@tty1
      enabled: true
      running: true
    - name: gone
      running: true
    - name: ssh
      enabled: true
      running: true
    - name: off
      enabled: false
      running: false
    - name: hidden
      enabled: false
      running: false
      masked: true
    - name: a.timer
      enabled: true
      running: true
    - name: loops
      enabled: true
`, services)
		complies(t, machine, s)
	})
}

func TestSnapshotOfServicesOfOpenRC(t *testing.T) {
	root := tree(t, openRC())
	eachShell(t, func(t *testing.T, sh shell) {
		machine := underOpenRC(t, sh, root, someCrashed)
		s := snapshot(t, machine, Selection{"service", "all"}, Selection{"service", "waits"})
		assert.Empty(t, s.Errors)
		for _, name := range []string{"sshd", "clock", "left", "own", "dead", "waits"} {
			assert.Contains(t, string(s.Pack), "- name: "+name+"\n")
		}
		assert.Equal(t, 6, s.Items)
		complies(t, machine, s)
	})
}

func TestSnapshotNamesServicesThatItCannotDescribe(t *testing.T) {
	sh := shells(t)[0]
	s := snapshot(t, underSystemd(t, sh, systemctlUnits), Selection{"service", "absent"}, Selection{"service", "s*"}, Selection{"service", "odd"})
	assert.Equal(t, []state.ItemError{
		{Kind: "service", Item: "absent", Error: "there is no such service"},
		{Kind: "service", Item: "s*", Error: "the name " + badUnit("s*")},
		{Kind: "service", Item: "odd", Error: "systemd cannot load it (loaded bad)"},
	}, s.Errors)
	for init, want := range map[string]string{
		initSystemd: "systemctl cannot reach systemd", initOpenRC: "/etc/init.d is not there", "runit": "services are not supported with the init system runit",
	} {
		machine := saying(rooted(shell{argv: sh.argv, path: toolbox(t, "id", "uname")}, t.TempDir()), "init", init)
		if init == initSystemd {
			machine = underSystemd(t, sh, "echo 'Failed to connect to bus: x' >&2; exit 1")
		}
		if init == initOpenRC {
			machine = underOpenRC(t, sh, t.TempDir(), someCrashed)
		}
		s := snapshot(t, machine, Selection{"service", "all"})
		if assert.Len(t, s.Errors, 1) {
			assert.True(t, strings.HasSuffix(s.Errors[0].Error, want), s.Errors[0].Error)
		}
	}
}
