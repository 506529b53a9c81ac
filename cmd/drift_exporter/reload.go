package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// reloadMetrics tell whether the configuration on disk is the one in use.
type reloadMetrics struct {
	successful  prometheus.Gauge
	successTime prometheus.Gauge
	refused     atomic.Pointer[time.Time] // nil: the last one succeeded
}

// refusedAt is when the last attempt was refused, zero if it was not.
func (m *reloadMetrics) refusedAt() time.Time {
	if at := m.refused.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

func newReloadMetrics(registry prometheus.Registerer) *reloadMetrics {
	m := &reloadMetrics{
		successful: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "drift_config_last_reload_successful",
			Help: "Whether the last attempt to load the configuration succeeded.",
		}),
		successTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "drift_config_last_reload_success_timestamp_seconds",
			Help: "When the configuration was last loaded successfully.",
		}),
	}
	registry.MustRegister(m.successful, m.successTime)
	return m
}

// invalidError is a configuration that cannot be used. Its text is every problem, a line each; they are logged
// one by one where it is made.
type invalidError struct{ problems yamlfile.Problems }

func (e invalidError) Error() string {
	lines := []string{errInvalid.Error()}
	for _, p := range e.problems.Errors() {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

func (e invalidError) Unwrap() error { return errInvalid }

// load reads the configuration and the packs and logs what is wrong with them; anything but warnings refuses the
// whole.
func (d *daemon) load() (*checker.Fleet, error) {
	fleet, problems := checker.LoadFleet(d.cli.common.configFile, d.cli.env.home)
	for _, p := range problems {
		if p.Warning {
			d.log.Warn("configuration", "problem", p.String())
		} else {
			d.log.Error("configuration", "problem", p.String())
		}
	}
	if problems.Fatal() {
		return nil, invalidError{problems}
	}
	return fleet, nil
}

// reload swaps the fleet for the one on disk, or keeps the old one whole and says why. Machines that are new
// are checked at once, alerts of those that left are resolved.
func (d *daemon) reload(ctx context.Context) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	if err := d.swap(ctx); err != nil {
		now := d.clock.Now()
		d.reloads.refused.Store(&now)
		d.reloads.successful.Set(0)
		if errors.Is(err, errInvalid) {
			d.log.Error("reload refused, the old configuration stays")
		} else {
			d.log.Error("reload refused, the old configuration stays", "err", err)
		}
		return err
	}
	d.loaded()
	d.reconcile(ctx)
	return nil
}

// swap puts the fleet on disk in the place of the old one: for the workers first, so that none of them connects
// to a machine that was just switched off.
func (d *daemon) swap(ctx context.Context) error {
	fleet, err := d.load()
	if err != nil {
		return err
	}
	if !fleet.Config.Cluster.Equal(d.fleet.Load().Config.Cluster) {
		return errClusterChanged
	}
	sender, err := d.newSender(fleet)
	if err != nil {
		return err
	}
	d.store.Announce(d.digest(fleet))
	old := d.fleet.Swap(fleet) // what the runner asks for while it reloads is the new one already
	if err := d.runner.Reload(ctx, fleet); err != nil {
		d.fleet.Store(old)
		d.store.Announce(d.digest(old))
		return fmt.Errorf("schedule: %w", err)
	}
	d.replaceSender(sender)
	return nil
}

// loaded notes that the configuration in use is the one on disk.
func (d *daemon) loaded() {
	d.reloads.refused.Store(nil)
	d.reloads.successful.Set(1)
	d.reloads.successTime.Set(float64(d.clock.Now().UnixMilli()) / 1e3)
	fleet := d.fleet.Load()
	d.log.Info("configuration loaded", "file", d.cli.common.configFile,
		"machines", len(fleet.Config.Machines), "packs", len(fleet.Packs))
}
