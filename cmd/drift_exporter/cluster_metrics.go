package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// clusterMetrics tell what this replica sees of the others. There are none without a cluster.
type clusterMetrics struct {
	replicas, coordinator, agreed, clock *prometheus.Desc
	daemon                               *daemon
}

func newClusterMetrics(d *daemon) *clusterMetrics {
	return &clusterMetrics{
		replicas: prometheus.NewDesc("drift_cluster_replicas",
			"Replicas that give signs of life, by role, as this one sees them.", []string{"role"}, nil),
		coordinator: prometheus.NewDesc("drift_cluster_coordinator",
			"Whether this replica begins and ends runs: at most one of all does.", nil, nil),
		agreed: prometheus.NewDesc("drift_cluster_config_agreed",
			"Whether this replica's fleet is the one that all have; if not, nothing is taken for removed.", nil, nil),
		clock: prometheus.NewDesc("drift_cluster_clock_offset_seconds",
			"How far this replica's clock is ahead of the NATS servers', negative if it is behind; beyond 30 it begins no runs.", nil, nil),
		daemon: d,
	}
}

// Describe implements prometheus.Collector.
func (m *clusterMetrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *clusterMetrics) Collect(ch chan<- prometheus.Metric) {
	count := map[state.Role]int{state.RoleAll: 0, state.RoleWorker: 0, state.RoleWeb: 0}
	for _, r := range m.daemon.store.View().Replicas() {
		count[r.Role]++
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for role, n := range count {
		gauge(m.replicas, float64(n), string(role))
	}
	gauge(m.coordinator, truth(m.daemon.store.Coordinates()))
	gauge(m.clock, m.daemon.store.View().ClockAhead().Seconds())
	gauge(m.agreed, truth(m.daemon.agreed(m.daemon.fleet.Load())))
}

// truth is a boolean as metrics have it.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
