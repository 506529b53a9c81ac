package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

func TestWebConfigurationProtectsEverything(t *testing.T) {
	w := newWorkspace(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	require.NoError(t, err)
	w.write("web.yml", fmt.Sprintf("basic_auth_users: {prometheus: %q}\n", hash))
	p := startServeWhere(t, "a login is asked for", func(status int) bool { return status == http.StatusUnauthorized },
		w.path("config.yaml"), w.path("data"), "--web.config.file="+w.path("web.yml"))
	for _, path := range []string{"/", "/metrics", "/api/v1/machines", "/-/healthy"} {
		status, _ := p.tryGet(path)
		assert.Equal(t, http.StatusUnauthorized, status, path)
	}
	p.url = strings.Replace(p.url, "http://", "http://prometheus:secret@", 1)
	assert.Contains(t, p.get("/metrics"), "drift_exporter_build_info")
	assert.NotContains(t, p.log.String(), "secret")
	p.terminate()
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
	page := p.get("/")
	assert.Contains(t, page, `href="/drift/metrics"`, "links are those that a browser behind the proxy needs")
	p.terminate()
}
