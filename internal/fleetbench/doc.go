// Package fleetbench measures what a check of a fleet costs, against the least that SSH allows and against other ways to
// do it: all contestants in one run, on the same machines, with the same items and as many connections at a time. Each is a
// process of its own, so that its processor time and memory are its own, and none is timed before it has found a drift.
//
// `make bench` runs it and writes the figures into docs/performance.md; `make test` runs it with a few machines. It is no
// part of the product, and nothing that ships imports it.
package fleetbench
