// Command drift_demo shows drift_exporter at work on one computer, without root and without anything else installed: a
// small fleet of simulated machines, the real exporter, the real Alertmanager with the shipped configuration, and a
// stand-in for Slack that prints what it gets. It breaks a machine, and repairs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
)

// options are the flags.
type options struct {
	exporter     string // programs
	alertmanager string
	dir          string
	once         bool
}

func main() {
	var o options
	app := kingpin.New("drift_demo", "Shows drift_exporter at work: a simulated fleet, the real exporter, the real Alertmanager, a stand-in for Slack.")
	app.HelpFlag.Short('h')
	app.Flag("once", "End when the story is told, instead of waiting for Ctrl-C.").BoolVar(&o.once)
	app.Flag("dir", "Scratch directory: must not exist, and is removed at the end. Without it, a new one in the system's place for such.").PlaceHolder("DIR").StringVar(&o.dir)
	app.Flag("exporter", "The exporter to run.").PlaceHolder("FILE").Default("bin/drift_exporter").StringVar(&o.exporter)
	app.Flag("alertmanager", "The Alertmanager to run.").PlaceHolder("FILE").Default("bin/alertmanager").StringVar(&o.alertmanager)
	kingpin.MustParse(app.Parse(os.Args[1:]))

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	noColor, term := os.Getenv("NO_COLOR") != "", os.Getenv("TERM")
	if err := run(ctx, o, newTerminal(os.Stdout, !noColor && term != "" && term != "dumb")); err != nil {
		fmt.Fprintf(os.Stderr, "drift_demo: %s\n", err)
		os.Exit(1)
	}
}

// partEnded is the end of a part that should have gone on.
type partEnded struct{ error }

// run starts everything, tells the story, and ends everything. That somebody wants it to end is no error.
func run(ctx context.Context, o options, term *terminal) error {
	w, err := newWorld(o, term)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	err = tell(ctx, w, func(err error) { end(partEnded{err}) }, o.once)
	stopped := ctx.Err() != nil
	var part partEnded
	if errors.As(context.Cause(ctx), &part) {
		err, stopped = part, false
	}
	end(nil)
	if stopped {
		err = nil // what failed failed for that
	}
	if closing := w.close(); err == nil {
		err = closing
	}
	if err == nil {
		term.say("\nNothing is left running, and %s is removed.", w.dir)
	}
	return err
}
