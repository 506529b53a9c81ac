package grafana_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testprometheus"
)

// world is a fleet in every state that the dashboard shows, checked by the real exporter, which tells a real
// Alertmanager and is scraped by a real Prometheus: twice, as two replicas of a cluster would be.
//
//	web.1   prod  base compliant, web drifted after it was compliant: an alert
//	webx1   prod  base compliant; its name is matched by that of web.1, taken as a regular expression
//	db1     test  db drifted at its first verdict: no alert
//	cache1  test  cache compliant by a waiver that expires
//	gone1   prod  base never judged: nobody listens there
//	plain1        base compliant, and no label env
//
// Prometheus scrapes Alertmanager as well, in a job of its own, which is none of the dashboard's business.
type world struct {
	t          *testing.T
	dir        string
	exporter   *testexporter.Exporter
	prometheus *testprometheus.Server
	other      string // the instance of that other job
}

const nobody = `
route: {receiver: nobody}
receivers: [{name: nobody}]
`

const fleet = `
check: {retries: 0}
packs_dir: packs
alerting: {alertmanagers: [{url: %q}], resend_delay: 1s}
machines:
  - {name: web.1, transport: local, packs: [base, web], labels: {env: prod}}
  - {name: webx1, transport: local, packs: [base], labels: {env: prod}}
  - {name: db1, transport: local, packs: [db], labels: {env: test}}
  - name: cache1
    transport: local
    packs: [cache]
    labels: {env: test}
    waivers: [{pack: cache, kind: file, item: %q, reason: being moved, expires: 2999-12-31}]
  - {name: gone1, address: 127.0.0.1, packs: [base], labels: {env: prod}, ssh: {port: %s}}
  - {name: plain1, transport: local, packs: [base]}
`

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	for _, pack := range []string{"base", "web", "db", "cache"} {
		w.write("packs/"+pack+".yaml", fmt.Sprintf("items: {files: [{path: %q, content: \"as it must be\\n\"}]}\n", w.file(pack)))
		w.write(pack+".conf", "as it must be\n")
	}
	w.write("db.conf", "other\n")
	w.write("cache.conf", "other\n")

	alertmanager := testalertmanager.Start(t, nobody)
	_, closed, _ := strings.Cut(testprocess.FreeAddress(t), ":")
	w.write("config.yaml", fmt.Sprintf(fleet, alertmanager.URL, w.file("cache"), closed))
	w.exporter = testexporter.Start(t, filepath.Join(w.dir, "config.yaml"), filepath.Join(w.dir, "data"), "--web.enable-lifecycle")
	w.exporter.Eventually("the first run ends", func() bool { return w.exporter.Metric("drift_last_run_success") == "1" })
	w.write("web.conf", "changed\n")
	w.exporter.CheckNow()
	w.exporter.Eventually("Alertmanager is told", func() bool { return len(alertmanager.Alerts()) == 1 })

	w.other = alertmanager.URL.Host
	w.prometheus = testprometheus.Start(t, testprometheus.Shipped(t, alertmanager.URL.Host,
		w.exporter.URL, strings.Replace(w.exporter.URL, "127.0.0.1", "localhost", 1))+
		fmt.Sprintf("  - job_name: alertmanager\n    static_configs: [{targets: [%q]}]\n", w.other))
	// Two scrapes of both, so that there are rates.
	w.prometheus.Eventually(`count(count_over_time(drift_notifications_sent_total[1m]) > 2) == 2`)
	w.prometheus.Eventually(`count_over_time(process_cpu_seconds_total{job="alertmanager"}[1m]) > 2`)
	return w
}

func (w *world) file(pack string) string { return filepath.Join(w.dir, pack+".conf") }

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o644))
}
