package state

// Reason says why a machine could not be checked. It is a metric label, so the set is closed.
type Reason string

// The reasons of drift_check_failures_total.
const (
	ReasonConnect    Reason = "connect"    // no TCP connection: refused, unreachable, dial timeout
	ReasonAuth       Reason = "auth"       // the machine accepted none of our credentials, or there are none
	ReasonHostKey    Reason = "host_key"   // unknown or changed host key
	ReasonTimeout    Reason = "timeout"    // too slow, or silent, after TCP connected
	ReasonProtocol   Reason = "protocol"   // the connection or the dialogue broke off, or made no sense
	ReasonUnreadable Reason = "unreadable" // the machine answered, but an item could not be observed
	ReasonBecome     Reason = "become"     // sudo refused or wants a password
	ReasonInternal   Reason = "internal"   // our own fault: configuration that cannot be used, a bug
)

// Failure is an attempt that gave no verdict. It is an error, so that transports return it wrapped.
// Message is for logs and pages; it never holds a secret.
type Failure struct {
	Reason  Reason `json:"reason"`
	Message string `json:"message"`
	// Retry is set where trying again soon may help (the machine did not answer, the connection broke),
	// and unset where it cannot (a changed host key, a refused login).
	Retry bool `json:"-"`
	// Err is the cause, for errors.Is; it is not stored.
	Err error `json:"-"`
}

// Error is the reason and the message.
func (f *Failure) Error() string { return string(f.Reason) + ": " + f.Message }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }
