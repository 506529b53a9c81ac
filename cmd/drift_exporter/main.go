// Command drift_exporter checks machines against packs over SSH, exposes what drifted to Prometheus and tells
// Alertmanager when a machine stops complying. This package is the wiring: flags, environment, signals, exit
// codes, and one file per command. It holds no logic about machines, alerts or pages.
package main

import "os"

// The exit codes. A check that could not be made outranks drift: it is the one nobody may overlook.
const (
	exitOK      = 0
	exitDrift   = 1 // check
	exitFailure = 1 // every other command
	exitUnknown = 2 // check, snapshot; of every command: its line is wrong
)

func main() {
	os.Exit(execute(os.Args[1:], processEnvironment(), os.Stdout, os.Stderr))
}
