package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	// maxPayload is the server's limit for one message. Entries of state, detail and history have their own,
	// smaller ones; a run that names thousands of machines may come near.
	maxPayload = 8 << 20
	// syncInterval bounds what a power cut, not a killed process, can take: acknowledged writes are already
	// with the kernel.
	syncInterval   = time.Second
	startTimeout   = 30 * time.Second
	maxStoreBytes  = 1 << 50 // the disk is the limit
	maxMemoryBytes = 64 << 20
)

// embedded is a NATS server inside this process that listens nowhere. It is the only thing in this package
// that is not said to a JetStream of any kind.
type embedded struct {
	dir string
	log *serverLog

	mu     sync.Mutex
	server *server.Server // nil: it is down
}

func startEmbedded(ctx context.Context, dir string, log *slog.Logger) (*embedded, error) {
	// The server would make its directory readable for the group.
	if err := os.MkdirAll(filepath.Join(dir, server.JetStreamStoreDir), 0o700); err != nil {
		return nil, fmt.Errorf("create storage directory: %w", err)
	}
	e := &embedded{dir: dir, log: newServerLog(log)}
	if err := e.start(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *embedded) start(ctx context.Context) error {
	if err := e.dropIndexes(); err != nil {
		return err
	}
	srv, err := server.NewServer(&server.Options{
		ServerName:             "drift_exporter",
		DontListen:             true,
		NoSigs:                 true,
		JetStream:              true,
		StoreDir:               e.dir,
		SyncInterval:           syncInterval,
		MaxPayload:             maxPayload,
		JetStreamMaxStore:      maxStoreBytes,
		JetStreamMaxMemory:     maxMemoryBytes,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return fmt.Errorf("embedded nats server: %w", err)
	}
	e.log.fatal.Store(nil)
	srv.SetLoggerV2(e.log, e.log.log.Enabled(ctx, slog.LevelDebug), false, false)
	srv.Start()
	if msg := e.log.fatal.Load(); msg != nil {
		err = fmt.Errorf("embedded nats server: %s", *msg)
	} else if !srv.ReadyForConnections(startTimeout) || !srv.JetStreamEnabled() {
		err = errors.New("embedded nats server: did not start")
	}
	if err != nil {
		shutDown(srv)
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.server = srv
	return nil
}

// dropIndexes removes what the server has noted of its files' content, so that it reads them and compares each message with its
// checksum. With its notes it would find a damaged one only when that is asked for: who replays a stream then waits for it
// without end, and who writes the same key is refused.
func (e *embedded) dropIndexes() error {
	notes, err := fs.Glob(os.DirFS(e.dir), server.JetStreamStoreDir+"/*/streams/*/msgs/index.db")
	for _, note := range notes {
		err = errors.Join(err, os.RemoveAll(filepath.Join(e.dir, note)))
	}
	if err != nil {
		return fmt.Errorf("storage directory %s: %w", e.dir, err)
	}
	return nil
}

// connect opens a connection that stays inside this process, and outlives a restart.
func (e *embedded) connect(opts ...nats.Option) (*nats.Conn, error) {
	nc, err := nats.Connect("", append(opts, nats.InProcessServer(e))...)
	if err != nil {
		return nil, fmt.Errorf("connect to embedded nats server: %w", err)
	}
	return nc, nil
}

var errServerDown = errors.New("the embedded nats server is down")

// InProcessConn is for the client: the server of this moment's.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server == nil {
		return nil, errServerDown
	}
	return e.server.InProcessConn()
}

// restart makes the server read its directory anew: after a write that failed it takes no other, even where there
// is room again. If it does not start, it is down until a restart that succeeds.
func (e *embedded) restart(ctx context.Context) error {
	e.stop()
	e.log.stuck.Store(nil)
	return e.start(ctx)
}

func (e *embedded) stop() {
	e.mu.Lock()
	srv := e.server
	e.server = nil
	e.mu.Unlock()
	if srv != nil {
		shutDown(srv)
	}
}

func shutDown(srv *server.Server) {
	srv.Shutdown()
	srv.WaitForShutdown()
}
