package ssh

import (
	"bytes"
	"errors"
	"io/fs"
	"os"

	"golang.org/x/crypto/ssh"
)

// identity is what an identity file is good for. If it holds no key that can be used as it is, signer is nil and
// problem says why; public may be known all the same, and then the ssh-agent may have the key.
type identity struct {
	path    string
	signer  ssh.AlgorithmSigner
	public  ssh.PublicKey
	problem string
}

// identity reads an identity file, or takes it from the cache.
func (t *Transport) identity(path string) identity {
	id, err := t.keys.get(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		id = identity{problem: "no such file", public: publicKey(path + ".pub")}
	case errors.Is(err, fs.ErrPermission):
		id = identity{problem: "permission denied"}
	case err != nil:
		id = identity{problem: printable(err.Error(), maxQuoted)}
	}
	id.path = path
	return id
}

// parseIdentity reads a private key, or a public key whose private half the ssh-agent has.
func parseIdentity(path string) (identity, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return identity{}, err
	}
	signer, err := ssh.ParsePrivateKey(data)
	var encrypted *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &encrypted):
		id := identity{public: encrypted.PublicKey, problem: "encrypted with a passphrase"}
		if id.public == nil { // the old formats do not tell
			id.public = publicKey(path + ".pub")
		}
		return id, nil
	case err != nil:
		if public := parsePublicKey(data); public != nil {
			return identity{public: public, problem: "a public key"}, nil
		}
		return identity{problem: "not a private key"}, nil
	}
	id := identity{public: signer.PublicKey()}
	if id.signer = modern(signer); id.signer == nil {
		id.problem = signer.PublicKey().Type() + " keys are not supported"
	}
	return id, nil
}

// modern restricts a key to signatures that are not broken: an RSA key to SHA-2. It is nil if nothing is left.
func modern(signer ssh.Signer) ssh.AlgorithmSigner {
	s, ok := signer.(ssh.AlgorithmSigner)
	if !ok {
		return nil
	}
	switch signer.PublicKey().Type() {
	case ssh.KeyAlgoRSA:
		restricted, err := ssh.NewSignerWithAlgorithms(s, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
		if err != nil {
			return nil
		}
		return restricted
	case "ssh-dss": // too short to be safe, and gone from OpenSSH
		return nil
	}
	return s
}

// publicKey reads a public key file. It is nil if there is none in it.
func publicKey(path string) ssh.PublicKey {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return parsePublicKey(data)
}

func parsePublicKey(data []byte) ssh.PublicKey {
	key, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil
	}
	return key
}

func sameKey(a, b ssh.PublicKey) bool {
	return a != nil && b != nil && bytes.Equal(a.Marshal(), b.Marshal())
}

// describe names a key the way ssh-keygen -l does.
func describe(key ssh.PublicKey) string { return key.Type() + " " + ssh.FingerprintSHA256(key) }
