package main

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// reloadMetrics tell whether the configuration on disk is the one in use.
type reloadMetrics struct {
	successful  prometheus.Gauge
	successTime prometheus.Gauge
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

// load reads the configuration and the packs; problems are logged one by one, and any that is not a warning
// refuses the whole.
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
		d.reloads.successful.Set(0)
		return nil, fmt.Errorf("%w: %s", errInvalid, firstFatal(problems))
	}
	d.reloads.successful.Set(1)
	d.reloads.successTime.Set(float64(d.clock.Now().UnixMilli()) / 1e3)
	return fleet, nil
}

// reload swaps the fleet for the one on disk, or keeps the old one whole and says why. Machines that are new
// are checked at once, alerts of those that left are resolved.
func (d *daemon) reload(ctx context.Context) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	fleet, err := d.load()
	if err != nil {
		d.log.Error("reload refused, the old configuration stays", "err", err)
		return err
	}
	sender, err := d.newSender(fleet)
	if err != nil {
		d.reloads.successful.Set(0)
		d.log.Error("reload refused, the old configuration stays", "err", err)
		return err
	}
	d.fleet.Store(fleet)
	d.replaceSender(sender)
	d.reconcile(ctx)
	if err := d.runner.Reload(ctx, fleet); err != nil {
		return err
	}
	d.log.Info("configuration reloaded", "machines", len(fleet.Config.Machines), "packs", len(fleet.Packs))
	return nil
}

// firstFatal is the first problem that is more than a warning.
func firstFatal(problems yamlfile.Problems) string {
	for _, p := range problems {
		if !p.Warning {
			return p.String()
		}
	}
	return ""
}
