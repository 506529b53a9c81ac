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

// openRC is the state of a machine of OpenRC. The service dead has crashed.
func openRC() map[string]string {
	files := map[string]string{
		"/etc/runlevels/boot/": "", "/etc/runlevels/default/sshd": "-> /etc/init.d/sshd", "/etc/runlevels/boot/clock": "-> /etc/init.d/clock",
		"/etc/runlevels/default/clock": "-> /etc/init.d/clock", "/etc/runlevels/default/left": "-> /etc/init.d/left",
		"/run/openrc/daemons/dead/001": "exec=/bin/x\npidfile=/nonexistent\n",
	}
	for _, name := range []string{"sshd", "clock", "off", "dead", "slow", "waits", "broken", "ends"} {
		files["/etc/init.d/"+name] = "#!/sbin/openrc-run\n"
	}
	files["/usr/local/etc/init.d/own"] = "#!/sbin/openrc-run\n"
	for name, in := range map[string]string{
		"sshd": "started", "own": "started", "dead": "started", "slow": "starting", "waits": "inactive", "broken": "failed", "ends": "stopping",
	} {
		files["/run/openrc/"+in+"/"+name] = "-> /etc/init.d/" + name
	}
	return files
}

// underOpenRC is such a machine. rc-status is a stand-in.
func underOpenRC(t testing.TB, sh shell, root, rcStatus string) Transport {
	if sh.path == "" {
		sh.path = toolbox(t, "awk", "uname", "id", "printf", "stat", "cat", "head")
	}
	if rcStatus != "" {
		fakeTool(t, sh.path, "rc-status", rcStatus)
	}
	return saying(rooted(sh, root, "/etc/init.d", "/etc/runlevels", "/run/openrc", "/usr/local/etc/init.d"), "init", initOpenRC)
}

// someCrashed is what rc-status --crashed does: of no service it exits with 1.
const someCrashed = `[ "$1" = --crashed ] && echo dead`

func TestServicesOfOpenRC(t *testing.T) {
	cases := []struct{ item, want string }{
		{"{name: sshd, enabled: true, running: true, masked: false}", ""},
		{"{name: sshd.service, enabled: true}", ""},
		{"{name: sshd, enabled: false, running: false}", "wrong_service sshd: disabled, stopped → enabled in default, started"},
		{"{name: clock, enabled: false}", "wrong_service clock: disabled → enabled in boot and default"},
		{"{name: clock, running: true}", "wrong_service clock: running → stopped"},
		{"{name: off, enabled: false, running: false}", ""},
		{"{name: off, enabled: true}", "wrong_service off: enabled → disabled"},
		{"{name: own, running: true}", ""},
		{"{name: dead, running: true}", "wrong_service dead: running → crashed"},
		{"{name: dead, running: false}", ""},
		{"{name: slow, running: true}", "wrong_service slow: running → starting"},
		{"{name: slow, running: false}", "wrong_service slow: stopped → starting"},
		{"{name: waits, running: true}", "wrong_service waits: running → inactive"},
		{"{name: ends, running: false}", "wrong_service ends: stopped → stopping"},
		{"{name: broken, running: true}", "wrong_service broken: running → failed"},
		{"{name: broken, running: false}", ""},
		{"{name: left, enabled: true}", ""},
		{"{name: absent, running: true}", "missing_service absent: running → absent"},
		{"{name: absent, running: false, enabled: false}", ""},
	}
	packs := map[string]string{}
	for i, c := range cases {
		packs[fmt.Sprintf("p%02d.yaml", i)] = "items: {services: [" + c.item + "]}"
	}
	root := tree(t, openRC())
	eachShell(t, func(t *testing.T, sh shell) {
		out := check(t, underOpenRC(t, sh, root, someCrashed), fleetOf(t, packs, nil))
		require.Nil(t, out.Failure, "%v", out.Failure)
		for i, r := range out.Results {
			assert.Equal(t, cases[i].want, strings.Join(brief(r.Mismatches), "; "), cases[i].item)
		}
	})
}

func TestServicesOfOpenRCThatCannotBeObserved(t *testing.T) {
	without := func(prefix string) map[string]string {
		files := openRC()
		for name := range files {
			if strings.HasPrefix(name, prefix) {
				delete(files, name)
			}
		}
		return files
	}
	cases := []struct {
		name, rcStatus, item, want string
		files                      map[string]string
	}{
		{"no rc-status", "", "{name: sshd, running: true}", "rc-status is missing", openRC()},
		{"rc-status that does not know the option", "echo Usage >&2; exit 1", "{name: sshd, running: true}", "rc-status failed", openRC()},
		{"rc-status that is killed", "kill -9 $$", "{name: sshd, running: true}", "rc-status failed", openRC()},
		{"no runlevels", someCrashed, "{name: sshd, enabled: false}", "/etc/runlevels is not there", without("/etc/runlevels")},
		{"no state", someCrashed, "{name: sshd, running: false}", "/run/openrc is not there", without("/run/openrc")},
		{"masked", someCrashed, "{name: sshd, masked: true}", "OpenRC cannot mask a service", openRC()},
		{"a timer", someCrashed, "{name: sshd.timer, enabled: true}", "OpenRC has services only", openRC()},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root := tree(t, c.files)
			out := check(t, underOpenRC(t, shells(t)[0], root, c.rcStatus), onePack(t, "  services: ["+c.item+"]", nil))
			require.Len(t, out.Results[0].Errors, 1)
			assert.Equal(t, c.want, strings.Replace(out.Results[0].Errors[0].Error, root, "", 1))
		})
	}
}

func TestNoServiceOfOpenRCHasCrashed(t *testing.T) {
	root := tree(t, openRC())
	eachShell(t, func(t *testing.T, sh shell) {
		assert.Empty(t, checkOne(t, underOpenRC(t, sh, root, "exit 1"), "  services: [{name: dead, running: true}]").Mismatches)
	})
}

// Whether a process of root's lives is nothing that a user who may not read its number can know.
func TestCrashedServicesAndUnprivilegedUsers(t *testing.T) {
	need(t, "setpriv")
	files := openRC()
	files["/run/openrc/daemons/sshd/001"] = "exec=/bin/x\npidfile=/nonexistent/sshd.pid\n"
	files["/run/openrc/daemons/own/001"] = "exec=/bin/x\npidfile=/etc/passwd\n"
	root := tree(t, files)
	items := "  services: [{name: sshd, running: true}, {name: dead, running: true}, {name: own, running: true}, {name: off, running: false}]"
	const denied = "permission denied (the check does not run as root there; become: true lets it)"
	want := []state.ItemError{
		{Kind: "service", Item: "sshd", Error: denied, Source: "packs/p.yaml:2"},
		{Kind: "service", Item: "dead", Error: denied, Source: "packs/p.yaml:2"},
	}
	eachShell(t, func(t *testing.T, sh shell) {
		if sh.path != "" {
			t.Skip("its tools are in a directory that only root may read")
		}
		sh.argv = unprivileged{sh}.argv()
		tools := toolbox(t, "uname", "id", "stat", "cat")
		require.NoError(t, os.Chmod(filepath.Dir(filepath.Dir(tools)), 0o755))
		require.NoError(t, os.Chmod(filepath.Dir(tools), 0o755))
		sh.path = tools
		r := check(t, underOpenRC(t, sh, root, someCrashed), onePack(t, items, nil)).Results[0]
		assert.Equal(t, want, r.Errors)
		assert.Empty(t, r.Mismatches)
	})
}
