// Package simfleet plays a fleet of machines in this process: an SSH server for each, on a loopback port of its own and
// with a host key of its own. What a machine does with the one command that it takes is a function (Exec): the real
// shell in a scratch directory (Shell), or whatever a benchmark needs.
//
// It is for demonstrations and tests. It is no jail: who may log in holds a key that this process made.
package simfleet
