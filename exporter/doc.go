// Package exporter shows the state to the outside: the gauges on /metrics, the pages and the JSON API.
//
// It only reads. What it needs of the other stages (the packs, a way to start a run) is handed in by cmd as
// small interfaces and plain values; it must not know how a machine is checked or when an alert fires.
package exporter
