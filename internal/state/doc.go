// Package state holds the types that drift_exporter stores and the store itself: a NATS JetStream
// server, embedded by default, with key-value buckets for verdicts and a work queue for checks.
//
// It is the one thing that the three stages (checker, rules, exporter) share. It must not know how a
// machine is checked, when an alert fires or what a page looks like, and it imports none of them.
package state
