package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// fleet is the world of the end-to-end test: a real sshd that plays two machines, a real Alertmanager, a
// stand-in for Slack behind it, and the exporter as a process. web1 carries the packs base and web, db1 the
// pack db, from whose demands it differs from the start.
type fleet struct {
	t            *testing.T
	sshd         *testsshd.Server
	alertmanager *testalertmanager.Server
	slack        *testalertmanager.Inbox
	exporter     *testexporter.Exporter
	dir          string // of config.yaml and packs
}

// resendDelay is short, so that the test sees resends; nothing is asserted about how long it takes.
const resendDelay = "1s"

func startFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), slack: testalertmanager.NewInbox(t)}
	f.sshd = testsshd.Start(t, testsshd.Options{})
	f.alertmanager = testalertmanager.Start(t, testalertmanager.Shipped(t, f.slack.URL))

	f.onMachine("base.conf", "MaxAuthTries 3\n", 0o644)
	f.onMachine("web.conf", "listen 80\nworkers 4\n", 0o644)
	f.onMachine("db.conf", "port 5432\n", 0o644)
	f.write("packs/base.yaml", `
name: Base Pack
description: what every machine has
extends: null
items:
  files:
    - {path: ~/base.conf, mode: 0644, content: "MaxAuthTries 3\n"}
  packages: []
  settings: []
`)
	f.write("packs/web.yaml", `
name: Web Pack
items:
  files:
    - path: ~/web.conf
      mode: "0644"
      template: web.conf
`)
	f.write("packs/templates/web.conf", "listen 80\nworkers {{ .workers }}\n")
	f.write("packs/db.yaml", `
items:
  files:
    - {path: ~/db.conf, mode: "0600"}
`)
	f.configure()
	f.exporter = startServe(t, filepath.Join(f.dir, "config.yaml"), filepath.Join(f.dir, "data"), "--web.enable-lifecycle", "--log.level=debug")
	return f
}

func (f *fleet) write(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	require.NoError(f.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(f.t, os.WriteFile(path, []byte(text), 0o644))
}

// configure writes config.yaml.
func (f *fleet) configure() {
	f.t.Helper()
	f.write("config.yaml", fmt.Sprintf(`
schedule: {cron: "0 6 * * *", timezone: UTC}
check: {concurrency: 4, timeout: 30s, retries: 0}
packs_dir: packs
ssh:
  user: %s
  port: %d
  identity_files: [%s]
  known_hosts_files: [%s]
  host_key_policy: strict
alerting:
  alertmanagers: [{url: "%s"}]
  resend_delay: %s
machines:
  - name: web1
    display_name: Web 1
    address: 127.0.0.1
    packs: [base, web]
    labels: {env: test}
    vars: {workers: 4}
  - name: db1
    address: 127.0.0.1
    packs: [db]
`, f.sshd.User, f.sshd.Port, f.sshd.KeyFile, f.sshd.KnownHostsFile, f.alertmanager.URL, resendDelay))
}

// onMachine writes a file into the home of the machines' user.
func (f *fleet) onMachine(name, text string, mode os.FileMode) {
	f.t.Helper()
	path := filepath.Join(f.sshd.Home, name)
	require.NoError(f.t, os.WriteFile(path, []byte(text), mode))
	require.NoError(f.t, os.Chmod(path, mode)) // whatever the umask
	require.NoError(f.t, f.sshd.Chown(path))
}

// alerts asks Alertmanager for the drift alerts that fire, by pack.
func (f *fleet) alerts() map[string]*models.GettableAlert {
	f.t.Helper()
	byPack := map[string]*models.GettableAlert{}
	for _, a := range f.alertmanager.Alerts() {
		if a.Labels["alertname"] == "config_drift" {
			require.NotContains(f.t, byPack, a.Labels["pack"], "two alerts for one pack")
			byPack[a.Labels["pack"]] = a
		}
	}
	return byPack
}

// startsAt is when the pack's alert began; zero if there is none.
func (f *fleet) startsAt(pack string) time.Time {
	a := f.alerts()[pack]
	if a == nil {
		return time.Time{}
	}
	return time.Time(*a.StartsAt)
}

// annotation is an annotation of the pack's alert; empty if there is none.
func (f *fleet) annotation(pack, name string) string {
	if a := f.alerts()[pack]; a != nil {
		return a.Annotations[name]
	}
	return ""
}

func (f *fleet) eventually(what string, condition func() bool) {
	f.t.Helper()
	eventually(f.t, what, condition, func() string {
		return fmt.Sprintf("alerts: %v\nslack: %v\n%s", f.alerts(), f.slack.SlackMessages(), f.exporter.Log())
	})
}

// afterResends waits until the exporter has sent to Alertmanager n times more.
func (f *fleet) afterResends(n int) {
	f.t.Helper()
	series := fmt.Sprintf("drift_notifications_latency_seconds_count{alertmanager=%q}", f.alertmanager.URL)
	sends := func() int {
		var v int
		_, _ = fmt.Sscan(f.exporter.Metric(series), &v) // no series yet: 0
		return v
	}
	before := sends()
	f.eventually("resends", func() bool { return sends() >= before+n })
}

// heard returns the messages to Slack that contain all of the words, in any of their fields.
func (f *fleet) heard(words ...string) []testalertmanager.SlackMessage {
	var found []testalertmanager.SlackMessage
	for _, m := range f.slack.SlackMessages() {
		text := strings.Join([]string{m.Title, m.Text, m.Link, m.Fallback}, "\n")
		all := true
		for _, word := range words {
			all = all && strings.Contains(text, word)
		}
		if all {
			found = append(found, m)
		}
	}
	return found
}

// reconfigure changes a piece of config.yaml and reloads it.
func (f *fleet) reconfigure(old, changed string) {
	f.t.Helper()
	path := filepath.Join(f.dir, "config.yaml")
	text, err := os.ReadFile(path)
	require.NoError(f.t, err)
	require.Contains(f.t, string(text), old)
	f.write("config.yaml", strings.Replace(string(text), old, changed, 1))
	status, answer := f.exporter.Post("/-/reload", "")
	require.Equal(f.t, http.StatusOK, status, answer)
}
