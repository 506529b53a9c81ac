package cluster_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testnats"
)

// replica is one drift_exporter of several, with a configuration, a way to NATS and a way to Alertmanager of its own.
type replica struct {
	*testexporter.Exporter
	name     string
	w        *world
	config   settings
	link     *testnats.Link
	recorder *recorder
	dead     bool
}

// configure writes its configuration; a reload or a start takes it.
func (r *replica) configure(machines []entry) {
	r.w.t.Helper()
	r.config.machines = machines
	r.w.write(filepath.Join(r.name, "config.yaml"), r.config.yaml())
}

// start runs it, with further flags.
func (r *replica) start(flags ...string) {
	r.w.t.Helper()
	r.Exporter = testexporter.Start(r.w.t, filepath.Join(r.w.dir, r.name, "config.yaml"), filepath.Join(r.w.dir, r.name, "data"),
		append([]string{"--web.enable-lifecycle", "--web.external-url=http://drift.example/"}, flags...)...)
}

// kill is kill -9.
func (r *replica) kill() {
	r.dead = true
	r.Kill()
}

// launch starts it again.
func (r *replica) launch() {
	r.w.t.Helper()
	r.Launch()
	r.dead = false
}

func (r *replica) ready() bool {
	status, _ := r.TryGet("/-/ready")
	return status == http.StatusOK
}

// coordinates tells whether it says that it is the one who begins and ends runs.
func (r *replica) coordinates() bool { return r.Metric("drift_cluster_coordinator") == "1" }

// runOf is a run as the API shows it.
type runOf struct {
	ID, Phase                        string
	Total, Checked, Failed, Retrying int
	NotChecked                       int        `json:"not_checked"`
	EndedAt                          *time.Time `json:"ended_at"`
	Trigger                          string
	Machines                         []string
	StartedAt                        time.Time `json:"started_at"`
}

// run is a run, and whether it knows it.
func (r *replica) run(id string) (run runOf, known bool) {
	status, body := r.TryGet("/api/v1/runs/" + id)
	err := json.Unmarshal([]byte(body), &struct{ Data *runOf }{&run})
	return run, status == http.StatusOK && err == nil
}

// lastRun is the last that has ended.
func (r *replica) lastRun() (run runOf) {
	status, body := r.TryGet("/api/v1/fleet")
	if status != http.StatusOK || json.Unmarshal([]byte(body), &struct {
		Data any
	}{&struct {
		LastRun *runOf `json:"last_run"`
	}{&run}}) != nil {
		return runOf{}
	}
	return run
}

// pairOf is a pair as the API shows it.
type pairOf struct {
	Verdict string
	Attempt *struct{ Status, Run, Reason, Message string }
	Alert   struct {
		State string
		Since *time.Time
	}
}

// pair is what lists show of a pair, which they do without asking NATS.
func (r *replica) pair(m *machine) pairOf {
	var list struct {
		Data struct{ Pairs []pairOf }
	}
	status, body := r.TryGet("/api/v1/pairs?q=" + m.name)
	if status != http.StatusOK || json.Unmarshal([]byte(body), &list) != nil || len(list.Data.Pairs) != 1 {
		return pairOf{}
	}
	return list.Data.Pairs[0]
}

// verdicts are the changes of a pair's verdict, oldest first.
func (r *replica) verdicts(m *machine) []string {
	r.w.t.Helper()
	var history struct{ Changes []struct{ Verdict string } }
	r.Data("/api/v1/machines/"+m.name+"/packs/base/history", &history)
	var all []string
	for _, change := range slices.Backward(history.Changes) {
		all = append(all, change.Verdict)
	}
	return all
}

// fleetGauges are those that docs/metrics.md says are the same on every replica.
var fleetGauges = []string{
	"drift_compliant{", "drift_mismatches{", "drift_items{", "drift_waived_items{", "drift_last_check_timestamp_seconds{",
	"drift_check_success{", "drift_consecutive_failures{", "drift_last_attempt_timestamp_seconds{", "drift_alert_firing{",
	"drift_check_duration_seconds{", "drift_machine_info{", "drift_machine_labels{", "drift_next_run_timestamp_seconds ",
	"drift_last_run_success ", "drift_last_run_timestamp_seconds ", "drift_cluster_replicas{",
}

// gauges are the series of its metrics that are the fleet's, and not its own.
func (r *replica) gauges() string {
	r.w.t.Helper()
	var kept strings.Builder
	for line := range strings.Lines(r.Get("/metrics")) {
		if slices.ContainsFunc(fleetGauges, func(name string) bool { return strings.HasPrefix(line, name) }) {
			kept.WriteString(line)
		}
	}
	require.NotEmpty(r.w.t, kept.String())
	return kept.String()
}

// machineList is what its API says of all machines.
func (r *replica) machineList() string {
	r.w.t.Helper()
	return r.Get("/api/v1/machines?limit=1000")
}
