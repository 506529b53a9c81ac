package run

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The values of the label result of drift_runs_total.
const (
	resultSuccess = "success"
	resultFailure = "failure"
	resultSkipped = "skipped"
)

// Metrics are what a Runner counts in this process, and what it tells of the stored runs and of the schedule.
type Metrics struct {
	runs     *prometheus.CounterVec
	failures *prometheus.CounterVec
	runner   atomic.Pointer[Runner]

	lastSuccess, lastEnd, lastDuration, next, outstanding *prometheus.Desc

	mu     sync.Mutex
	counts map[string]bool // machines with a series in failures
}

// NewMetrics makes the metrics and registers them; reg may be nil. They belong to one Runner.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	m := &Metrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "drift_runs_total",
			Help: "Runs that ended in this process, by result; skipped are those that were missed and not made up for.",
		}, []string{"result"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "drift_check_failures_total",
			Help: "Attempts to check a machine that failed in this process, by reason; retries count.",
		}, []string{"machine", "reason"}),
		lastSuccess: desc("drift_last_run_success",
			"Whether the run that ended last tried all its machines (1) or was cut short (0)."),
		lastEnd: desc("drift_last_run_timestamp_seconds",
			"When the run that ended last did so, in seconds since the epoch."),
		lastDuration: desc("drift_last_run_duration_seconds",
			"How long the run that ended last took."),
		next: desc("drift_next_run_timestamp_seconds",
			"When the next scheduled run is due, in seconds since the epoch."),
		outstanding: desc("drift_outstanding_run_timestamp_seconds",
			"When the first scheduled run that has not ended, or the longest waiting machine of one that is spread, was due, in seconds since the epoch; absent if there is none."),
		counts: map[string]bool{},
	}
	for _, result := range []string{resultSuccess, resultFailure, resultSkipped} {
		m.runs.WithLabelValues(result)
	}
	if reg != nil {
		reg.MustRegister(m)
	}
	return m
}

// follow makes r the runner that is told of.
func (m *Metrics) follow(r *Runner) { m.runner.Store(r) }

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.runs.Describe(ch)
	m.failures.Describe(ch)
	for _, d := range []*prometheus.Desc{m.lastSuccess, m.lastEnd, m.lastDuration, m.next, m.outstanding} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.runs.Collect(ch)
	m.failures.Collect(ch)
	r := m.runner.Load()
	if r == nil {
		return
	}
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	if next := r.NextRun(); !next.IsZero() {
		gauge(m.next, seconds(next))
	}
	if due := r.outstanding(); !due.IsZero() {
		gauge(m.outstanding, seconds(due))
	}
	if last, ok := r.store.View().LastRun(); ok {
		success := 0.0
		if last.Phase == state.RunDone {
			success = 1
		}
		gauge(m.lastSuccess, success)
		gauge(m.lastEnd, seconds(last.EndedAt))
		gauge(m.lastDuration, last.EndedAt.Sub(last.StartedAt).Seconds())
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// failed counts a failed attempt at a machine, unless it has left the fleet meanwhile. The fleet is looked at
// under the lock, so that forget cannot come in between.
func (m *Metrics) failed(fleet *atomic.Pointer[checker.Fleet], machine string, reason state.Reason) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := checkable(fleet.Load(), machine); !ok {
		return
	}
	m.counts[machine] = true
	m.failures.WithLabelValues(machine, string(reason)).Inc()
}

// forget deletes the series of machines that are not to be checked any more.
func (m *Metrics) forget(f *checker.Fleet) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for machine := range m.counts {
		if _, ok := checkable(f, machine); !ok {
			delete(m.counts, machine)
			m.failures.DeletePartialMatch(prometheus.Labels{"machine": machine})
		}
	}
}
