package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testdocs"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// migration is a workspace with the files of docs/migration.md: blocks whose first line names a file.
func migration(t *testing.T) *workspace {
	t.Helper()
	w := &workspace{t: t, dir: t.TempDir()}
	for _, block := range testdocs.Read(t, "docs/migration.md").Blocks {
		if block.Rest != "" {
			w.write(block.Rest, block.Text)
		}
	}
	return w
}

// withInventory adds the machine files, made by the documented command.
func (w *workspace) withInventory() {
	w.t.Helper()
	testenv.Program(w.t, "ansible-inventory", "ansible-core")
	testenv.Program(w.t, "jq", "jq")
	commands := testdocs.Read(w.t, "docs/migration.md").In("sh")
	require.Len(w.t, commands, 1)
	make := exec.Command("sh", "-e", "-c", commands[0].Text)
	make.Dir = w.dir
	make.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+w.dir)
	out, err := make.CombinedOutput()
	require.NoError(w.t, err, "%s", out)
}

func TestMachinesAreMadeFromAnAnsibleInventory(t *testing.T) {
	w := migration(t)
	w.withInventory()
	w.write("packs/db.yaml", "items: {}\n")
	status, stdout, stderr := w.run("validate")
	require.Equal(t, 0, status, stderr)
	assert.Contains(t, stdout, "3 machines")
	text, err := os.ReadFile(w.path("machines/inventory.yaml"))
	require.NoError(t, err)
	var machines []map[string]any
	require.NoError(t, yaml.Unmarshal(text, &machines))
	backends := []any{"10.0.1.1", "10.0.1.2"}
	assert.Equal(t, []map[string]any{
		{"name": "db1", "address": "10.0.0.7", "packs": []any{"db"}, "labels": map[string]any{"group": "db"}, "become": true,
			"vars": map[string]any{}, "ssh": map[string]any{"user": "admin"}},
		{"name": "web1", "address": "10.0.0.5", "packs": []any{"web"}, "labels": map[string]any{"group": "web"}, "become": true,
			"vars": map[string]any{"workers": 4, "backends": backends}, "ssh": map[string]any{}},
		{"name": "web2", "address": "10.0.0.6", "packs": []any{"web"}, "labels": map[string]any{"group": "web"}, "become": true,
			"vars": map[string]any{"workers": 8, "backends": backends}, "ssh": map[string]any{"port": 2222}},
	}, machines)
}

// What the page says cannot be run by Debian's ansible-core, or without systemd.
var notHere = regexp.MustCompile(`^(ansible\.posix\..*|ansible\.builtin\.service)$`)

// changes are what is done by hand to a machine that complies, by the task that would repair it.
var changes = map[string]string{
	"the account of the application": "usermod --shell /bin/sh app",
	"its directory":                  "chmod 0777 /srv/app",
	"its configuration":              "echo 'debug = true' >>/etc/app.conf",
	"root does not log in":           "sed -i 's/^PermitRootLogin no/PermitRootLogin yes/' /etc/ssh/sshd_config",
	"the nightly cleanup":            "sed -i 's/^0 3 /0 4 /' /etc/cron.d/app",
}

// The machine is this one, with an /etc and an /srv that are thrown away.
func TestThePackFindsWhatThePlaybookWouldChange(t *testing.T) {
	if os.Geteuid() != 0 {
		testenv.Missing(t, "root, for a mount namespace")
	}
	for program, of := range map[string]string{"unshare": "util-linux", "useradd": "passwd", "ansible-playbook": "ansible-core", "curl": "curl", "jq": "jq"} {
		testenv.Program(t, program, of)
	}
	w := migration(t)
	w.withInventory()
	w.localMachines()
	tasks := w.runnable()
	// Ansible's cron wants to find it, and does not run it for a file in /etc/cron.d.
	w.write("bin/crontab", "#!/bin/sh\nexit 1\n")
	require.NoError(t, os.Chmod(w.path("bin/crontab"), 0o755))
	playbook := "ansible-playbook --inventory=hosts.ini --limit=web1 --connection=local" +
		" --extra-vars=ansible_python_interpreter=/usr/bin/python3 site.yml"
	check := binary(t) + " check web1 --format=json"
	script := []string{
		"cp -a /etc etc", "mount --bind etc /etc", "mount -t tmpfs none /srv", "mkdir -p /etc/cron.d", playbook + " >applied 2>&1",
		check + " >compliant || true",
	}
	for _, task := range slices.Sorted(maps.Keys(changes)) {
		script = append(script, changes[task])
	}
	script = append(script, playbook+" --check >would_change 2>&1", check+" >drifted || true")
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-e", "-c", strings.Join(script, "\n"))
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "PATH="+w.path("bin")+":/usr/sbin:"+os.Getenv("PATH"), "HOME="+w.dir, "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1",
		"ANSIBLE_PIPELINING=1", "ANSIBLE_GATHERING=explicit")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s\n%s", out, w.read("applied"), w.read("would_change"))

	compliant := w.results("compliant")
	require.Empty(t, compliant.Mismatches, "after the playbook has run")
	require.Empty(t, compliant.Errors)
	require.Equal(t, state.Compliant, compliant.Attempt.Status)
	want := slices.Sorted(maps.Keys(changes))
	assert.Equal(t, want, changed(t, w.read("would_change"), tasks), "by Ansible")
	assert.Equal(t, want, w.described(w.results("drifted")), "by drift_exporter")
}

func TestThePackAsksWhatTheGossfileAsks(t *testing.T) {
	w := migration(t)
	w.write("config.yaml", "check: {allow_commands: true}\nmachines: [{name: here, transport: local, packs: [goss]}]\n")
	status, _, stderr := w.run("validate")
	require.Equal(t, 0, status, stderr)
	var goss map[string]map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(w.read("goss.yaml")), &goss))
	var pack struct{ Items map[string][]map[string]any }
	require.NoError(t, yaml.Unmarshal([]byte(w.read("packs/goss.yaml")), &pack))
	of := map[string][2]string{ // section, and the field that names an item
		"user": {"users", "name"}, "file": {"files", "path"}, "package": {"packages", "name"}, "kernel-param": {"settings", "key"},
		"port": {"ports", "port"}, "service": {"services", "name"}, "command": {"commands", "name"},
	}
	asked := 0
	for resource, tests := range goss {
		require.Contains(t, of, resource)
		section, field := of[resource][0], of[resource][1]
		var names []string
		for _, item := range pack.Items[section] {
			names = append(names, fmt.Sprint(item[field]))
		}
		for name := range tests {
			assert.Contains(t, names, strings.TrimPrefix(name, "tcp:"), resource)
			asked++
		}
	}
	items := 0
	for _, section := range pack.Items {
		items += len(section)
	}
	assert.Equal(t, asked, items, "no more, and no less")
}
