package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// hearWithin bounds the wait for a message that must come.
const hearWithin = time.Minute

// sshdConfig is what is broken, on the machine that is.
const (
	broken     = "web1"
	sshdConfig = "/etc/ssh/sshd_config"
)

// tell starts everything and tells the story, part by part. Whoever ends by itself is told to ended.
func tell(ctx context.Context, w *world, ended func(error), once bool) error {
	for _, part := range []func(context.Context) error{
		func(ctx context.Context) error { return w.begin(ctx, ended) },
		w.firstCheck, w.breakMachine, w.repairMachine,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if once {
		return nil
	}
	return w.stay(ctx)
}

func (w *world) begin(ctx context.Context, ended func(error)) error {
	t := w.term
	t.title("A small fleet")
	t.say("Seven machines, simulated in this process: each is an SSH server on a port of " +
		"its own that runs the exporter's real script over files in a scratch directory. " +
		"The exporter and Alertmanager are the real ones, with the routing and the " +
		"templates from deploy/alertmanager. Slack is a stand-in that prints what it gets.")
	if err := w.startFleet(); err != nil {
		return err
	}
	if err := w.startAlertmanager(ctx, ended); err != nil {
		return err
	}
	if err := w.startExporter(ctx, ended); err != nil {
		return err
	}
	t.say("")
	t.say("  exporter      %s/", w.exporter.url)
	t.say("  Alertmanager  %s/", w.alertmanager.url)
	t.say("  all files     %s", w.dir)
	return nil
}

func (w *world) firstCheck(ctx context.Context) error {
	t := w.term
	t.title("The first check")
	t.say("Every day at 06:00 the exporter checks all machines. At its first start it does so at once.")
	if err := w.waitForRun(ctx, func(string) bool { return true }); err != nil {
		return err
	}
	t.commands("curl -s " + w.exporter.url + "/metrics | grep ^drift_compliant")
	lines, err := w.metrics(ctx, "drift_compliant{")
	if err != nil {
		return err
	}
	t.output(lines)
	t.say("")
	t.say("web3 differs from its pack web: its nginx is too old. That is no news, since it was never compliant, so " +
		"nobody is alerted; the pages and metrics show it. backup1 is switched off: what is not known is neither 0 nor 1. " +
		"lab1 is disabled, and not even connected to.")
	return nil
}

func (w *world) breakMachine(ctx context.Context) error {
	t := w.term
	t.title("Somebody changes web1")
	file := w.machineFile(broken, sshdConfig)
	t.commands("cd "+w.dir, "sed -i 's/^PermitRootLogin no/PermitRootLogin yes/' "+broken+sshdConfig, "chmod 0666 "+broken+sshdConfig)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed := strings.Replace(string(text), "PermitRootLogin no", "PermitRootLogin yes", 1)
	if err := writeFile(file, []byte(changed), 0o666); err != nil {
		return err
	}
	t.say("")
	t.say("What differs can be seen from a terminal, too, without telling anybody:")
	t.commands("./drift_exporter check " + broken + " --diff")
	out, err := w.checkCommand(ctx, broken, "--diff")
	if err != nil {
		return err
	}
	t.output(out)
	t.say("")
	t.say("Nobody has to look: the next check finds it, and Slack hears of it. It is not 06:00, so let us ask for one.")
	if err := w.checkNow(ctx); err != nil {
		return err
	}
	return w.hear(ctx, "warning")
}

func (w *world) repairMachine(ctx context.Context) error {
	t := w.term
	t.title("Somebody repairs web1")
	t.commands("sed -i 's/^PermitRootLogin yes/PermitRootLogin no/' "+broken+sshdConfig, "chmod 0644 "+broken+sshdConfig)
	text, err := shipped.ReadFile("fleet/machines/any" + sshdConfig)
	if err != nil {
		return err
	}
	if err := writeFile(w.machineFile(broken, sshdConfig), text, 0o644); err != nil {
		return err
	}
	if err := w.checkNow(ctx); err != nil {
		return err
	}
	return w.hear(ctx, "good")
}

func (w *world) checkNow(ctx context.Context) error {
	w.term.commands("curl -X POST -d '{\"machines\":[\"" + broken + "\"]}' " + w.exporter.url + "/api/v1/runs")
	return w.check(ctx, `{"machines":["`+broken+`"]}`)
}

// hear shows messages until one of that colour has come.
func (w *world) hear(ctx context.Context, colour string) error {
	patience := time.After(hearWithin)
	for {
		select {
		case m := <-w.slack.messages:
			w.term.box(m)
			for _, a := range m.Attachments {
				if a.Color == colour {
					return nil
				}
			}
		case <-patience:
			return errors.New("slack hears of nothing; " + filepath.Join(w.dir, "alertmanager.log") + " may say why")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stay shows what Slack gets until somebody wants it to end.
func (w *world) stay(ctx context.Context) error {
	t := w.term
	t.title("Now you")
	pages := [][2]string{
		{"the fleet", w.exporter.url + "/"},
		{"what differs on web3", w.exporter.url + "/machines/web3/packs/web"},
		{"what changed on web1", w.exporter.url + "/machines/web1/packs/base/history"},
		{"metrics", w.exporter.url + "/metrics"},
		{"Alertmanager", w.alertmanager.url + "/"},
	}
	for _, page := range pages {
		fmt.Fprintf(t.to, "  %-20s  %s\n", page[0], page[1]) // an address is never broken
	}
	t.say("")
	t.say("Each machine is a folder in %s. In another terminal, break one:", w.dir)
	t.commands("cd "+w.dir, "echo 'Ada was here' >db1/etc/motd", "./drift_exporter check db1 --diff")
	t.say("")
	t.say("That was only a look. Press \"Check now\" on the page of db1, and the message comes here. Repair it, and press again:")
	t.say("")
	fmt.Fprintf(t.to, "  %s/machines/db1\n", w.exporter.url)
	t.commands("cp web1/etc/motd db1/etc/motd")
	t.say("")
	t.say("What packs demand may change, too: edit one in the folder packs there, and")
	t.commands("curl -X POST " + w.exporter.url + "/-/reload")
	t.say("")
	t.say("Messages to Slack go on to appear here. Ctrl-C ends everything.")
	for {
		select {
		case m := <-w.slack.messages:
			t.box(m)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
