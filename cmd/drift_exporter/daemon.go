package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/run"
	"github.com/drift-exporter/drift_exporter/checker/ssh"
	"github.com/drift-exporter/drift_exporter/exporter"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules/alertmanager"
)

// shutdownGrace is how long requests under way may take once the process is told to end.
const shutdownGrace = 5 * time.Second

// headerTimeout bounds how long a client may take to say what it wants.
const headerTimeout = 10 * time.Second

// A connection on which nobody asks again, or whose answer nobody takes, is closed: they cost memory and a file each. Prometheus asks
// more often; and what is asked for is answered in seconds.
const (
	idleTimeout   = 5 * time.Minute
	answerTimeout = 5 * time.Minute
)

// daemon is `serve`: it owns the store and the three stages, and hands each what it needs of the others.
type daemon struct {
	cli         *cli
	flags       *serveFlags
	log         *slog.Logger
	clock       clockwork.Clock
	externalURL *url.URL
	fleet       atomic.Pointer[checker.Fleet]
	digested    atomic.Pointer[digested]
	store       *state.Store
	runner      *run.Runner
	sending     *alertmanager.Metrics
	senders     chan *alertmanager.Sender // the one to run from now on
	reloads     *reloadMetrics
	reloading   sync.Mutex // one reload at a time
	server      *http.Server
	listening   chan struct{} // closed once the server takes connections
}

// newDaemon reads the configuration, opens the store and wires the stages. It starts nothing but the store.
func newDaemon(ctx context.Context, c *cli, f *serveFlags, log *slog.Logger, clock clockwork.Clock) (*daemon, error) {
	external, err := externalURL(f.externalURL, c.env.hostname, (*f.web.WebListenAddresses)[0])
	if err != nil {
		return nil, err
	}
	if err := web.Validate(*f.web.WebConfigFile); err != nil {
		return nil, fmt.Errorf("web configuration file: %w", err)
	}
	d := &daemon{cli: c, flags: f, log: log, clock: clock, externalURL: external}
	registry := prometheus.NewRegistry()
	d.reloads = newReloadMetrics(registry)
	fleet, err := d.load()
	if err != nil {
		return nil, err
	}
	d.fleet.Store(fleet)
	d.loaded()

	options, err := d.stateOptions(fleet)
	if err != nil {
		return nil, err
	}
	d.store, err = state.Open(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("opening the state: %w", err)
	}
	if options.Cluster != nil {
		d.log = log.With("replica", options.Cluster.Replica.Name)
		registry.MustRegister(newClusterMetrics(d))
	}
	d.store.Announce(d.digest(fleet))
	if err := d.wire(registry); err != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	return d, nil
}

// wire builds the stages around the state.
func (d *daemon) wire(registry *prometheus.Registry) error {
	shown := &pages{daemon: d}
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector("drift_exporter"),
	)
	fleet := d.fleet.Load()
	var err error
	d.runner, err = run.New(run.Options{
		Store:     d.store,
		Queue:     d.store.Queue(),
		Fleet:     fleet,
		Check:     d.cli.newChecker(d.log, d.log, d.clock, d.sharedKeys()).Check,
		Sink:      d.sink,
		Unjudged:  d.unjudged,
		Metrics:   run.NewMetrics(registry),
		Clock:     d.clock,
		Logger:    d.log,
		KeepAlive: ackWait(fleet) / 3,
		NoChecks:  d.flags.part() == state.RoleWeb,
		Busy:      d.cli.growHeap,
	})
	if err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	d.sending = alertmanager.NewMetrics(registry)
	d.senders = make(chan *alertmanager.Sender, 1)
	sender, err := d.newSender(fleet)
	if err != nil {
		return err
	}
	d.senders <- sender
	site, err := exporter.New(exporter.Options{
		View:            d.store.View(),
		Store:           d.store,
		Fleet:           shown.Fleet,
		Runs:            shown,
		Gatherer:        registry,
		Registerer:      registry,
		ExternalURL:     d.externalURL,
		RoutePrefix:     d.flags.routePrefix,
		EnableLifecycle: d.flags.enableLifecycle,
		Reload:          d.reload,
		ReloadRefused:   d.reloads.refusedAt,
		Version:         version.Version,
		Logger:          d.log,
		Clock:           d.clock,
	})
	if err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	d.listening = make(chan struct{})
	bound := sync.OnceFunc(func() { close(d.listening) })
	d.server = &http.Server{
		Handler: site.Handler(), ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, WriteTimeout: answerTimeout,
		BaseContext: func(net.Listener) context.Context { bound(); return context.Background() },
	}
	return nil
}

// sharedKeys are the host keys that replicas accepted; nil where nobody shares them.
func (d *daemon) sharedKeys() ssh.KeyStore {
	if keys := d.store.HostKeys(); keys != nil {
		return keys
	}
	return nil
}

// ackWait is how long a machine may be in the hands of a worker that gives no sign of life.
func ackWait(fleet *checker.Fleet) time.Duration {
	if c := fleet.Config.Cluster; c != nil {
		return c.WorkerTimeout
	}
	return fleet.Config.Check.Timeout + time.Minute
}

// nextRun is when the next scheduled run is due.
func (d *daemon) nextRun() time.Time { return d.runner.NextRun() }

// run starts everything and returns once ctx has ended and all is stopped, or a part of it failed.
func (d *daemon) run(ctx context.Context) error {
	if err := d.restore(ctx); err != nil {
		return errors.Join(err, d.store.Close())
	}
	d.reconcile(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.sendAlerts(ctx) })
	group.Go(func() error { return d.check(ctx) })
	group.Go(func() error { d.keepUp(ctx); return nil })
	group.Go(func() error { return d.serveHTTP() })
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		return d.stopHTTP(grace)
	})
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil // told to stop
	}
	return errors.Join(err, d.store.Close())
}

// check runs checks once there is somebody to tell: a process that is started over and over because its port is taken
// must not log in to the fleet each time.
func (d *daemon) check(ctx context.Context) error {
	select {
	case <-d.listening:
		d.log.Info("serving pages, metrics and the API", "url", d.externalURL.String())
		return d.runner.Run(ctx)
	case <-ctx.Done():
		return nil
	}
}

// stopHTTP lets requests under way end, within the grace. A connection that has not asked for anything counts as
// one, so that running out of grace is no failure.
func (d *daemon) stopHTTP(grace context.Context) error {
	err := d.server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		return d.server.Close()
	}
	return err
}

func (d *daemon) serveHTTP() error {
	err := web.ListenAndServe(d.server, d.flags.web, d.log)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving HTTP: %w", err)
}
