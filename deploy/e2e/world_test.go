// Package e2e_test walks the whole way with the real parts and the shipped configurations: machines behind sshd, the
// exporter, Prometheus with the rules, Alertmanager with the routing, and a stand-in for Slack.
package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testprometheus"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is two machines, both played by one sshd: web1 complies, db1 has drifted before it is first checked.
type world struct {
	t            *testing.T
	dir          string // of config.yaml and packs
	sshd         *testsshd.Server
	exporter     *testexporter.Exporter
	prometheus   *testprometheus.Server
	alertmanager *testalertmanager.Server
	slack        *testalertmanager.Inbox
}

func start(t *testing.T) *world {
	t.Helper()
	testenv.Program(t, "prometheus", "prometheus") // before what takes time
	w := &world{t: t, dir: t.TempDir(), slack: testalertmanager.NewInbox(t)}
	w.alertmanager = testalertmanager.Start(t, testalertmanager.Shipped(t, w.slack.URL))
	w.sshd = testsshd.Start(t, testsshd.Options{})
	w.onMachine("web.conf", "listen 80\nworkers 4\n")
	w.onMachine("db.conf", "port 5433\n")
	w.write("packs/web.yaml", `items: {files: [{path: ~/web.conf, content: "listen 80\nworkers 4\n"}]}`)
	w.write("packs/db.yaml", `items: {files: [{path: ~/db.conf, content: "port 5432\n"}]}`)
	w.write("config.yaml", fmt.Sprintf(`
check: {timeout: 30s, retries: 0}
packs_dir: packs
ssh:
  user: %s
  port: %d
  identity_files: [%s]
  known_hosts_files: [%s]
alerting:
  alertmanagers: [{url: "%s"}]
  resend_delay: 1s
machines:
  - {name: web1, display_name: Web 1, address: 127.0.0.1, packs: [web], labels: {env: prod}}
  - {name: db1, display_name: Database 1, address: 127.0.0.1, packs: [db], labels: {env: test}}
`, w.sshd.User, w.sshd.Port, w.sshd.KeyFile, w.sshd.KnownHostsFile, w.alertmanager.URL))
	w.exporter = testexporter.Start(t, filepath.Join(w.dir, "config.yaml"), filepath.Join(w.dir, "data"), "--web.enable-lifecycle")
	w.prometheus = testprometheus.Start(t, w.prometheusConfig())
	return w
}

// prometheusConfig is the shipped one with the shipped rules. What they wait for is shortened: that something holds for
// minutes, and that an alert outlasts a restart of the exporter; still, a stopped one is told of before the latter ends.
func (w *world) prometheusConfig() string {
	w.t.Helper()
	config := testprometheus.Shipped(w.t, w.alertmanager.URL.Host, w.exporter.URL)
	shipped := filepath.Join(testenv.Repository(w.t), "rules", "prometheus", "drift_exporter.rules.yml")
	require.Contains(w.t, config, shipped)
	rules, err := os.ReadFile(shipped)
	require.NoError(w.t, err)
	for before, after := range map[string]string{`(?m)^( +for:) \S+$`: "$1 1s", `(?m)^( +keep_firing_for:) \S+$`: "$1 10s"} {
		pattern := regexp.MustCompile(before)
		require.True(w.t, pattern.Match(rules), before)
		rules = pattern.ReplaceAll(rules, []byte(after))
	}
	w.write("drift_exporter.rules.yml", string(rules))
	return strings.ReplaceAll(config, shipped, filepath.Join(w.dir, "drift_exporter.rules.yml"))
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o600))
}

// onMachine writes a file into the home of the machines' user.
func (w *world) onMachine(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.sshd.Home, name)
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o644))
	require.NoError(w.t, w.sshd.Chown(path))
}

// told are the messages to Slack that begin so, oldest first.
func (w *world) told(title string) []testalertmanager.SlackMessage {
	var found []testalertmanager.SlackMessage
	for _, m := range w.slack.SlackMessages() {
		if strings.HasPrefix(m.Title, title) {
			found = append(found, m)
		}
	}
	return found
}

// hears waits until Slack was told n times, and returns the last of them.
func (w *world) hears(n int, title string) testalertmanager.SlackMessage {
	w.t.Helper()
	w.eventually("Slack hears: "+title, func() bool { return len(w.told(title)) >= n })
	told := w.told(title)
	require.Len(w.t, told, n, title)
	return told[n-1]
}

// muted tells by alert name, of what Alertmanager takes to be firing, whether all of it is muted by another alert.
func (w *world) muted() map[string]bool {
	w.t.Helper()
	muted := map[string]bool{}
	for _, a := range w.alertmanager.Alerts() {
		name := a.Labels["alertname"]
		before, seen := muted[name]
		muted[name] = len(a.Status.InhibitedBy) > 0 && (before || !seen)
	}
	return muted
}

func (w *world) eventually(what string, condition func() bool) {
	w.t.Helper()
	testprocess.Eventually(w.t, what, condition, func() string {
		shown := ""
		for _, m := range w.slack.SlackMessages() {
			shown += m.Shown() + "\n\n"
		}
		return fmt.Sprintf("Slack:\n%s\nAlertmanager: %v\nexporter:\n%s\nPrometheus:\n%s", shown, w.muted(), w.exporter.Log(), w.prometheus.Output())
	})
}
