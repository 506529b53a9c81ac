package exporter

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// oracle shows the state in the plainest way: an unchecked collector that makes every gauge anew and leaves
// checks and order to its registry. What is kept between scrapes must equal it.
type oracle struct {
	view  View
	fleet func() *Fleet
}

// Describe sends nothing, as the label names of drift_machine_labels differ from machine to machine.
func (o oracle) Describe(chan<- *prometheus.Desc) {}

// Collect sends the gauges of the fleet and the state of this moment.
func (o oracle) Collect(ch chan<- prometheus.Metric) {
	send := func(name, help string, value float64, names, values []string) {
		ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), prometheus.GaugeValue, value, values...)
	}
	for _, m := range o.fleet().machines() {
		if !checked(&m) {
			continue
		}
		os := ""
		if seen, ok := o.view.Machine(m.Name); ok {
			os = seen.Facts.OS
			send("drift_check_duration_seconds", "How long the last attempt at the machine took, connecting included.",
				seen.Duration.Seconds(), []string{"machine"}, []string{m.Name})
		}
		send("drift_machine_info", "A machine that is checked: its address, its transport and the operating system it said it has. Always 1.",
			1, []string{"machine", "address", "transport", "os"}, []string{m.Name, labelValue(m.Address), string(m.Transport), labelValue(os)})
		names, values := oracleLabels(m.Labels)
		send("drift_machine_labels", "The labels that the configuration gives a machine, each as label_<name>. Always 1.",
			1, append(names, "machine"), append(values, m.Name))
		for p := range pairs(o.view, &m) {
			if p.record == nil {
				continue
			}
			if n, reason := oracleFailures(p.record); n > 0 {
				send("drift_consecutive_failures", "Attempts in a row, up to the last, that gave no verdict on the pair; reason is that of the last.",
					float64(n), []string{"machine", "pack", "reason"}, []string{m.Name, p.pack, labelValue(reason)})
			}
			o.collectPair(p.record, func(name, help string, value float64) {
				send(name, help, value, []string{"machine", "pack"}, []string{m.Name, p.pack})
			})
		}
	}
}

func (o oracle) collectPair(r *state.Record, send func(name, help string, value float64)) {
	send("drift_check_success", "Whether the last attempt at the pair gave a verdict.", boolValue(judged(r.Attempt.Status)))
	send("drift_last_attempt_timestamp_seconds", "When the machine was last tried, whether or not that gave a verdict.", unixSeconds(r.Attempt.At))
	send("drift_alert_firing", "Whether the config_drift alert of the pair is firing.", boolValue(r.Alert.Firing()))
	v := r.Verdict
	if v == nil {
		return
	}
	send("drift_compliant", "Whether the machine complied with the pack when it was last judged.", boolValue(v.Status == state.Compliant))
	send("drift_mismatches", "Differences between the machine and the pack when it was last judged, waived ones left out.", float64(v.Mismatches))
	send("drift_items", "Items of the pack that applied to the machine when it was last judged.", float64(v.Items))
	send("drift_waived_items", "Differences that a waiver excused when the machine was last judged.", float64(v.Waived))
	send("drift_last_check_timestamp_seconds", "When the machine was last judged against the pack.", unixSeconds(v.At))
	if !v.WaiverExpires.IsZero() {
		send("drift_waiver_expiry_timestamp_seconds", "When the earliest of the waivers in effect ends.", unixSeconds(v.WaiverExpires))
	}
}

func oracleFailures(r *state.Record) (n int, reason string) {
	if r.Attempt.Status == state.Compliant || r.Attempt.Status == state.Drifted {
		return 0, ""
	}
	recent := r.Recent.Checks()
	for i := len(recent) - 1; i >= 0 && recent[i].Status == state.Unknown; i-- {
		n++
	}
	if reason = string(r.Attempt.Reason); reason == "" {
		reason = "internal"
	}
	return max(1, n), reason
}

func oracleLabels(labels map[string]string) (names, values []string) {
	taken := map[string]int{}
	for _, original := range slices.Sorted(maps.Keys(labels)) {
		name := "label_" + labelName(original)
		if taken[name] > 0 {
			name = freeName(taken, name)
		}
		taken[name]++
		names, values = append(names, name), append(values, labelValue(labels[original]))
	}
	return names, values
}
