package fleetbench

import (
	"os"
	"os/user"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// real is a real sshd that answers for any number of machines, which are all the same one.
type real struct {
	server *testsshd.Server
	f      Fleet // of no machines
}

func startReal(t testing.TB) *real {
	t.Helper()
	server := testsshd.Start(t, testsshd.Options{AllLoopbacks: true})
	u, err := user.Lookup(server.User)
	require.NoError(t, err)
	group, err := user.LookupGroupId(u.Gid)
	require.NoError(t, err)
	r := &real{server: server, f: Fleet{
		Port: server.Port, User: server.User, KeyFile: server.KeyFile, HostKey: server.HostKey("ed25519"),
		Items: NewItems(filepath.Join(server.Home, "machine"), server.User, group.Name),
	}}
	r.f.OutputFile = filepath.Join(t.TempDir(), "output")
	require.NoError(t, os.WriteFile(r.f.OutputFile, []byte(AsWanted), 0o600))
	require.NoError(t, r.f.Items.Make(server.Chown))
	return r
}

// fleet writes the files for that many machines.
func (r *real) fleet(t testing.TB, machines int) Fleet {
	t.Helper()
	f := r.f
	f.Dir, f.Machines = t.TempDir(), machines
	require.NoError(t, f.Write(1))
	return f
}

// drifted runs something while the content of a file is another.
func (r *real) drifted(t testing.TB, do func()) {
	t.Helper()
	plant(t, r.f.Items)
	do()
	require.NoError(t, r.f.Items.Repair(planted(r.f.Items), r.server.Chown))
}
