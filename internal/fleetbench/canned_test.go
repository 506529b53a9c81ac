package fleetbench

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// record has the program check one machine with a real shell, and returns what they said. The program must have found a
// drift before.
func record(t testing.TB, p programs, packs int) (*Recording, Items) {
	t.Helper()
	dir := t.TempDir()
	me, err := user.Current()
	require.NoError(t, err)
	group, err := user.LookupGroupId(me.Gid)
	require.NoError(t, err)
	items := NewItems(filepath.Join(dir, "machine"), me.Username, group.Name)
	keep := func(string) error { return nil }
	require.NoError(t, items.Make(keep))
	plant(t, items)
	output, code, _ := checkRecorded(t, p, items, filepath.Join(dir, "drifted"), packs)
	require.Equal(t, 1, code, output)
	require.Contains(t, output, "wrong_content", "the planted drift")
	require.NoError(t, items.Repair(planted(items), keep))
	output, code, recording := checkRecorded(t, p, items, filepath.Join(dir, "repaired"), packs)
	require.Equal(t, 0, code, output)
	return recording, items
}

// planted is the file whose content drifts.
func planted(items Items) string { return items.Files()[7] }

// plant makes another content of the same length.
func plant(t testing.TB, items Items) {
	t.Helper()
	data, err := os.ReadFile(planted(items))
	require.NoError(t, err)
	data[0] = '!'
	require.NoError(t, os.WriteFile(planted(items), data, 0o644))
}

func checkRecorded(t testing.TB, p programs, items Items, dir string, packs int) (output string, code int, r *Recording) {
	t.Helper()
	sim, err := simfleet.New()
	require.NoError(t, err)
	defer sim.Close()
	listener, err := net.Listen("tcp", net.JoinHostPort(Address(0).String(), "0"))
	require.NoError(t, err)
	recorder := &Recorder{Home: items.Dir}
	machine, err := sim.AddAt(listener, func(string) simfleet.Exec { return recorder.Exec })
	require.NoError(t, err)
	key, err := sim.Key()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	f := Fleet{
		Dir: dir, Machines: 1, Port: machine.Port(), User: simfleet.User, KeyFile: filepath.Join(dir, "key"), Items: items,
		HostKey: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(machine.HostKey()))),
	}
	require.NoError(t, os.WriteFile(f.KeyFile, key, 0o600))
	require.NoError(t, f.Write(packs))
	cmd := checkCommand(p, f)
	_, output, err = Run(cmd)
	require.NoError(t, err)
	sim.Close()
	r, err = recorder.Recording()
	require.NoError(t, err, output)
	return output, status(cmd), r
}

// canned is a process that plays machines.
type canned struct {
	f      Fleet // of no machines
	cmd    *exec.Cmd
	stdin  io.Closer
	output bytes.Buffer
}

// startCanned starts one that lives until the test ends.
func startCanned(t testing.TB, p programs, packs int) *canned {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "recording.json")
	recording, items := record(t, p, packs)
	require.NoError(t, recording.Write(file))
	c := &canned{cmd: exec.Command(p.fleet, "-recording="+file, "-dir="+dir)}
	c.cmd.Stdout, c.cmd.Stderr = &c.output, &c.output
	var err error
	c.stdin, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() { c.end() })
	var port []byte
	require.True(t, testprocess.WaitFor(func() bool {
		port, err = os.ReadFile(filepath.Join(dir, "port"))
		return err == nil
	}), "the canned fleet does not start")
	hostKey, err := os.ReadFile(filepath.Join(dir, "host_key.pub"))
	require.NoError(t, err)
	c.f = Fleet{
		User: simfleet.User, KeyFile: filepath.Join(dir, "key"), HostKey: strings.TrimSpace(string(hostKey)),
		Items: items, OutputFile: filepath.Join(dir, "output"),
	}
	c.f.Port, err = strconv.Atoi(string(port))
	require.NoError(t, err)
	return c
}

// end ends it and returns what it has to say of who was there.
func (c *canned) end() string {
	_ = c.stdin.Close()
	_ = c.cmd.Wait() // also the second time
	return c.output.String()
}

// fleet writes the files for that many machines.
func (c *canned) fleet(t testing.TB, machines, packs int) Fleet {
	t.Helper()
	f := c.f
	f.Dir, f.Machines = t.TempDir(), machines
	require.NoError(t, f.Write(packs))
	return f
}
