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
