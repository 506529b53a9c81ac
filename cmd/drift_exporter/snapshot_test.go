package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSnapshotPrintsAPackThatTheMachineCompliesWith(t *testing.T) {
	w := newWorkspace(t)
	w.write("packs/base.yaml", "") // as a shell has made it that is about to write the pack
	status, stdout, stderr := w.run("snapshot", "here", "--sysctl=kernel.ostype", "--env-var", "HOME")
	assert.Equal(t, 0, status, stderr)
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "name: Snapshot of here\n")
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
	assert.Equal(t, `drift_exporter: not described: sysctl kernel.nope\x1b[31m: the kernel has no such parameter`+"\n", stderr)
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
