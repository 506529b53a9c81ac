package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/jonboulle/clockwork"
	"github.com/prometheus/common/promslog"
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

func addServe(a *kingpin.Application, _ *commonFlags) (string, command) {
	f := &serveFlags{}
	cmd := a.Command("serve", "Check the fleet on schedule and serve metrics and pages (the default).").Default()
	f.web = kingpinflag.AddFlags(cmd, defaultListenAddress)
	cmd.Flag("web.external-url", "The URL under which drift_exporter is reachable from outside, for links in alerts. "+
		"Its path is the route prefix unless that is given.").StringVar(&f.externalURL)
	cmd.Flag("web.route-prefix", "Prefix of all paths. Default: the path of --web.external-url.").StringVar(&f.routePrefix)
	cmd.Flag("web.enable-lifecycle", "Allow reloads and checks to be asked for over HTTP.").BoolVar(&f.enableLifecycle)
	return cmd.FullCommand(), func(ctx context.Context, c *cli) int { return c.serve(ctx, f) }
}

func (c *cli) serve(ctx context.Context, f *serveFlags) int {
	log := promslog.New(c.log)
	d, err := newDaemon(ctx, c, f, log, clockwork.NewRealClock())
	if err != nil {
		log.Error("could not start", "err", err)
		return exitFailure
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-reload:
				_ = d.reload(ctx) // logged there, and shown by drift_config_last_reload_successful
			}
		}
	}()
	if err := d.run(ctx); err != nil {
		fmt.Fprintf(c.stderr, "drift_exporter: %v\n", err)
		return exitFailure
	}
	return exitOK
}
