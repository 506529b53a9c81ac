package exporter

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Collector turns the state into gauges at every scrape, so that they are never older than the state and a pair
// that leaves the fleet takes its series with it.
//
// To the registry it is an unchecked collector (it describes nothing), because the label names of
// drift_machine_labels differ from machine to machine and change at a reload.
type Collector struct {
	view  View
	fleet func() *Fleet
	descs
}

// NewCollector returns the collector of every gauge that shows the state. The fleet is asked anew at each scrape.
func NewCollector(v View, fleet func() *Fleet) *Collector {
	return &Collector{view: v, fleet: fleet, descs: newDescs()}
}

// descs are the metrics whose labels are fixed.
type descs struct {
	compliant, mismatches, items, waived *prometheus.Desc // machine, pack: of the last verdict
	lastCheck, waiverExpiry              *prometheus.Desc // machine, pack: of the last verdict
	success, lastAttempt, firing         *prometheus.Desc // machine, pack: of anything attempted
	duration, info                       *prometheus.Desc // machine
	connected                            *prometheus.Desc
}

func newDescs() descs {
	pair := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"machine", "pack"}, nil)
	}
	return descs{
		compliant:    pair("drift_compliant", "Whether the machine complied with the pack when it was last judged."),
		mismatches:   pair("drift_mismatches", "Differences between the machine and the pack when it was last judged, waived ones left out."),
		items:        pair("drift_items", "Items of the pack that applied to the machine when it was last judged."),
		waived:       pair("drift_waived_items", "Differences that a waiver excused when the machine was last judged."),
		lastCheck:    pair("drift_last_check_timestamp_seconds", "When the machine was last judged against the pack."),
		waiverExpiry: pair("drift_waiver_expiry_timestamp_seconds", "When the earliest of the waivers in effect ends."),
		success:      pair("drift_check_success", "Whether the last attempt at the pair gave a verdict."),
		lastAttempt:  pair("drift_last_attempt_timestamp_seconds", "When the machine was last tried, whether or not that gave a verdict."),
		firing:       pair("drift_alert_firing", "Whether the config_drift alert of the pair is firing."),
		duration: prometheus.NewDesc("drift_check_duration_seconds",
			"How long the last attempt at the machine took, connecting included.", []string{"machine"}, nil),
		info: prometheus.NewDesc("drift_machine_info",
			"A machine that is checked: its address, its transport and the operating system it said it has. Always 1.",
			[]string{"machine", "address", "transport", "os"}, nil),
		connected: prometheus.NewDesc("drift_state_connected",
			"Whether the state is connected and up to date; if not, the other gauges may be old or incomplete.", nil, nil),
	}
}

// Describe sends nothing: see Collector.
func (c *Collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the gauges of the fleet and the state of this moment.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	ch <- gauge(c.connected, boolValue(c.view.Live()))
	machines := c.fleet().machines()
	for i := range machines {
		m := &machines[i]
		if !checked(m) {
			continue
		}
		c.collectMachine(ch, m)
		for p := range pairs(c.view, m) {
			if p.record != nil {
				c.collectPair(ch, p)
			}
		}
	}
}

func (c *Collector) collectMachine(ch chan<- prometheus.Metric, m *config.Machine) {
	name, os := labelValue(m.Name), ""
	if seen, ok := c.view.Machine(m.Name); ok {
		os = seen.Facts.OS
		ch <- gauge(c.duration, seen.Duration.Seconds(), name)
	}
	ch <- gauge(c.info, 1, name, labelValue(m.Address), labelValue(string(m.Transport)), labelValue(os))
	ch <- machineLabels(m)
}

func (c *Collector) collectPair(ch chan<- prometheus.Metric, p pair) {
	labels := prometheus.MakeLabelPairs(c.compliant, []string{labelValue(p.machine.Name), labelValue(p.pack)})
	send := func(d *prometheus.Desc, value float64) { ch <- &pairGauge{desc: d, labels: labels, value: value} }

	send(c.success, boolValue(judged(p.record.Attempt.Status)))
	send(c.lastAttempt, unixSeconds(p.record.Attempt.At))
	send(c.firing, boolValue(p.record.Alert.Firing()))
	v := p.record.Verdict
	if v == nil {
		return
	}
	send(c.compliant, boolValue(v.Status == state.Compliant))
	send(c.mismatches, float64(v.Mismatches))
	send(c.items, float64(v.Items))
	send(c.waived, float64(v.Waived))
	send(c.lastCheck, unixSeconds(v.At))
	if !v.WaiverExpires.IsZero() {
		send(c.waiverExpiry, unixSeconds(v.WaiverExpires))
	}
}

// pairGauge is one gauge of a pair. All gauges of a pair have the same labels and share them, which saves a
// scrape of a large fleet most of its allocations.
type pairGauge struct {
	desc   *prometheus.Desc
	labels []*dto.LabelPair
	value  float64
}

func (g *pairGauge) Desc() *prometheus.Desc { return g.desc }

func (g *pairGauge) Write(m *dto.Metric) error {
	m.Label = g.labels
	m.Gauge = &dto.Gauge{Value: &g.value}
	return nil
}

// gauge panics only if the number of labels is wrong: their values went through labelValue.
func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func boolValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// unixSeconds has milliseconds, as everything in the state has.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
