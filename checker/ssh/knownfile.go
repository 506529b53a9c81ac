package ssh

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// knownFile is one version of a known_hosts file.
type knownFile struct {
	path    string
	db      *knownhosts.HostKeyDB
	revokes bool                  // it has @revoked lines
	plain   map[string][]knownKey // by address, see indexPlain; nil: only db knows

	// What a host is known by is remembered, since finding it where some lines are not plain means trying every line, and
	// a hashed line costs a microsecond.
	mu    sync.Mutex
	hosts map[string][]knownKey
}

// knownKey is a key that a host is known by.
type knownKey struct {
	key  ssh.PublicKey
	cert bool   // an authority's key that signs host keys
	file string // where it is known from
}

// opinion is what one source of known keys says about a host's key.
type opinion struct {
	trusted bool
	revoked bool
	known   []knownKey // by which the host is known instead
	err     error      // of a certificate that is not valid
}

// parseKnownFile reads a file of which every line must be right.
func parseKnownFile(path string) (*knownFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	db, err := knownhosts.NewDB(path)
	if err != nil {
		return nil, err
	}
	return newKnownFile(path, data, nil, db), nil
}

// parseReadable reads a file that others write: lines that cannot be understood are skipped with a warning.
func parseReadable(log *slog.Logger) func(path string) (*knownFile, error) {
	return func(path string) (*knownFile, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		db, skipped, err := readableLines(path, data)
		if err != nil {
			return nil, err
		}
		if len(skipped) > 0 {
			log.Warn("skipped what cannot be understood in a known_hosts file", "file", path,
				"line", skipped[0].number, "lines", len(skipped), "err", skipped[0].why)
		}
		return newKnownFile(path, data, skipped, db), nil
	}
}

func newKnownFile(path string, data []byte, skipped []skippedLine, db *knownhosts.HostKeyDB) *knownFile {
	return &knownFile{
		path: path, db: db, revokes: bytes.Contains(data, []byte("@revoked")), hosts: map[string][]knownKey{},
		plain: indexPlain(path, data, skipped),
	}
}

// keysOf returns the keys that the host is known by.
func (f *knownFile) keysOf(addr string) []knownKey {
	if f.plain != nil {
		return f.plain[addr]
	}
	f.mu.Lock()
	keys, ok := f.hosts[addr]
	f.mu.Unlock()
	if ok {
		return keys
	}
	for _, k := range f.db.HostKeys(addr) {
		keys = append(keys, knownKey{key: k.PublicKey, cert: k.Cert, file: f.path})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hosts[addr] = keys
	return keys
}

// ask says what the file has to say about a host's key.
func (f *knownFile) ask(addr string, remote net.Addr, key ssh.PublicKey) opinion {
	if f.revokes && f.revoked(addr, remote, key) {
		return opinion{revoked: true}
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		return f.askCertificate(addr, remote, cert)
	}
	var o opinion
	for _, k := range f.keysOf(addr) {
		if k.cert { // an authority says nothing about a key that is not a certificate
			continue
		}
		o.known = append(o.known, k)
		o.trusted = o.trusted || sameKey(k.key, key)
	}
	return o
}

// revoked reports whether the key is revoked. Of a certificate both its key and its authority's may be; the library
// looks at them only where it knows the authority, which may be in another file.
func (f *knownFile) revoked(addr string, remote net.Addr, key ssh.PublicKey) bool {
	keys := []ssh.PublicKey{key}
	if cert, ok := key.(*ssh.Certificate); ok {
		keys = []ssh.PublicKey{cert.Key, cert.SignatureKey}
	}
	for _, k := range keys {
		var revoked *xknownhosts.RevokedError
		if errors.As(f.db.HostKeyCallback()(addr, remote, k), &revoked) {
			return true
		}
	}
	return false
}

var errSHA1 = errors.New("its authority signed it with SHA-1, which can be forged")

// askCertificate trusts a certificate of a known authority that is valid for the host and now.
func (f *knownFile) askCertificate(addr string, remote net.Addr, cert *ssh.Certificate) opinion {
	if err := f.db.HostKeyCallback()(addr, remote, cert); err != nil {
		return opinion{err: err}
	}
	if cert.Signature.Format == ssh.KeyAlgoRSA {
		return opinion{err: errSHA1}
	}
	return opinion{trusted: true}
}

func (o *opinion) add(p opinion) {
	o.trusted = o.trusted || p.trusted
	o.revoked = o.revoked || p.revoked
	o.known = append(o.known, p.known...)
	if o.err == nil {
		o.err = p.err
	}
}
