package state

import "time"

// Machine is what is stored of a machine as a whole: facts and the last attempt.
type Machine struct {
	Name     string        `json:"name"`
	Run      string        `json:"run"`
	At       time.Time     `json:"at"`
	Duration time.Duration `json:"duration"`
	Failure  *Failure      `json:"failure,omitempty"` // nil: every pack of it was judged
	Facts    Facts         `json:"facts"`             // of the last attempt that got them
	// Retrying is set while the machine is to be tried again in a run; the fields above are then still of the
	// outcome before.
	Retrying *Retrying `json:"retrying,omitempty"`
}

// HasOutcome tells whether any attempt at the machine is over: not if all that there was is to be tried again.
func (m *Machine) HasOutcome() bool { return m.Run != "" || m.Retrying == nil }

// Retrying is a failure that is no outcome yet, since the machine is to be tried again. It becomes one if the run
// ends before that.
type Retrying struct {
	Run      string        `json:"run"`
	At       time.Time     `json:"at"` // of the last attempt, as the two below
	Duration time.Duration `json:"duration"`
	Failure  Failure       `json:"failure"`
	Attempts int           `json:"attempts"`         // that failed, in this run
	Trying   bool          `json:"trying,omitempty"` // the next attempt has begun
}

// Facts are what a machine says of itself at the start of a check. Empty fields are not known.
type Facts struct {
	OS             string `json:"os,omitempty"`      // ID of os-release: debian, alpine, …
	Version        string `json:"version,omitempty"` // VERSION_ID of os-release
	Name           string `json:"name,omitempty"`    // PRETTY_NAME of os-release
	Kernel         string `json:"kernel,omitempty"`  // uname -r
	Arch           string `json:"arch,omitempty"`    // uname -m
	Hostname       string `json:"hostname,omitempty"`
	PackageManager string `json:"package_manager,omitempty"` // dpkg, rpm, apk, pacman, opkg
	Init           string `json:"init,omitempty"`            // systemd, openrc, …
	User           string `json:"user,omitempty"`            // whose home ~ is
	Home           string `json:"home,omitempty"`            // absolute; empty if the machine knows no such user
}
