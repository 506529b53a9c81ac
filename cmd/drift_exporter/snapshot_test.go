package main

import (
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
)

func TestSnapshotPrintsAPackThatTheMachineCompliesWith(t *testing.T) {
	w := newWorkspace(t)
	w.write("packs/base.yaml", "") // as a shell has made it that is about to write the pack
	status, stdout, stderr := w.run("snapshot", "here", "--sysctl=kernel.ostype", "--env-var", "HOME")
	assert.Equal(t, 0, status, stderr)
	assert.Equal(t, "drift_exporter: described 2 items of here: 2 settings\n", stderr)
	assert.True(t, strings.HasPrefix(stdout, "# Made by: drift_exporter snapshot here --sysctl=kernel.ostype --env-var=HOME\nname: Snapshot of here\n"), stdout)
	w.write("packs/base.yaml", stdout)
	status, stdout, stderr = w.run("check")
	assert.Equal(t, 0, status, stdout+stderr)
	assert.NoDirExists(t, w.path("data"), "snapshot never opens the store")
}

func TestSnapshotSaysWhatIsMissing(t *testing.T) {
	w := newWorkspace(t)
	status, stdout, stderr := w.run("snapshot", "here", "--sysctl=kernel.ostype", "--sysctl=kernel.nope\x1b[31m")
	assert.Equal(t, 2, status)
	assert.Contains(t, stdout, "key: kernel.ostype\n", "what could be observed is there")
	assert.Equal(t, `drift_exporter: not described: sysctl kernel.nope\x1b[31m: the kernel has no such parameter`+"\n"+
		"drift_exporter: described 1 item of here: 1 setting; 1 not described\n", stderr)
}

func TestSnapshotRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no machine":           {[]string{"snapshot"}, "required argument 'machine' not provided"},
		"nothing to describe":  {[]string{"snapshot", "here"}, "nothing to describe"},
		"an empty name":        {[]string{"snapshot", "here", "--sysctl="}, "a sysctl must be named"},
		"an unknown machine":   {[]string{"snapshot", "hree", "--sysctl=a"}, `no machine is called "hree" (did you mean "here"?)`},
		"a machine turned off": {[]string{"snapshot", "off", "--sysctl=a"}, "drift detection is disabled"},
		"an unknown kind":      {[]string{"snapshot", "here", "--nope=a"}, "nope"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := newWorkspace(t).run(test.args...)
			assert.Equal(t, 2, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, test.want)
		})
	}
}

func TestSnapshotNamesHowItWasMade(t *testing.T) {
	f := &snapshotFlags{machine: "web1", what: []checker.Selection{
		{Kind: "file", Selector: "/etc/it's $HOME/*"}, {Kind: "env_var", Selector: "PATH"}, {Kind: "user", Selector: "\x1b\n"},
	}}
	origin := string(f.origin())
	assert.Equal(t, `# Made by: drift_exporter snapshot web1 --file='/etc/it'\''s $HOME/*' --env-var=PATH --user='\x1b\n'`+"\n", origin)
	words, err := exec.Command("sh", "-c", "printf '<%s>' "+strings.TrimPrefix(origin, "# Made by: ")).Output()
	require.NoError(t, err)
	assert.Contains(t, string(words), "<--file=/etc/it's $HOME/*>", "it can be pasted")
	f.what = append(f.what, checker.Selection{Kind: "file", Selector: strings.Repeat("x", 1000)})
	assert.Less(t, len(f.origin()), 450)
}

func TestSnapshotShowsThatItGoesOn(t *testing.T) {
	w, _ := withSilentMachine(t, 1500*time.Millisecond)
	terminal, shown := newTerminal(t, 80)
	assert.Equal(t, 2, w.runOn(io.Discard, terminal, environment{term: "xterm"}, "snapshot", "silent", "--sysctl=a"))
	output := flushed(t, terminal, shown)
	assert.Contains(t, output, clearLine+"describing silent, 0:0")
	assert.Contains(t, seen(output), `drift_exporter: machine "silent": `)
	assert.NotContains(t, seen(output), "describing", "it is cleared at the end")
}
