package rules

import (
	"maps"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Refresh brings a firing alert up to date with the configuration, after a reload or at start: its labels, the
// machine's display name, the link. It returns false if there is nothing to change. A resolved alert stays as it was
// sent, since it must be told under the labels that Alertmanager knows it by.
func Refresh(prev *state.Record, p AlertParams, now time.Time) (*state.Record, bool) {
	if prev == nil || !prev.Alert.Firing() {
		return nil, false
	}
	next := *prev
	alert := *prev.Alert
	alert.Annotations = cloned(alert.Annotations)
	describe(alert.Annotations, p)
	alert.GeneratorURL = p.DiffURL
	next.Alert = &alert
	relabel(&next, p, now)
	if sameAlert(next.Alert, prev.Alert) {
		return nil, false
	}
	prune(&next, now)
	return &next, true
}

func sameAlert(a, b *state.Alert) bool {
	return maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations) && a.GeneratorURL == b.GeneratorURL
}
