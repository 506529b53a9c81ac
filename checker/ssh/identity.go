package ssh

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"golang.org/x/crypto/ssh"
)

// identity is what an identity file is good for. If it holds no key that can be used as it is, signer is nil and
// problem says why; public may be known all the same, and then the ssh-agent may have the key.
type identity struct {
	path    string
	signer  ssh.AlgorithmSigner
	public  ssh.PublicKey
	locked  []byte // the file, if the key in it is encrypted with a passphrase
	problem string
}

// identity reads an identity file, or takes it from the cache. A key that is encrypted is opened with the
// passphrase in passphraseFile.
func (t *Transport) identity(path, passphraseFile string) identity {
	id, err := t.keys.get(path)
	if err != nil {
		id = identity{problem: fileProblem(err)}
		if errors.Is(err, fs.ErrNotExist) {
			id.public = publicKey(path + ".pub")
		}
	}
	id.path = path
	if id.locked != nil {
		return t.locked.open(id, passphraseFile)
	}
	return id
}

// fileProblem says why a file cannot be read, for a message that names the file.
func fileProblem(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	return printable(err.Error(), maxQuoted)
}

// othersMayRead reports whether the file is open to every user of this machine.
func othersMayRead(info fs.FileInfo) bool { return info.Mode().Perm()&0o007 != 0 }

// identityParser reads a private key, or a public key whose private half the ssh-agent has.
func identityParser(log *slog.Logger) func(path string) (identity, error) {
	return func(path string) (identity, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return identity{}, err
		}
		id := parseIdentity(path, data)
		if info, err := os.Stat(path); err == nil && othersMayRead(info) && id.signer != nil {
			log.Warn("other users may read a private key", "file", path, "mode", info.Mode().Perm().String())
		}
		return id, nil
	}
}

func parseIdentity(path string, data []byte) identity {
	signer, err := ssh.ParsePrivateKey(data)
	var encrypted *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &encrypted):
		id := identity{public: encrypted.PublicKey, locked: data}
		if id.public == nil { // the old formats do not tell
			id.public = publicKey(path + ".pub")
		}
		return id
	case err == nil:
		return usable(signer)
	}
	if public := parsePublicKey(data); public != nil {
		return identity{public: public, problem: "a public key"}
	}
	if block, _ := pem.Decode(data); block != nil && block.Type == "ENCRYPTED PRIVATE KEY" {
		return identity{
			public:  publicKey(path + ".pub"),
			problem: "encrypted in a format that is not supported (PKCS #8); ssh-keygen -p rewrites it",
		}
	}
	return identity{problem: "not a private key"}
}

func usable(signer ssh.Signer) identity {
	id := identity{public: signer.PublicKey()}
	if id.signer = modern(signer); id.signer == nil {
		id.problem = signer.PublicKey().Type() + " keys are not supported"
	}
	return id
}

// modern is the key, if it can sign in a way that is not broken.
func modern(signer ssh.Signer) ssh.AlgorithmSigner {
	s, ok := signer.(ssh.AlgorithmSigner)
	if !ok || plainType(signer.PublicKey()) == "ssh-dss" { // too short to be safe, and gone from OpenSSH
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

// describe names a key the way ssh-keygen -l does; of a certificate it adds what a server looks at.
func describe(key ssh.PublicKey) string {
	cert := certificateIn(key)
	if cert == nil {
		return key.Type() + " " + ssh.FingerprintSHA256(key)
	}
	return key.Type() + " " + ssh.FingerprintSHA256(cert.Key) + ", " + terms(cert)
}
