package testnats

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pair is a certificate and its key, as files.
type pair struct{ cert, key string }

// writeCertificates makes an authority and one certificate of it, for all nodes: they are on the same address.
func writeCertificates(t testing.TB, dir string) (caFile string, files pair) {
	t.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "testnats"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	node := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	nodeKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(nodeKey)
	require.NoError(t, err)
	caFile, files = filepath.Join(dir, "ca.pem"), pair{cert: filepath.Join(dir, "node.pem"), key: filepath.Join(dir, "node.key")}
	writePEM(t, caFile, "CERTIFICATE", sign(t, ca, ca, caKey, caKey))
	writePEM(t, files.cert, "CERTIFICATE", sign(t, node, ca, nodeKey, caKey))
	writePEM(t, files.key, "PRIVATE KEY", private)
	return caFile, files
}

func sign(t testing.TB, of, by *x509.Certificate, key, with *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, of, by, key.Public(), with)
	require.NoError(t, err)
	return der
}

func writePEM(t testing.TB, file, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}
