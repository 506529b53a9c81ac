package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"
	"time"

	"github.com/drift-exporter/drift_exporter/deploy/alertmanager"
	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

// Where the programs listen, if nobody else does.
const (
	exporterPort     = 10186
	alertmanagerPort = 9093
)

// gathering is how long Alertmanager waits for more to tell. For production it is longer.
const gathering = time.Second

// world is all that runs, and where.
type world struct {
	o    options
	term *terminal
	dir  string // scratch, absolute

	fleet        *simfleet.Fleet
	ports        map[string]int // of the machines
	slack        *slack
	alertmanager *child
	exporter     *child
}

// newWorld makes the scratch directory. What it returns has to be closed.
func newWorld(o options, term *terminal) (*world, error) {
	var err error
	if o.exporter, err = program(o.exporter, "exporter"); err != nil {
		return nil, err
	}
	if o.alertmanager, err = program(o.alertmanager, "alertmanager"); err != nil {
		return nil, err
	}
	w := &world{o: o, term: term, dir: o.dir}
	if w.dir == "" {
		w.dir, err = os.MkdirTemp("", "drift_demo")
	} else if err = os.Mkdir(w.dir, 0o700); err == nil {
		w.dir, err = filepath.Abs(w.dir)
	}
	if err != nil {
		return nil, fmt.Errorf("scratch directory: %w", err)
	}
	return w, nil
}

// machineFile is where a machine's file really is.
func (w *world) machineFile(machine, path string) string {
	return filepath.Join(w.dir, machine, path)
}

func (w *world) configFile() string { return filepath.Join(w.dir, "config.yaml") }

// startFleet starts the machines and the stand-in for Slack.
func (w *world) startFleet() (err error) {
	if w.fleet, w.ports, err = startMachines(w.dir); err != nil {
		return err
	}
	w.slack, err = startSlack()
	return err
}

// startAlertmanager starts Alertmanager with the shipped configuration.
func (w *world) startAlertmanager(ctx context.Context, ended func(error)) error {
	dir := filepath.Join(w.dir, "alertmanager")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	config, err := alertmanager.Install(dir, alertmanager.Options{SlackURL: w.slack.url, Waiting: gathering})
	if err != nil {
		return fmt.Errorf("the configuration of Alertmanager: %w", err)
	}
	at, err := address(alertmanagerPort)
	if err != nil {
		return err
	}
	cmd := exec.Command(w.o.alertmanager, "--config.file="+config, "--storage.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+at, "--cluster.listen-address=")
	cmd.Dir, cmd.Env = dir, childEnviron(w.dir)
	w.alertmanager, err = startChild(ctx, "Alertmanager", "http://"+at, filepath.Join(w.dir, "alertmanager.log"), cmd, ended)
	return err
}

// startExporter writes what the exporter reads, and starts it.
func (w *world) startExporter(ctx context.Context, ended func(error)) error {
	if err := w.configure(); err != nil {
		return fmt.Errorf("the configuration of the exporter: %w", err)
	}
	at, err := address(exporterPort)
	if err != nil {
		return err
	}
	// So that commands as the story shows them work in the scratch directory.
	if err := os.Symlink(w.o.exporter, filepath.Join(w.dir, "drift_exporter")); err != nil {
		return err
	}
	url := "http://" + at
	cmd := exec.Command(w.o.exporter, "--config.file="+w.configFile(), "--storage.path="+filepath.Join(w.dir, "data"),
		"--web.listen-address="+at, "--web.external-url="+url+"/", "--web.enable-lifecycle")
	cmd.Dir, cmd.Env = w.dir, childEnviron(w.dir)
	w.exporter, err = startChild(ctx, "the exporter", url, filepath.Join(w.dir, "exporter.log"), cmd, ended)
	return err
}

func (w *world) configure() error {
	if err := unpack("fleet/packs", filepath.Join(w.dir, "packs")); err != nil {
		return err
	}
	config, err := template.ParseFS(shipped, "fleet/config.yaml")
	if err != nil {
		return err
	}
	file, err := os.Create(w.configFile())
	if err != nil {
		return err
	}
	err = config.Execute(file, struct {
		Alertmanager string
		Ports        map[string]int
	}{w.alertmanager.url, w.ports})
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	key, err := w.fleet.Key()
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(w.dir, "key"), key, 0o600); err != nil {
		return err
	}
	return writeFile(filepath.Join(w.dir, "known_hosts"), w.fleet.KnownHosts(), 0o644)
}

// close ends all that runs and removes the scratch directory.
func (w *world) close() error {
	for _, c := range []*child{w.exporter, w.alertmanager} {
		if c != nil {
			c.stop()
		}
	}
	if w.slack != nil {
		w.slack.close()
	}
	if w.fleet != nil {
		w.fleet.Close()
	}
	if err := os.RemoveAll(w.dir); err != nil {
		return fmt.Errorf("the scratch directory stays: %w", err)
	}
	return nil
}
