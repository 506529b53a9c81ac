package exporter

import "github.com/drift-exporter/drift_exporter/internal/state"

// hint is what to do about an attempt that gave no verdict.
type hint struct {
	What string // the reason, in words
	Do   string
	Docs string // where more is said; a page and an anchor in docs
}

// hintFor explains a reason; one that it does not know has only its name.
func hintFor(r state.Reason) hint {
	switch r {
	case state.ReasonConnect:
		return hint{"no connection to the machine", "See that it is up and that its address and port are right, and that no firewall between it and here turns us away.", "configuration.md#machines"}
	case state.ReasonAuth:
		return hint{"the machine did not let us in", "See that the public key of ssh.identity_files is in the user's authorized_keys, and that the user is right.", "configuration.md#keys-and-certificates"}
	case state.ReasonHostKey:
		return hint{"its host key is not known, or not the one that it had", "If the machine is new or was set up again, put its key into a known_hosts file. If not, somebody may be in between: do not take the key before you know.", "configuration.md#ssh"}
	case state.ReasonTimeout:
		return hint{"it was too slow, or fell silent", "See how loaded it is. If it takes that long with reason, raise check.timeout.", "configuration.md#check"}
	case state.ReasonProtocol:
		return hint{"the connection broke off, or what came back made no sense", "Log in as the same user and run /bin/sh: nothing may print at login, no forced command may answer in its place.", "configuration.md#ssh"}
	case state.ReasonUnreadable:
		return hint{"not every item could be observed", "Often only root may read them: that takes become: true.", "configuration.md#machines"}
	case state.ReasonBecome:
		return hint{"sudo refused, or asked for a password", "Allow the user what become needs in sudoers, with NOPASSWD.", "configuration.md#machines"}
	case state.ReasonInternal:
		return hint{"our own fault, or that of the configuration", "The log of drift_exporter says more.", ""}
	default:
		return hint{What: words(r)}
	}
}
