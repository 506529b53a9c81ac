package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// defaultListenAddress is where the pages and metrics are unless told otherwise.
const defaultListenAddress = ":10186"

// serveFlags are those of `serve`.
type serveFlags struct {
	web             *web.FlagConfig
	externalURL     string
	routePrefix     string
	enableLifecycle bool
	role            string
	sites           []string
}

// addServe adds the flags of serve to the program itself: as with every exporter they may stand alone, before the
// command, or after it.
func addServe(p *program) command {
	a := p.app
	f := &serveFlags{web: kingpinflag.AddFlags(a, defaultListenAddress)}
	a.GetFlag("web.listen-address").PlaceHolder("ADDRESS").
		Help("Address of metrics and pages, as :9100, [::1]:9100 or vsock://:9100.")
	a.GetFlag("web.config.file").PlaceHolder("FILE").
		Help("File that enables TLS or authentication: the web configuration of Prometheus' exporter-toolkit.")
	a.Flag("web.external-url", "The URL under which drift_exporter is reachable from outside, for the links in alerts. "+
		"Its path is the route prefix unless that is given. Without it: http://<hostname>:<port>/").PlaceHolder("URL").StringVar(&f.externalURL)
	a.Flag("web.route-prefix", "Prefix of all paths. Without it, the path of --web.external-url.").PlaceHolder("PREFIX").StringVar(&f.routePrefix)
	a.Flag("web.enable-lifecycle", "Allow reloads and checks to be asked for over HTTP.").BoolVar(&f.enableLifecycle)
	chooseVar(a.Flag(roleFlag, "What this replica does: worker only checks, web does everything but that. Other than all, it needs cluster in the "+
		"configuration.").PlaceHolder("ROLE").Default(string(state.RoleAll)), &f.role, string(state.RoleAll), string(state.RoleWorker), string(state.RoleWeb))
	a.Flag(sitesFlag, "Check just the machines with this site in the configuration; repeatable. Without it, those that have none.").
		PlaceHolder("SITE").StringsVar(&f.sites)
	cmd := a.Command(serveName, "Check the fleet on schedule, serve metrics and pages (default).").Default()
	return command{cmd, func(ctx context.Context, c *cli) int { return c.serve(ctx, f) }, serveManual}
}

// serveName is the command that is run if none is named.
const serveName = "serve"

var serveManual = manual{
	about: "Check the fleet on schedule, alert through Alertmanager when a machine stops complying, and serve metrics, pages " +
		"and the JSON API until SIGINT or SIGTERM. SIGHUP reads the configuration and the packs again. It is what runs " +
		"where no command is named.",
	examples: []example{
		{"Serve on localhost only, with a button to check now", "drift_exporter --web.listen-address=localhost:10186 --web.enable-lifecycle"},
		{"Behind a proxy, so that links in alerts lead to it", "drift_exporter serve --web.external-url=https://ops.example.org/drift"},
	},
	exits: []exit{{0, "it was told to stop"}, {1, "it could not start, or a part of it failed"}, {2, "the command line is not valid"}},
	more:  "docs/configuration.md, docs/metrics.md, docs/alerts.md, docs/api.md",
}

// How far the heap grows between two collections once the state is loaded, in percent of what is live. What is live is the
// state, nearly all of it, and stays: Go's default, 100, would hold the same again for garbage. Some of that pays while machines
// are checked, each of which leaves some 200 KB.
const (
	heapGrowth         = 40
	heapGrowthOfChecks = 65
)

// growHeap lets the heap grow as far as pays while machines are checked, or while none is.
func (c *cli) growHeap(checks bool) {
	switch {
	case c.env.ownGOGC:
	case checks:
		debug.SetGCPercent(heapGrowthOfChecks)
	default:
		debug.SetGCPercent(heapGrowth)
	}
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
		if isTerminal(c.stderr) && errors.Is(err, errInvalid) { // elsewhere it would be noise in a log
			c.sayHowToBegin(c.stderr)
		}
		return exitFailure
	}
	c.growHeap(false)
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
