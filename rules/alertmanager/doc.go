// Package alertmanager tells every configured Alertmanager which alerts fire and which have ended.
//
// A Sender runs one loop for each Alertmanager, so that one that is slow or gone delays no other. A loop reads the
// alerts from a view of the stored records; what it remembers beside that is only what its Alertmanager has accepted
// and when, so nothing needs to be stored: after a restart everything that fires, and everything that has ended lately,
// is sent again, and an Alertmanager takes that for the repetition that it is.
//
// The package must not decide what fires (package rules does) nor change what is stored.
package alertmanager
