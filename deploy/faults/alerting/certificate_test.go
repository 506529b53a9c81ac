package alerting_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority has a certificate that the exporter trusts, one for the same address that it has no reason to, and one that it trusts
// and that is for another address.
type authority struct {
	file                      string // what the exporter trusts
	right, another, elsewhere tls.Certificate
	shown                     atomic.Pointer[tls.Certificate] // nil: the right one
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	here := net.IPv4(127, 0, 0, 1)
	a := &authority{
		file:  filepath.Join(t.TempDir(), "ca.pem"),
		right: selfSigned(t, here), another: selfSigned(t, here), elsewhere: selfSigned(t, net.IPv4(127, 0, 0, 2)),
	}
	var trusted []byte
	for _, c := range []tls.Certificate{a.right, a.elsewhere} {
		trusted = append(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})...)
	}
	require.NoError(t, os.WriteFile(a.file, trusted, 0o600))
	return a
}

func selfSigned(t testing.TB, of net.IP) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "alertmanager"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{of}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// config is a server's. It leaves out HTTP/2, so that a handler can take a connection over and break it.
func (a *authority) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return cmp.Or(a.shown.Load(), &a.right), nil
	}}
}
