package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/jonboulle/clockwork"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

// defaultListenAddress is where the pages and metrics are unless told otherwise.
const defaultListenAddress = ":10186"

// serveFlags are those of `serve`.
type serveFlags struct {
	web             *web.FlagConfig
	externalURL     string
	routePrefix     string
	enableLifecycle bool
}

// addServe adds the flags of serve to the program itself: as with every exporter they may stand alone, before the
// command, or after it.
func addServe(a *kingpin.Application) (string, command) {
	f := &serveFlags{web: kingpinflag.AddFlags(a, defaultListenAddress)}
	a.Flag("web.external-url", "The URL under which drift_exporter is reachable from outside, for the links in alerts. "+
		"Its path is the route prefix unless that is given. Default: http://<hostname>:<port>/").StringVar(&f.externalURL)
	a.Flag("web.route-prefix", "Prefix of all paths. Default: the path of --web.external-url.").StringVar(&f.routePrefix)
	a.Flag("web.enable-lifecycle", "Allow reloads and checks to be asked for over HTTP.").BoolVar(&f.enableLifecycle)
	cmd := a.Command("serve", "Check the fleet on schedule and serve metrics and pages (the default).").Default()
	return cmd.FullCommand(), func(ctx context.Context, c *cli) int { return c.serve(ctx, f) }
}

func (c *cli) serve(ctx context.Context, f *serveFlags) int {
	log := promslog.New(c.log)
	// From the first moment on: a reload that is asked for during the start takes place after it.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	log.Info("starting drift_exporter", "version", version.Info(), "build", version.BuildContext())

	d, err := newDaemon(ctx, c, f, log, clockwork.NewRealClock())
	if err != nil {
		logStartFailure(log, err)
		return exitFailure
	}
	go d.reloadOn(ctx, hangup)
	err = d.run(ctx)
	if err != nil {
		log.Error("stopped", "err", err)
		return exitFailure
	}
	log.Info("stopped")
	return exitOK
}

// logStartFailure says why there is no start; problems of the configuration were logged one by one.
func logStartFailure(log *slog.Logger, err error) {
	if errors.Is(err, errInvalid) {
		log.Error("could not start: the configuration is not valid")
		return
	}
	log.Error("could not start", "err", err)
}

// reloadOn reloads at every signal until ctx ends.
func (d *daemon) reloadOn(ctx context.Context, hangup <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			_ = d.reload(ctx) // logged there, and shown by drift_config_last_reload_successful
		}
	}
}
