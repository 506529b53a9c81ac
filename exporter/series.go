package exporter

import (
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// family is all series of one gauge at one moment, in the order in which a registry would give them. It is
// immutable.
type family struct {
	name, help string
	samples    []sample
}

// sample is one series and its value. Samples of one series have the same labels pointer until the fleet changes.
type sample struct {
	labels *labelSet
	value  float64
}

// same tells whether f shows what g shows.
func (f *family) same(g *family) bool { return f.name == g.name && slices.Equal(f.samples, g.samples) }

// proto is the family as client_golang's encoders want it. It shares the samples and their labels.
func (f *family) proto() *dto.MetricFamily {
	out := &dto.MetricFamily{
		Name: &f.name, Help: &f.help, Type: dto.MetricType_GAUGE.Enum(),
		Metric: make([]*dto.Metric, len(f.samples)),
	}
	metrics, gauges := make([]dto.Metric, len(f.samples)), make([]dto.Gauge, len(f.samples))
	for i := range f.samples {
		gauges[i].Value = &f.samples[i].value
		metrics[i].Gauge, metrics[i].Label = &gauges[i], f.samples[i].labels.pairs
		out.Metric[i] = &metrics[i]
	}
	return out
}

// pairGauge is a gauge that every pair may have.
type pairGauge struct {
	name, help string
	value      func(*state.Record) (value float64, ok bool)
}

// The gauges that every machine may have, and the one of pairs that are failing.
const (
	failuresName = "drift_consecutive_failures"
	failuresHelp = "Attempts in a row, up to the last, that gave no verdict on the pair; reason is that of the last."
	durationName = "drift_check_duration_seconds"
	durationHelp = "How long the last attempt at the machine took, connecting included."
	infoName     = "drift_machine_info"
	infoHelp     = "A machine that is checked: its address, its transport and the operating system it said it has. Always 1."
	labelsName   = "drift_machine_labels"
	labelsHelp   = "The labels that the configuration gives a machine, each as label_<name>. Always 1."
)

// stateNames are the names of all gauges that results or a configuration change.
func stateNames() []string {
	names := []string{failuresName, durationName, infoName, labelsName}
	for _, g := range pairGauges() {
		names = append(names, g.name)
	}
	return names
}

// pairGauges are those of the last verdict and those of anything attempted, sorted by name.
func pairGauges() []pairGauge {
	ofRecord := func(value func(*state.Record) float64) func(*state.Record) (float64, bool) {
		return func(r *state.Record) (float64, bool) { return value(r), true }
	}
	ofVerdict := func(value func(*state.Verdict) float64) func(*state.Record) (float64, bool) {
		return func(r *state.Record) (float64, bool) {
			if r.Verdict == nil {
				return 0, false
			}
			return value(r.Verdict), true
		}
	}
	return []pairGauge{
		{"drift_alert_firing", "Whether the config_drift alert of the pair is firing.",
			ofRecord(func(r *state.Record) float64 { return boolValue(r.Alert.Firing()) })},
		{"drift_check_success", "Whether the last attempt at the pair gave a verdict.",
			ofRecord(func(r *state.Record) float64 { return boolValue(judged(r.Attempt.Status)) })},
		{"drift_compliant", "Whether the machine complied with the pack when it was last judged.",
			ofVerdict(func(v *state.Verdict) float64 { return boolValue(v.Status == state.Compliant) })},
		{"drift_items", "Items of the pack that applied to the machine when it was last judged.",
			ofVerdict(func(v *state.Verdict) float64 { return float64(v.Items) })},
		{"drift_last_attempt_timestamp_seconds", "When the machine was last tried, whether or not that gave a verdict.",
			ofRecord(func(r *state.Record) float64 { return unixSeconds(r.Attempt.At) })},
		{"drift_last_check_timestamp_seconds", "When the machine was last judged against the pack.",
			ofVerdict(func(v *state.Verdict) float64 { return unixSeconds(v.At) })},
		{"drift_mismatches", "Differences between the machine and the pack when it was last judged, waived ones left out.",
			ofVerdict(func(v *state.Verdict) float64 { return float64(v.Mismatches) })},
		{"drift_waived_items", "Differences that a waiver excused when the machine was last judged.",
			ofVerdict(func(v *state.Verdict) float64 { return float64(v.Waived) })},
		{"drift_waiver_expiry_timestamp_seconds", "When the earliest of the waivers in effect ends.",
			func(r *state.Record) (float64, bool) {
				if r.Verdict == nil || r.Verdict.WaiverExpires.IsZero() {
					return 0, false
				}
				return unixSeconds(r.Verdict.WaiverExpires), true
			}},
	}
}

// failuresInARow is how many of the last attempts at a pair gave no verdict, as far as they are kept.
func failuresInARow(r *state.Record) (n int) {
	if judged(r.Attempt.Status) {
		return 0
	}
	for _, check := range slices.Backward(r.Recent.Checks()) {
		if judged(check.Status) {
			break
		}
		n++
	}
	return max(n, 1) // the last one itself may not have been kept
}

// connectedFamily is the gauge that is no result's: it tells whether the others can be trusted at this moment.
func connectedFamily(v View) *family {
	return &family{
		name: "drift_state_connected", help: "Whether the state is connected, up to date and can be written; if not, the other gauges may be old or incomplete.",
		samples: []sample{{newLabelSet(), boolValue(v.Live() && v.Stuck() == "")}},
	}
}

func boolValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// unixSeconds has milliseconds, as everything in the state has.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
