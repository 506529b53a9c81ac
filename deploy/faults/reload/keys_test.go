package reload_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testlocal"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// Without the files that a login needs nobody is logged in, and nothing is judged. m0 is local, and is checked as ever; m1 is
// behind a real sshd.
func TestFaultKeysOrKnownHostsAreGone(t *testing.T) {
	sshd := testsshd.Start(t, testsshd.Options{})
	f := testlocal.New(t, 2)
	file := filepath.Join(sshd.Home, "conf")
	onMachine := func(text string) {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		require.NoError(t, sshd.Chown(file))
	}
	onMachine("good\n")
	f.Write("packs/p1.yaml", "items: {files: [{path: ~/conf, content: \"good\\n\"}]}\n")
	key, known := f.Path("key"), f.Path("known_hosts")
	copyTree(t, sshd.KeyFile, key)
	copyTree(t, sshd.KnownHostsFile, known)
	f.Config += fmt.Sprintf("ssh: {user: %s, port: %d, identity_files: [%s], known_hosts_files: [%s]}\n", sshd.User, sshd.Port, key, known)
	f.Configure(testlocal.Line(0), "{name: m1, address: 127.0.0.1, packs: [p1]}")
	f.Start()
	onMachine("bad\n")
	f.Complies["m1"], f.Fires["m1"] = false, true
	f.Exporter.CheckNow()
	f.RequireTruth("before the faults")
	rows := map[string]struct {
		file string
		do   func(t *testing.T, path string)
	}{
		"the key file gone": {key, vanished}, "the key file garbage": {key, text("no key\n")}, "the key file a directory": {key, directory},
		"known_hosts gone": {known, vanished}, "known_hosts emptied": {known, text("")}, "known_hosts garbage": {known, text("\x00\xff no\n")},
		"known_hosts a directory": {known, directory},
	}
	n := 0
	for name, row := range rows {
		if n++; n > testfaults.Pick(2, len(rows)) {
			break
		}
		before := sshd.Logins()
		row.do(t, row.file)
		onMachine("good\n") // a check that came through would find it compliant
		f.Set(0, false)
		f.Fires["m0"] = true
		f.Exporter.Post("/-/reload", "") // it may refuse: both are right
		f.Exporter.CheckNow()
		f.RequireTruth(name)
		assert.Equal(t, "0", f.Exporter.Metric(`drift_check_success{machine="m1",pack="p1"}`), name)
		assert.Equal(t, before, sshd.Logins(), "%s: nobody logs in", name)
		require.NoError(t, os.RemoveAll(row.file))
		copyTree(t, map[string]string{key: sshd.KeyFile, known: sshd.KnownHostsFile}[row.file], row.file)
		f.Set(0, true)
		f.Fires["m0"] = false
		onMachine("bad\n")
		status, answer := f.Exporter.Post("/-/reload", "")
		require.Equal(t, 200, status, answer)
		f.Exporter.CheckNow()
		f.RequireTruth(name + ", and back")
		assert.Equal(t, "1", f.Exporter.Metric(`drift_check_success{machine="m1",pack="p1"}`), name)
		testfaults.Survived(t, name+" while running", 1)
	}
	f.Exporter.Terminate()
}
