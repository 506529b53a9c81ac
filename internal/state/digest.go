package state

import (
	"crypto/sha256"
	"encoding/base64"
)

// Digest tells whether two details are the same without having both: the first half of the SHA-256 of what is
// stored. The zero Digest is that of nothing, and equals none.
type Digest [16]byte

func digestOf(stored []byte) Digest {
	sum := sha256.Sum256(stored)
	return Digest(sum[:])
}

// AppendText appends it in base64.
func (d Digest) AppendText(to []byte) ([]byte, error) {
	return base64.RawStdEncoding.AppendEncode(to, d[:]), nil
}

// MarshalText encodes it in base64.
func (d Digest) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// UnmarshalText decodes what MarshalText gives. Everything else becomes the zero Digest: it only saves work, so that a
// verdict must not be lost for it.
func (d *Digest) UnmarshalText(text []byte) error {
	*d = Digest{}
	if b, err := base64.RawStdEncoding.AppendDecode(nil, text); err == nil && len(b) == len(d) {
		*d = Digest(b)
	}
	return nil
}
