// Package checker observes machines and compares them with the packs that they carry.
//
// One check of one machine is one session with its /bin/sh. A constant script (Script) is sent, or is installed on
// the machine already; it says what the machine is (Facts) and then answers questions, which travel as data lines
// and are never shell source. What the answers mean is for the kinds to say: a file of this package for each kind of
// thing that a pack may demand, registered in Kinds.
//
//	Fleet ─► Checker.Check ─► Transport ─► script ─► answers ─► Kind.Compare ─► Outcome
//
// A verdict needs every question answered and the script's goodbye: output that was cut off, at whatever byte, gives
// none. The package must not know how verdicts are stored, when an alert fires or what a page looks like.
package checker
