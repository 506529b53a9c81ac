package alertmanager

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what was sent, for each Alertmanager by its URL without userinfo and query. They outlive a Sender, so
// that a reload does not start them over.
type Metrics struct {
	sent, errors, dropped *prometheus.CounterVec
	latency               *prometheus.HistogramVec

	mu    sync.Mutex
	names map[string]bool // that have series
}

// counters are the series of one Alertmanager.
type counters struct {
	sent, errors, dropped prometheus.Counter
	latency               prometheus.Observer
}

// NewMetrics makes and registers the metrics; r may be nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f, labels := promauto.With(r), []string{"alertmanager"}
	return &Metrics{
		sent: f.NewCounterVec(prometheus.CounterOpts{
			Name: "drift_notifications_sent_total",
			Help: "Alerts that the Alertmanager accepted, resends included.",
		}, labels),
		errors: f.NewCounterVec(prometheus.CounterOpts{
			Name: "drift_notifications_errors_total",
			Help: "Alerts that the Alertmanager refused or that could not be sent to it; they are sent again.",
		}, labels),
		dropped: f.NewCounterVec(prometheus.CounterOpts{
			Name: "drift_notifications_dropped_total",
			Help: "Resolved alerts that were given up because the Alertmanager did not accept them in time.",
		}, labels),
		latency: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:                        "drift_notifications_latency_seconds",
			Help:                        "Time that a request to the Alertmanager took, failed ones included.",
			Buckets:                     []float64{.01, .1, 1, 10},
			NativeHistogramBucketFactor: 1.1,
		}, labels),
		names: map[string]bool{},
	}
}

// of makes an Alertmanager's series, at zero if they are new.
func (m *Metrics) of(name string) counters {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names[name] = true
	return counters{
		sent: m.sent.WithLabelValues(name), errors: m.errors.WithLabelValues(name),
		dropped: m.dropped.WithLabelValues(name), latency: m.latency.WithLabelValues(name),
	}
}

// keep deletes the series of all Alertmanagers but these.
func (m *Metrics) keep(names map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.names {
		if names[name] {
			continue
		}
		m.sent.DeleteLabelValues(name)
		m.errors.DeleteLabelValues(name)
		m.dropped.DeleteLabelValues(name)
		m.latency.DeleteLabelValues(name)
		delete(m.names, name)
	}
}
