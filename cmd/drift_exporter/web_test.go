package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

func TestWebConfigurationProtectsEverything(t *testing.T) {
	w := newWorkspace(t)
	hash, err := bcrypt.GenerateFromPassword([]byte(testsecret.Mark), bcrypt.MinCost)
	require.NoError(t, err)
	w.write("web.yml", fmt.Sprintf("basic_auth_users: {prometheus: %q}\n", hash))
	p := testexporter.StartWhere(t, "a login is asked for", func(status int) bool { return status == http.StatusUnauthorized },
		w.path("config.yaml"), w.path("data"), "--web.config.file="+w.path("web.yml"))
	for _, path := range []string{"/", "/metrics", "/api/v1/machines", "/-/healthy"} {
		status, _ := p.TryGet(path)
		assert.Equal(t, http.StatusUnauthorized, status, path)
	}
	p.URL = strings.Replace(p.URL, "http://", "http://prometheus:"+testsecret.Mark+"@", 1)
	assert.Contains(t, p.Get("/metrics"), "drift_exporter_build_info")
	assert.NotContains(t, p.Log(), testsecret.Mark)
	p.Terminate()
}

func TestWebConfigurationServesTLS(t *testing.T) {
	w := newWorkspace(t)
	authority := writeCertificate(t, w)
	w.write("web.yml", fmt.Sprintf("tls_server_config: {cert_file: %s, key_file: %s}\n", w.path("cert.pem"), w.path("key.pem")))
	p := testexporter.StartWhere(t, "plain HTTP is refused", func(status int) bool { return status == http.StatusBadRequest },
		w.path("config.yaml"), w.path("data"), "--web.config.file="+w.path("web.yml"))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority}}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(strings.Replace(p.URL, "http://", "https://", 1) + "/-/healthy")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)
	p.Terminate()
}

func TestNothingIsCheckedWhileTheAddressIsTaken(t *testing.T) {
	w := newWorkspace(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	out, err := exec.Command(binary(t), "--config.file="+w.path("config.yaml"), "--storage.path="+w.path("data"),
		"--web.listen-address="+taken.Addr().String()).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "address already in use")
	assert.NotContains(t, string(out), "run started")
	assert.NotContains(t, string(out), "serving pages")
}

// writeCertificate writes cert.pem and key.pem for 127.0.0.1 and returns who vouches for them.
func writeCertificate(t *testing.T, w *workspace) *x509.CertPool {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	w.write("cert.pem", string(cert))
	w.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(cert))
	return pool
}

func TestABrokenWebConfigurationIsRefusedAtStart(t *testing.T) {
	w := newWorkspace(t)
	w.write("web.yml", "basic_auth_userz: {}\n")
	status, _, stderr := w.run("serve", "--web.listen-address=127.0.0.1:0", "--web.config.file="+w.path("web.yml"))
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "basic_auth_userz")
}

func TestPagesBelowAPrefix(t *testing.T) {
	w := newWorkspace(t)
	p := startServe(t, w.path("config.yaml"), w.path("data"), "--web.external-url=http://proxy.example/drift/", "--web.route-prefix=/")
	page := p.Get("/")
	assert.Contains(t, page, `href="/drift/metrics"`, "links are those that a browser behind the proxy needs")
	assert.Contains(t, p.Log(), "url=http://proxy.example/drift\n", "the log says where to look")
	p.Terminate()
}
