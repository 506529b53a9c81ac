package state

import (
	"log/slog"
	"net"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
)

// natsd is a NATS server in this process that listens on loopback, as it does elsewhere.
type natsd struct {
	*server.Server
	options *server.Options
	address string
}

// natsServer starts a server that ends with the test.
func natsServer(tb testing.TB, change func(*server.Options)) *natsd {
	tb.Helper()
	n := &natsd{options: &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: tb.TempDir(), NoSigs: true, NoLog: true,
		JetStreamMaxStore: maxStoreBytes, JetStreamMaxMemory: maxMemoryBytes,
	}}
	if change != nil {
		change(n.options)
	}
	n.start(tb)
	tb.Cleanup(n.stop)
	return n
}

func (n *natsd) start(tb testing.TB) {
	tb.Helper()
	o := *n.options
	var err error
	n.Server, err = server.NewServer(&o)
	require.NoError(tb, err)
	n.Start()
	require.True(tb, n.ReadyForConnections(eventually))
	n.address = n.Addr().String()
	n.options.Port = n.Addr().(*net.TCPAddr).Port // the next start's as well
}

func (n *natsd) stop() {
	n.Shutdown()
	n.WaitForShutdown()
}

// clustered are options for a replica of that name at a server.
func clustered(srv *natsd, name string) Options {
	return Options{
		Logger: slog.New(slog.DiscardHandler),
		Cluster: &Cluster{
			URL: "nats://" + srv.address, Replica: Replica{Name: name, Role: RoleAll, StartedAt: t0}, StartTimeout: eventually,
		},
	}
}

// join opens a store that shares its state with others at the server.
func join(tb testing.TB, srv *natsd, name string) *Store {
	tb.Helper()
	return openWith(tb, clustered(srv, name))
}
