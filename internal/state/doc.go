// Package state holds the types that drift_exporter stores and the store itself: a NATS JetStream
// server, embedded by default, with key-value buckets for verdicts and a work queue for checks.
//
// It is the one thing that the three stages (checker, rules, exporter) share. It must not know how a
// machine is checked, when an alert fires or what a page looks like, and it imports none of them.
//
// What is stored where:
//
//	bucket    key           holds                              kept
//	state     machine.pack  Record without its Detail          the last
//	detail    machine.pack  Detail, when Record points to it   the last 8, of which one counts
//	history   machine.pack  Change, linked to the one before   the last 64
//	machines  machine       Machine                            the last
//	runs      instant       Run                                100 of them
//
//	replicas  replica.name   Replica, and who coordinates      15 s after the last sign of life
//	roster    roster         Roster, the fleet agreed on       the last
//	host_keys address        first key of an accepted host     until it is deleted by hand
//
// (the last three only where replicas share the state) and the stream WORK has a message per machine to check, on work.<site or _>.<machine>.
//
// A Record in state is written with compare-and-set and is the only commit: detail and history are
// written before it, and until it points to them nobody reads them, but for Restore, which brings a Record that was
// lost back from the history. A View mirrors state, machines and
// runs in memory.
package state
