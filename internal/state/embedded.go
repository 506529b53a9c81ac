package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
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
	server *server.Server
}

func startEmbedded(ctx context.Context, dir string, log *slog.Logger) (*embedded, error) {
	// The server would make its directory readable for the group.
	if err := os.MkdirAll(filepath.Join(dir, server.JetStreamStoreDir), 0o700); err != nil {
		return nil, fmt.Errorf("create storage directory: %w", err)
	}
	srv, err := server.NewServer(&server.Options{
		ServerName:             "drift_exporter",
		DontListen:             true,
		NoSigs:                 true,
		JetStream:              true,
		StoreDir:               dir,
		SyncInterval:           syncInterval,
		MaxPayload:             maxPayload,
		JetStreamMaxStore:      maxStoreBytes,
		JetStreamMaxMemory:     maxMemoryBytes,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("embedded nats server: %w", err)
	}
	slogger := &serverLog{log: log}
	srv.SetLoggerV2(slogger, log.Enabled(ctx, slog.LevelDebug), false, false)
	srv.Start()
	e := &embedded{server: srv}
	if msg := slogger.fatal.Load(); msg != nil {
		e.stop()
		return nil, fmt.Errorf("embedded nats server: %s", *msg)
	}
	if !srv.ReadyForConnections(startTimeout) || !srv.JetStreamEnabled() {
		e.stop()
		return nil, errors.New("embedded nats server: did not start")
	}
	return e, nil
}

// connect opens a connection that stays inside this process.
func (e *embedded) connect(opts ...nats.Option) (*nats.Conn, error) {
	nc, err := nats.Connect("", append(opts, nats.InProcessServer(e.server))...)
	if err != nil {
		return nil, fmt.Errorf("connect to embedded nats server: %w", err)
	}
	return nc, nil
}

func (e *embedded) stop() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
}
