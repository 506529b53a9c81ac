package state

// Key names a pair: one pack on one machine. A verdict, its series and its alert belong to a pair.
type Key struct {
	Machine string `json:"machine"`
	Pack    string `json:"pack"`
}

// String is the pair as "machine/pack", for logs and errors.
func (k Key) String() string { return k.Machine + "/" + k.Pack }
