package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// lifecycle is an exporter over local machines whose configuration changes while their alerts fire.
type lifecycle struct {
	*workspace
	p          *testexporter.Exporter
	am, second *testalertmanager.Server
	told       *testalertmanager.Inbox // what the first Alertmanager notifies of
}

func startLifecycle(t *testing.T) *lifecycle {
	t.Helper()
	told := testalertmanager.NewInbox(t)
	webhook := fmt.Sprintf("route: {receiver: hook, group_by: [machine, pack], group_wait: 10ms, group_interval: 10ms}\n"+
		"receivers: [{name: hook, webhook_configs: [{url: %q}]}]\n", told.URL)
	l := &lifecycle{
		workspace: newWorkspace(t), told: told,
		am:     testalertmanager.Start(t, webhook),
		second: testalertmanager.Start(t, "route: {receiver: none}\nreceivers: [{name: none}]\n"),
	}
	l.write("packs/extra.yaml", "items: {files: [{path: "+l.path("motd")+", content: \"welcome\\n\"}]}\n")
	l.configure(lifecycleMachines, l.am)
	l.p = startServe(t, l.path("config.yaml"), l.path("data"), "--web.enable-lifecycle")
	l.p.Eventually("the first run ends", func() bool { return l.p.Metric("drift_last_run_success") == "1" })
	return l
}

const lifecycleMachines = `
  - {name: here, transport: local, packs: [base, extra], labels: {team: web}}
  - {name: gone, transport: local, packs: [base]}
`

func (l *lifecycle) configure(machines string, alertmanagers ...*testalertmanager.Server) {
	l.t.Helper()
	var urls []string
	for _, am := range alertmanagers {
		urls = append(urls, fmt.Sprintf("{url: %q}", am.URL))
	}
	l.write("config.yaml", fmt.Sprintf(
		"alerting: {alertmanagers: [%s], resend_delay: 1s, external_labels: {team: ops, site: lab}}\nmachines:%s",
		strings.Join(urls, ", "), machines))
}

// reload is SIGHUP, as an init system sends it; it waits until the new configuration is in use.
func (l *lifecycle) reload() {
	l.t.Helper()
	loaded := func() int { return strings.Count(l.p.Log(), "configuration loaded") }
	before := loaded()
	l.p.Signal(syscall.SIGHUP)
	l.p.Eventually("the configuration is loaded", func() bool { return loaded() > before })
}

// firing is what an Alertmanager has, as "machine/pack".
func firing(am *testalertmanager.Server) []string {
	pairs := []string{}
	for _, a := range am.Alerts() {
		pairs = append(pairs, a.Labels["machine"]+"/"+a.Labels["pack"])
	}
	return pairs
}

func (l *lifecycle) waitForFiring(am *testalertmanager.Server, pairs ...string) {
	l.t.Helper()
	l.p.Eventually(fmt.Sprintf("firing is %v", pairs), func() bool { return assert.ObjectsAreEqual(len(pairs), len(firing(am))) })
	assert.ElementsMatch(l.t, pairs, firing(am))
}

// waitForResolve waits until the Alertmanager has told of a resolve with that reason.
func (l *lifecycle) waitForResolve(machine, pack, reason string) {
	l.t.Helper()
	l.p.Eventually(machine+"/"+pack+" is resolved: "+reason, func() bool {
		for _, body := range l.told.Bodies() {
			text := string(body)
			if strings.Contains(text, `"resolved_reason":"`+reason+`"`) && strings.Contains(text, `"machine":"`+machine+`"`) &&
				strings.Contains(text, `"pack":"`+pack+`"`) {
				return true
			}
		}
		return false
	})
}

func TestConfigurationThatChangesWhileAlertsFire(t *testing.T) {
	l := startLifecycle(t)
	l.write("motd", "drifted\n")
	l.p.CheckNow()
	l.waitForFiring(l.am, "here/base", "here/extra", "gone/base")
	for _, a := range l.am.Alerts() {
		want := map[string]string{"here": "web", "gone": "ops"}[a.Labels["machine"]]
		assert.Equal(t, want, a.Labels["team"], "external labels fill only what is missing")
		assert.Equal(t, "lab", a.Labels["site"])
	}
	l.p.Eventually("they are notified of", func() bool { return len(l.told.Bodies()) >= 3 })

	// A pack is taken from a machine.
	l.configure(strings.Replace(lifecycleMachines, "[base, extra]", "[base]", 1), l.am)
	l.reload()
	l.waitForFiring(l.am, "here/base", "gone/base")
	l.waitForResolve("here", "extra", "removed")
	assert.NotContains(t, l.p.Get("/metrics"), `pack="extra"`)

	// A machine is switched off, and on again: a first verdict, at once, which never alerts.
	l.configure(strings.Replace(lifecycleMachines, "here,", "here, drift_detection_enabled: false,", 1), l.am)
	l.reload()
	l.waitForFiring(l.am, "gone/base")
	l.waitForResolve("here", "base", "disabled")
	assert.NotContains(t, l.p.Get("/metrics"), `machine="here"`)
	l.configure(lifecycleMachines, l.am)
	l.reload()
	l.p.Eventually("it is checked at once", func() bool {
		return l.p.Metric(`drift_compliant{machine="here",pack="base"}`) == "0" &&
			l.p.Metric(`drift_compliant{machine="here",pack="extra"}`) == "0"
	})
	assert.Equal(t, "0", l.p.Metric(`drift_alert_firing{machine="here",pack="base"}`))
	l.waitForFiring(l.am, "gone/base")

	// Another Alertmanager is told of what fires, and the first one still is.
	l.configure(lifecycleMachines, l.am, l.second)
	l.reload()
	l.waitForFiring(l.second, "gone/base")
	l.waitForFiring(l.am, "gone/base")

	// A machine leaves while nobody is looking.
	l.p.Terminate()
	l.configure(strings.Replace(lifecycleMachines, "  - {name: gone, transport: local, packs: [base]}\n", "", 1), l.am, l.second)
	l.p.Launch()
	l.waitForFiring(l.am)
	l.waitForFiring(l.second)
	l.waitForResolve("gone", "base", "removed")
	assert.NotContains(t, l.p.Get("/metrics"), `machine="gone"`)
	status, _ := l.p.TryGet("/api/v1/machines/gone")
	assert.Equal(t, http.StatusNotFound, status)
	l.p.Terminate()
}

func TestAScheduledRunHappens(t *testing.T) {
	t.Parallel() // it waits for the minute to end
	w := newWorkspace(t)
	w.write("config.yaml", "schedule: {cron: \"* * * * *\"}\nmachines: [{name: here, transport: local, packs: [base]}]\n")
	p := startServe(t, w.path("config.yaml"), w.path("data"))
	scheduled := func() bool { return strings.Contains(p.Get("/api/v1/runs"), `"trigger":"schedule","phase":"done"`) }
	for range 2 { // patience is a minute, and so is the longest wait
		if testprocess.WaitFor(scheduled) {
			break
		}
	}
	assert.True(t, scheduled(), p.Log())
	p.Terminate()
}
