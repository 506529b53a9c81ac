package ssh

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// certificate is a user certificate in a file. If the file has none, cert is nil and problem says what it has.
type certificate struct {
	path    string
	cert    *ssh.Certificate
	problem string
}

// certificates are those that a hop is given, then those that lie beside its identity files, as KEY-cert.pub.
func (t *Transport) certificates(h hop) []certificate {
	var all []certificate
	for _, path := range h.certificateFiles {
		c, err := t.certs.get(path)
		if err != nil {
			c.problem = fileProblem(err)
		}
		c.path = path
		all = append(all, c)
	}
	for _, path := range h.identityFiles {
		path = strings.TrimSuffix(path, ".pub") + "-cert.pub"
		c, err := t.certs.get(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			c.problem = fileProblem(err)
		}
		c.path = path
		all = append(all, c)
	}
	return all
}

func parseCertificate(path string) (certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return certificate{}, err
	}
	cert, ok := parsePublicKey(data).(*ssh.Certificate)
	switch {
	case !ok:
		return certificate{problem: "not a certificate"}, nil
	case cert.CertType != ssh.UserCert:
		return certificate{problem: "a certificate for hosts, not for users"}, nil
	}
	return certificate{cert: cert}, nil
}

// signWith is a signer that shows the certificate and signs with its key. It is nil if the key is another's.
func (c certificate) signWith(key ssh.AlgorithmSigner) ssh.AlgorithmSigner {
	if c.cert == nil || key == nil || !sameKey(c.cert.Key, key.PublicKey()) {
		return nil
	}
	signer, err := ssh.NewCertSigner(c.cert, key)
	if err != nil {
		return nil
	}
	return modern(signer)
}

// certificateIn is the certificate that a public key is, or nil. The ssh-agent's keys have a type of their own.
func certificateIn(key ssh.PublicKey) *ssh.Certificate {
	if cert, ok := key.(*ssh.Certificate); ok {
		return cert
	}
	if !strings.Contains(key.Type(), certSuffix) {
		return nil
	}
	parsed, err := ssh.ParsePublicKey(key.Marshal())
	if err != nil {
		return nil
	}
	cert, _ := parsed.(*ssh.Certificate)
	return cert
}

// certSuffix is in the name of every type of certificate, where the name of its key's type has none.
const certSuffix = "-cert-v01"

// plainType is the type of a key, or of the key in a certificate.
func plainType(key ssh.PublicKey) string {
	if cert := certificateIn(key); cert != nil {
		return cert.Key.Type()
	}
	return key.Type()
}

// terms are what a server holds against a certificate: whose it is, for whom, and until when.
func terms(cert *ssh.Certificate) string {
	text := "certificate " + quote(cert.KeyId)
	if len(cert.ValidPrincipals) > 0 {
		text += " for " + printable(strings.Join(cert.ValidPrincipals, " "), maxQuoted)
	}
	if cert.ValidAfter > 0 {
		text += " from " + certTime(cert.ValidAfter)
	}
	if cert.ValidBefore != ssh.CertTimeInfinity {
		text += " until " + certTime(cert.ValidBefore)
	}
	return text
}

func certTime(seconds uint64) string {
	const latest = 1 << 38 // in ten thousand years, where no calendar goes
	return time.Unix(int64(min(seconds, latest)), 0).UTC().Format(time.RFC3339)
}
