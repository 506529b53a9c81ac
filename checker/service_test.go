package checker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestServiceProblems(t *testing.T) {
	name := `name must be the name of one service, such as ssh or logrotate.timer: letters, digits and :-_.\@, at most 255`
	const option = "name must not begin with a -: programs would take it for an option"
	decodeCases{
		{"enabled", "{name: ssh, enabled: true}", nil},
		{"whole name", "{name: ssh.service, running: no}", nil},
		{"another type of unit", "{name: logrotate.timer, running: true}", nil},
		{"instance", "{name: getty@tty1, enabled: true}", nil},
		{"escaped name", `{name: 'dev-disk-by\x2dlabel-x.swap', running: true}`, nil},
		{"root mount", `{name: -.mount, running: true}`, nil},
		{"root slice", `{name: -.slice, running: true}`, nil},
		{"option of systemctl", "{name: -Hevil.example.com, running: true}", []string{option}},
		{"option of systemctl by its whole name", "{name: --host=evil.example.com.service, running: true}", []string{option}},
		{"option that looks like a unit", "{name: -Hevil.mount, running: true}", []string{option}},
		{"no name", "{enabled: true}", []string{"name is required"}},
		{"nothing demanded", "{name: ssh}", []string{"at least one of enabled, running and masked is required"}},
		{"masked and enabled", "{name: ssh, masked: true, enabled: true}", []string{"a service that is masked cannot be enabled"}},
		{"masked and not enabled", "{name: ssh, masked: true, enabled: false}", nil},
		{"no truth value", "{name: ssh, enabled: static}", []string{"enabled must be true or false"}},
		{"pattern", "{name: 'ss*', enabled: true}", []string{name}},
		{"pattern of one character", "{name: 'ss?', enabled: true}", []string{name}},
		{"pattern of a set", "{name: '[a-z]h', enabled: true}", []string{name}},
		{"path", "{name: /etc, enabled: true}", []string{name}},
		{"upwards", "{name: .., enabled: true}", []string{name}},
		{"blank", "{name: 'a b', enabled: true}", []string{name}},
		{"too long", "{name: " + strings.Repeat("x", 248) + ", enabled: true}", []string{name}},
		{"template", "{name: getty@, enabled: true}", []string{"name must name an instance, such as getty@tty1, not a template"}},
		{"whole name of a template", "{name: getty@.service, enabled: true}", []string{"name must name an instance, such as getty@tty1, not a template"}},
		{"instance of nothing", "{name: '@x', enabled: true}", []string{name}},
		{"state", "{name: ssh, state: present}", []string{`unknown field "state"`}},
	}.run(t, serviceKind{})
}

func TestServiceHasOneIdentity(t *testing.T) {
	for name, want := range map[string]string{
		"ssh": "ssh", "ssh.service": "ssh", "a.timer": "a.timer", "a.timer.service": "a.timer.service",
		"a.service.service": "a.service.service", "a.b": "a.b", "a.b.service": "a.b",
	} {
		item, problems := decode(t, serviceKind{}, "{name: "+name+", enabled: true}")
		require.Empty(t, problems)
		assert.Equal(t, want, item.Identity())
		assert.Equal(t, unitOf(name), unitOf(item.Identity()), "it is the same unit")
	}
}

// systemctlUnits is a systemctl that knows these units, and prints them as the real one does.
const systemctlUnits = `
unit() {
  [ -z "$shown" ] || echo
  shown=1
  printf '%s\n' "Id=$1" "Names=$2" "LoadState=$3" "ActiveState=$4" "SubState=$5" "UnitFileState=$6"
}
case $1 in
show) ;;
list-unit-files)
  printf '%s\n' 'boot.service    enabled enabled' 'getty@.service  enabled enabled' 'getty@tty1.service enabled enabled'
  exit ;;
list-units)
  printf '%s\n' 'ssh.service loaded active running OpenBSD Secure Shell server' 'fixed.service loaded active exited X' \
    'boot.service loaded active exited X' 'conn@1-2.service loaded active running X' 'run-1.service loaded active running X' \
    'gone.service not-found active running X'
  exit ;;
*) exit 1 ;;
esac
while [ "$1" != -- ]; do
  case $1 in --property=Version) echo Version=252; exit ;; esac
  shift
done
shift
for name; do
  case $name in
  ssh.service | sshd.service) unit ssh.service 'ssh.service sshd.service' loaded active running enabled ;;
  boot.service) unit $name $name loaded active exited enabled ;;
  off.service) unit $name $name loaded inactive dead disabled ;;
  broken.service) unit $name $name loaded failed failed enabled ;;
  loops.service) unit $name $name loaded activating auto-restart enabled ;;
  reloads.service) unit $name $name loaded reloading reload enabled-runtime ;;
  fixed.service) unit $name $name loaded active exited static ;;
  asked.socket) unit $name $name loaded active listening indirect ;;
  a.timer) unit $name $name loaded active waiting enabled ;;
  hidden.service) unit $name $name masked inactive dead masked ;;
  brief.service) unit $name $name masked inactive dead masked-runtime ;;
  gone.service) unit $name $name not-found active running '' ;;
  was.service) unit $name $name not-found failed failed '' ;;
  run-1.service) unit $name $name loaded active running transient ;;
  conn@1-2.service) unit $name $name loaded active running static ;;
  getty@tty1.service) unit $name $name loaded active running enabled ;;
  unreadable.service) unit $name $name error inactive dead '' ;;
  odd.service) unit odd.service odd.service loaded active running bad ;;
  lies.service) unit other.service other.service loaded active running enabled ;;
  refused.service) echo 'Failed to get properties' >&2; exit 1 ;;
  *) unit $name $name not-found inactive dead '' ;;
  esac
done`

// underSystemd is a machine of systemd with a stand-in for systemctl.
func underSystemd(t testing.TB, sh shell, systemctl string) Transport {
	if sh.path == "" {
		sh.path = toolbox(t, "awk", "uname", "id", "printf", "stat", "cat", "head")
	}
	fakeTool(t, sh.path, "systemctl", systemctl)
	return saying(sh, "init", initSystemd)
}

func TestNamesOfUnitsAreNoOptionsOfSystemctl(t *testing.T) {
	eachShell(t, func(t *testing.T, sh shell) {
		said := filepath.Join(t.TempDir(), "arguments")
		machine := underSystemd(t, sh, `printf '%s\n' "$*" >>'`+said+"'\n"+systemctlUnits)
		checkOne(t, machine, "  services: [{name: -.mount, running: true}, {name: ssh, running: true}]")
		assert.Contains(t, readFile(t, said), "UnitFileState -- -.mount ssh.service\n")

		s := snapshot(t, machine, Selection{"service", "-Hevil.example.com"})
		require.Len(t, s.Errors, 1)
		assert.Equal(t, "the name must not begin with a -: programs would take it for an option", s.Errors[0].Error)
		assert.NotContains(t, readFile(t, said), "evil")
	})
}

func TestServicesOfSystemd(t *testing.T) {
	cases := []struct{ item, want string }{
		{"{name: ssh, enabled: true, running: true, masked: false}", ""},
		{"{name: ssh, enabled: false}", "wrong_service ssh: disabled → enabled"},
		{"{name: ssh, enabled: false, running: false}", "wrong_service ssh: disabled, stopped → enabled, active (running)"},
		{"{name: ssh, masked: true, enabled: false}", "wrong_service ssh: disabled, masked → enabled, not masked"},
		{"{name: sshd, running: true, enabled: true}", ""},
		{"{name: boot, running: true}", ""},
		{"{name: off, running: true, enabled: true}", "wrong_service off: enabled, running → disabled, inactive (dead)"},
		{"{name: off, running: false, enabled: false}", ""},
		{"{name: broken, running: true, enabled: true}", "wrong_service broken: running → failed (failed)"},
		{"{name: broken, running: false}", ""},
		{"{name: loops, running: true}", "wrong_service loops: running → activating (auto-restart)"},
		{"{name: loops, running: false}", "wrong_service loops: stopped → activating (auto-restart)"},
		{"{name: reloads, running: true}", ""},
		{"{name: reloads, enabled: true}", "wrong_service reloads: enabled → enabled-runtime"},
		{"{name: reloads, enabled: false}", "wrong_service reloads: disabled → enabled-runtime"},
		{"{name: fixed, enabled: true, running: true}", "wrong_service fixed: enabled → static"},
		{"{name: fixed, enabled: false}", "wrong_service fixed: disabled → static"},
		{"{name: asked.socket, enabled: true}", "wrong_service asked.socket: enabled → indirect"},
		{"{name: a.timer, enabled: true, running: true}", ""},
		{"{name: hidden, masked: true, enabled: false, running: false}", ""},
		{"{name: hidden, masked: false}", "wrong_service hidden: not masked → masked"},
		{"{name: hidden, enabled: true}", "wrong_service hidden: enabled → masked"},
		{"{name: brief, masked: true}", "wrong_service brief: masked → masked-runtime"},
		{"{name: brief, masked: false}", "wrong_service brief: not masked → masked-runtime"},
		{"{name: absent, running: true, enabled: false}", "missing_service absent: disabled, running → absent"},
		{"{name: absent, enabled: true}", "missing_service absent: enabled → absent"},
		{"{name: absent, masked: true}", "missing_service absent: masked → absent"},
		{"{name: absent, running: false, enabled: false, masked: false}", ""},
		{"{name: gone, running: true, enabled: true}", "wrong_service gone: enabled → without a unit file"},
		{"{name: gone, running: false}", "wrong_service gone: stopped → active (running)"},
		{"{name: was, running: false}", ""},
		{"{name: was, running: true}", "missing_service was: running → absent"},
	}
	packs := map[string]string{}
	for i, c := range cases {
		packs[fmt.Sprintf("p%02d.yaml", i)] = "items: {services: [" + c.item + "]}"
	}
	eachShell(t, func(t *testing.T, sh shell) {
		out := check(t, underSystemd(t, sh, systemctlUnits), fleetOf(t, packs, nil))
		require.Nil(t, out.Failure, "%v", out.Failure)
		for i, r := range out.Results {
			assert.Equal(t, cases[i].want, strings.Join(brief(r.Mismatches), "; "), cases[i].item)
		}
	})
}

func TestOneSystemctlForABatch(t *testing.T) {
	items := "  services:\n"
	for i := range 250 {
		items += fmt.Sprintf("    - {name: s%d, running: false}\n", i)
	}
	counted := filepath.Join(t.TempDir(), "counted")
	sh := shells(t)[0]
	checkOne(t, underSystemd(t, sh, "echo x >>'"+counted+"'\n"+systemctlUnits), items)
	assert.Equal(t, 3, strings.Count(readText(t, counted), "x"))
}

func TestServicesThatCannotBeObserved(t *testing.T) {
	bus := `printf '%s\n' 'System has not been booted with systemd as init system (PID 1). Can'"'"'t operate.' ` +
		`'Failed to connect to bus: Host is down' >&2; exit 1`
	cases := []struct{ name, init, systemctl, item, want string }{
		{"no init system", "", "", "ssh", "the machine does not say what its init system is"},
		{"another init system", "runit", "", "ssh", "services are not supported with the init system runit"},
		{"no systemctl", "systemd", "", "ssh", "systemctl is missing"},
		{"no bus", "systemd", bus, "ssh", "systemctl cannot reach systemd"},
		{"a bus that refuses", "systemd", "echo 'Failed to get properties: Access denied' >&2; exit 1", "ssh", "permission denied"},
		{"systemctl that fails", "systemd", "exit 1", "ssh", "systemctl failed"},
		{"systemctl that is killed", "systemd", systemctlUnits + "\nkill -9 $$", "ssh", "systemctl show failed"},
		{"a unit that is refused", "systemd", systemctlUnits, "refused", "systemctl show failed"},
		{"no answer", "systemd", "exit 0", "ssh", "systemctl show failed"},
		{"another unit", "systemd", systemctlUnits, "lies", `systemctl gave "Id=other.service\tNames=other.service\tLoadState=loaded\tActiveState=active\tSub… (111 bytes)"`},
		{"properties before the Id", "systemd", "echo Load=1; echo Id=ssh.service", "ssh", "systemctl show failed"},
		{"properties twice", "systemd", "printf 'Id=ssh.service\nLoadState=loaded\nLoadState=x\nActiveState=active\n'", "ssh", `systemctl gave "Id=ssh.service\tLoadState=loaded\tLoadState=x\tActiveState=active"`},
		{"no state", "systemd", "echo Id=ssh.service", "ssh", `systemctl gave "Id=ssh.service"`},
		{"unit file that cannot be read", "systemd", systemctlUnits, "unreadable", "systemd cannot load it (error)"},
		{"unit file without sense", "systemd", systemctlUnits, "odd", "systemd cannot load it (loaded bad)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "uname", "id")}
			if c.systemctl != "" {
				fakeTool(t, sh.path, "systemctl", c.systemctl)
			}
			out := check(t, saying(sh, "init", c.init), onePack(t, "  services: [{name: "+c.item+", running: true}]", nil))
			assert.Equal(t, []state.ItemError{{Kind: "service", Item: c.item, Error: c.want}}, sourceless(t, out.Results[0].Errors))
			assert.Empty(t, out.Results[0].Mismatches)
		})
	}
}

func TestUnitThatIsRefusedSpoilsNoOther(t *testing.T) {
	items := "  services: [{name: ssh, running: true}, {name: refused, running: true}, {name: off, running: true}]"
	eachShell(t, func(t *testing.T, sh shell) {
		r := check(t, underSystemd(t, sh, systemctlUnits), onePack(t, items, nil)).Results[0]
		assert.Equal(t, []state.ItemError{{Kind: "service", Item: "refused", Error: "systemctl show failed"}}, sourceless(t, r.Errors))
		assert.Equal(t, []string{"wrong_service off: running → inactive (dead)"}, brief(r.Mismatches))
	})
}

// The real systemctl, on a machine that was not booted with systemd, says so in its own words.
func TestRealSystemctlWithoutSystemd(t *testing.T) {
	systemctl := need(t, "systemctl")
	r := check(t, underSystemd(t, shells(t)[0], "exec "+systemctl+` "$@"`), onePack(t, "  services: [{name: no-such-thing, running: true}]", nil)).Results[0]
	if len(r.Errors) == 0 {
		assert.Equal(t, []string{"missing_service no-such-thing: running → absent"}, brief(r.Mismatches), "there is a systemd")
		return
	}
	assert.Equal(t, "systemctl cannot reach systemd", r.Errors[0].Error)
}

func readText(t testing.TB, file string) string {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}
