// Package run is the daemon's half of the checker: it decides when machines are checked, puts them on the
// work queue, takes them off it again and hands every outcome to a sink.
//
// The way of a check:
//
//	schedule, start, reload or API ─► run claimed in the store ─► a job a machine on the queue
//	queue ─► worker ─► machine looked up in the fleet of that moment ─► check ─► sink ─► acknowledged
//
// Everything that must survive a crash is in the store and the queue; what is kept here is only there to be
// quick. The package does not know how a machine is observed, what a verdict means or when an alert fires.
package run
