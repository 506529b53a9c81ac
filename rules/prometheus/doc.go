// Package prometheus holds the rules that Prometheus loads: alerts on what the pushed alert cannot say, and ratios for
// dashboards. It is YAML alone, and its tests; nothing imports it.
package prometheus
