package alertmanager

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// count is the value of a counter of one Alertmanager.
func (w *world) count(metric, name string) float64 {
	w.t.Helper()
	families, err := w.registry.Gather()
	require.NoError(w.t, err)
	for _, family := range families {
		if family.GetName() != metric {
			continue
		}
		for _, m := range family.GetMetric() {
			if m.GetLabel()[0].GetValue() == "http://"+name {
				return m.GetCounter().GetValue()
			}
		}
	}
	require.Fail(w.t, "no such series", "%s of %s", metric, name)
	return 0
}

func TestMetricsAreThereBeforeAnythingIsSent(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		target := w.targets[0]
		target.URL = &url.URL{
			Scheme: "https", Host: "other:9093", Path: "/prefix", User: url.UserPassword("me", "secret"), RawQuery: "token=secret",
		}
		w.targets = append(w.targets, target)
		w.start()
		require.NoError(t, testutil.GatherAndCompare(w.registry, strings.NewReader(`
# HELP drift_notifications_dropped_total Resolved alerts that were given up because the Alertmanager did not accept them in time.
# TYPE drift_notifications_dropped_total counter
drift_notifications_dropped_total{alertmanager="http://am"} 0
drift_notifications_dropped_total{alertmanager="https://other:9093/prefix"} 0
# HELP drift_notifications_errors_total Alerts that the Alertmanager refused or that could not be sent to it; they are sent again.
# TYPE drift_notifications_errors_total counter
drift_notifications_errors_total{alertmanager="http://am"} 0
drift_notifications_errors_total{alertmanager="https://other:9093/prefix"} 0
# HELP drift_notifications_sent_total Alerts that the Alertmanager accepted, resends included.
# TYPE drift_notifications_sent_total counter
drift_notifications_sent_total{alertmanager="http://am"} 0
drift_notifications_sent_total{alertmanager="https://other:9093/prefix"} 0
# HELP drift_notifications_latency_seconds Time that a request to the Alertmanager took, failed ones included.
# TYPE drift_notifications_latency_seconds histogram
drift_notifications_latency_seconds_bucket{alertmanager="http://am",le="0.01"} 0
drift_notifications_latency_seconds_bucket{alertmanager="http://am",le="0.1"} 0
drift_notifications_latency_seconds_bucket{alertmanager="http://am",le="1"} 0
drift_notifications_latency_seconds_bucket{alertmanager="http://am",le="10"} 0
drift_notifications_latency_seconds_bucket{alertmanager="http://am",le="+Inf"} 0
drift_notifications_latency_seconds_sum{alertmanager="http://am"} 0
drift_notifications_latency_seconds_count{alertmanager="http://am"} 0
drift_notifications_latency_seconds_bucket{alertmanager="https://other:9093/prefix",le="0.01"} 0
drift_notifications_latency_seconds_bucket{alertmanager="https://other:9093/prefix",le="0.1"} 0
drift_notifications_latency_seconds_bucket{alertmanager="https://other:9093/prefix",le="1"} 0
drift_notifications_latency_seconds_bucket{alertmanager="https://other:9093/prefix",le="10"} 0
drift_notifications_latency_seconds_bucket{alertmanager="https://other:9093/prefix",le="+Inf"} 0
drift_notifications_latency_seconds_sum{alertmanager="https://other:9093/prefix"} 0
drift_notifications_latency_seconds_count{alertmanager="https://other:9093/prefix"} 0
`)))
		problems, err := testutil.GatherAndLint(w.registry)
		require.NoError(t, err)
		assert.Empty(t, problems)
	})
}

func TestANewSenderGoesOnCountingAndDropsTheSeriesOfWhoLeft(t *testing.T) {
	inWorld(t, []string{"am", "leaving"}, func(t *testing.T, w *world) {
		w.set(web1, firing(web1))
		w.start()
		w.pass(time.Second)
		require.InDelta(t, 1, w.count("drift_notifications_sent_total", "leaving"), 0)
		w.stop()
		w.targets = w.targets[:1]
		w.start()
		w.pass(time.Second)
		assert.InDelta(t, 2, w.count("drift_notifications_sent_total", "am"), 0)
		text, err := testutil.GatherAndCount(w.registry, "drift_notifications_sent_total")
		require.NoError(t, err)
		assert.Equal(t, 1, text)
	})
}
