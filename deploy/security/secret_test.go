package security_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// shown is every page, every metric and every answer of the API about one machine and one pack.
var shown = []string{
	"/", "/?view=machines", "/machines/web1", "/machines/web1/packs/base", "/machines/web1/packs/base/history", "/packs", "/packs/base", "/metrics",
	"/-/healthy", "/-/ready", "/api/v1/machines", "/api/v1/machines/web1", "/api/v1/machines/web1/packs/base",
	"/api/v1/machines/web1/packs/base/history", "/api/v1/packs", "/api/v1/packs/base", "/api/v1/pairs", "/api/v1/runs", "/api/v1/fleet",
}

// secretWorkspace has a secret wherever one can be: in the configuration, in files that it names, in packs and on the machine.
func secretWorkspace(t *testing.T, s *testsshd.Server, alertmanager *url.URL) workspace {
	t.Helper()
	w := workspace{t, t.TempDir()}
	passphrase := testsecret.Of("passphrase")
	out, err := exec.Command(testenv.Program(t, "ssh-keygen", "openssh-client"), "-q", "-p", "-P", "", "-N", passphrase, "-f", s.KeyFile).CombinedOutput()
	require.NoError(t, err, "%s", out)
	onMachine(t, s, "app.conf", "password="+testsecret.Of("app")+"\n", 0o600)
	onMachine(t, s, "marked.conf", "password="+testsecret.Of("marked")+"\n", 0o644)
	w.write("passphrase", passphrase+"\n")
	w.write("password", testsecret.Of("password-file"))
	w.write("packs/templates/app.conf", "password={{ .app }}\n")
	w.write("packs/base.yaml", `
items:
  files:
    - {path: ~/app.conf, template: app.conf}
    - {path: ~/./app.conf, mode: "0600", contains: ["password=`+testsecret.Of("app")+`"]}
    - {path: ~/marked.conf, sensitive: true, content: "password=`+testsecret.Of("marked")+`\n"}
  commands:
    - {name: login, argv: [echo, "--password=`+testsecret.Of("argument")+`"], sensitive: true, stdout: ["--password=`+testsecret.Of("argument")+`"]}
`)
	w.write("config.yaml", fmt.Sprintf(`
check: {timeout: 60s, retries: 0, allow_commands: true}
packs_dir: packs
ssh: {user: %s, port: %d, identity_files: [%s], passphrase_file: passphrase, known_hosts_files: [], host_key_policy: accept-new, config_file: ""}
alerting:
  resend_delay: 1s
  alertmanagers:
    - {url: "%s", basic_auth: {username: %[5]s-name, password: %[5]s-inline}}
    - {url: "http://%[5]s-user:%[5]s-url@127.0.0.1:1/gone"}
    - {url: "http://127.0.0.1:1/token", authorization: {credentials: %[5]s-token}}
    - {url: "http://127.0.0.1:1/file", basic_auth: {username: drift, password_file: password}}
    - {url: "http://127.0.0.1:1/proxied", proxy_url: "http://%[5]s-user:%[5]s-proxy@127.0.0.1:1"}
    - {url: "http://127.0.0.1:1/headers", http_headers: {X-Token: {secrets: [%[5]s-header]}}}
machines:
  - {name: web1, address: 127.0.0.1, packs: [base], vars: {app: %[5]s-app}}
`, s.User, s.Port, s.KeyFile, alertmanager, testsecret.Mark))
	return w
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// What the exporter's files and the machines hide is in nothing that it logs, shows, answers, sends or stores; and what it
// stores is nobody else's to read, however permissive the process' umask is.
func TestNoSecretLeavesTheExporter(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	s := testsshd.Start(t, testsshd.Options{})
	slack := testalertmanager.NewInbox(t)
	am := testalertmanager.Start(t, testalertmanager.Shipped(t, slack.URL))
	w := secretWorkspace(t, s, am.URL)
	hash, err := bcrypt.GenerateFromPassword([]byte(testsecret.Of("web")), bcrypt.MinCost)
	require.NoError(t, err)
	w.write("web.yml", fmt.Sprintf("basic_auth_users: {prometheus: %q}\n", hash))
	e := testexporter.StartWhere(t, "a login is asked for", isUp, w.path("config.yaml"), w.path("state/data"), "--web.config.file="+w.path("web.yml"),
		"--web.enable-lifecycle", "--log.level=debug")
	for _, path := range shown {
		status, _ := e.TryGet(path)
		assert.Equal(t, http.StatusUnauthorized, status, path)
	}
	e.URL = strings.Replace(e.URL, "http://", "http://prometheus:"+testsecret.Of("web")+"@", 1)
	e.Eventually("the first run ends", func() bool { return e.Metric("drift_last_run_success") == "1" })
	assert.Equal(t, "1", e.Metric(`drift_compliant{machine="web1",pack="base"}`), "%s", e.Get("/api/v1/machines/web1/packs/base"))
	require.FileExists(t, w.path("state/data/known_hosts"))

	// Content that differs, which is as secret: it is shown as hashes, and alerted of.
	for name, mode := range map[string]os.FileMode{"app.conf": 0o600, "marked.conf": 0o644} {
		onMachine(t, s, name, "password="+testsecret.Of("other")+"\n", mode)
	}
	e.CheckNow()
	assert.Equal(t, "0", e.Metric(`drift_compliant{machine="web1",pack="base"}`))
	e.Eventually("Slack hears of it", func() bool { return len(slack.SlackMessages()) > 0 })
	require.Len(t, am.Alerts(), 1) // which searches them
	for _, path := range shown {
		assert.NotEmpty(t, e.Get(path))
	}
	assert.Contains(t, e.Get("/machines/web1/packs/base"), "sha256:")
	e.Eventually("the others cannot be told", func() bool { return strings.Contains(e.Log(), "127.0.0.1:1") })
	for _, args := range [][]string{
		{"check", "--diff"}, {"check", "--format=json"}, {"check", "--format=junit"}, {"validate"}, {"validate", "--format=json"}, {"packs"}, {"packs", "base"},
		{"packs", "base", "--format=json"}, {"snapshot", "web1", "--file=~/app.conf"},
	} {
		assert.NotEmpty(t, w.run(args...), args)
	}

	good := read(t, w.path("config.yaml"))
	password := "password: " + testsecret.Mark + "-inline"
	broken := map[string]string{
		"basic_auth: {username: drift":       "basic_auth: " + testsecret.Mark + "-inline, no: {x: drift",
		testsecret.Mark + "-url@127.0.0.1:1": testsecret.Mark + "-url@127.0.0.1:port",
		"-proxy@127.0.0.1:1":                 "-proxy@127.0.0.1:port",
		"vars: {app: " + testsecret.Mark:     "vars: {app: \"" + testsecret.Mark,
		"X-Token: {secrets: [":               "X-Token: {secrets: {a: ",
		"passphrase_file: passphrase":        "passphrase_file: [passphrase]",
		"authorization: {credentials":        "authorization: {type: basic, credentials",
	}
	for from, to := range broken {
		require.Contains(t, good, from)
		w.write("config.yaml", strings.Replace(good, from, to, 1))
		status, says := e.Post("/-/reload", "")
		assert.Equal(t, http.StatusInternalServerError, status, "%s: %s", to, says)
	}
	for _, value := range []string{"[X]", "*X", "!X", "!X a", "@X", "%X", "&X", "&X [a]", "|X", "{X}", "{X: a}", "'X", "'X'X'", "\"\\X\"", "X: X", "? X", "!!int X", "!!binary X", "`X", "- X", "X, X", "X\nX"} { // of some it is the password that is meant
		w.write("config.yaml", strings.Replace(good, password, "password: "+strings.ReplaceAll(value, "X", testsecret.Mark), 1))
		_, _ = e.Post("/-/reload", "") // which searches what it says
	}
	w.write("config.yaml", good)
	w.write("passphrase", testsecret.Of("wrong"))
	w.write("packs/templates/app.conf", `{{ slice .app "`+testsecret.Of("quoted")+`" }}`)
	status, says := e.Post("/-/reload", "")
	assert.Equal(t, http.StatusOK, status, says)
	s.Restart()
	e.CheckNow()
	for _, path := range shown {
		assert.NotEmpty(t, e.Get(path))
	}
	w.run("check", "--diff")
	e.Terminate()

	assert.Greater(t, testsecret.CheckFiles(t, w.path("state/data")), 3)
	requirePrivate(t, w.path("state"))
	requirePrivate(t, w.path("cli"))
}

// requirePrivate fails the test for whatever others could read or write below a directory, which itself is private.
func requirePrivate(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		assert.Zero(t, info.Mode().Perm()&0o077, "%s is %s", path, info.Mode())
		return nil
	}))
}
