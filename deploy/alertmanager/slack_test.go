package alertmanager_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSlackHearsOfDriftAndItsEnd(t *testing.T) {
	w := start(t)
	base, web := newPair(t, "base"), newPair(t, "web")

	w.send(base.found(mode, curl))
	w.golden(1, "drifted")
	w.send(web.found(content))
	w.golden(2, "second_pack_drifted")
	w.send(base.found())
	w.golden(3, "one_pack_resolved")
	w.send(web.found())
	w.golden(4, "all_resolved")
}

func TestManyPacksAreListedShortly(t *testing.T) {
	w := start(t)
	for i := range 8 {
		w.send(newPair(t, fmt.Sprintf("pack%d", i+1)).found(mode, curl))
		w.message(i + 1)
	}
	w.golden(8, "many_packs")
}

func TestAMachineIsOneMessage(t *testing.T) {
	w := start(t)
	w.send(newPair(t, "base").found(mode))
	w.message(1)
	other := newPair(t, "base")
	other.key.Machine, other.params.DisplayName = "web2", "Web 2"
	w.send(other.found(mode))
	message := w.message(2)
	assert.Contains(t, message.Title, "Web 2")
	assert.NotContains(t, message.Text, "Web 1")
}

func TestTheSameDriftIsNotTwoWhenLabelsChange(t *testing.T) {
	w := start(t)
	base := newPair(t, "base")
	w.send(base.found(mode))
	w.message(1)
	base.params.Labels = map[string]string{"env": "prod"}
	rec := base.found(mode)
	require.Len(t, rec.Resolving, 1)
	ended, goesOn := posted(rec.Resolving[0], time.Time{}), posted(*rec.Alert, time.Now().Add(time.Hour))
	w.post(goesOn)
	w.message(2)
	w.post(ended)
	w.golden(3, "relabeled")
}

// An alert that nobody renewed has expired. Nothing was repaired, so nothing is good.
func TestWhatExpiresIsNotGood(t *testing.T) {
	w := start(t)
	rec := newPair(t, "base").found(mode)
	w.post(posted(*rec.Alert, time.Now().Add(2*time.Second)))
	w.message(1)
	w.golden(2, "expired")
}

// As rules/prometheus/pull_only.rules.yml makes it: Prometheus knows less.
func TestDriftThatPrometheusRaisesIsReadable(t *testing.T) {
	w := start(t)
	raised := operational("config_drift", "warning", "Configuration drift detected on web1", "2 items no longer compliant with base",
		models.LabelSet{"machine": "web1", "pack": "base"})
	raised.Annotations["machine_name"], raised.Annotations["mismatch_count"] = "web1", "2"
	raised.Annotations["diff_url"] = "https://drift.example.org/machines/web1/packs/base"
	w.post(raised)
	assert.Equal(t, "*base:* 2 mismatches\n<https://drift.example.org/machines/web1/packs/base|Show what differs>", w.message(1).Text)
	w.post(over(raised))
	assert.Equal(t, "Not heard of any more: Configuration drift detected on web1", w.message(2).Title)
}

func TestSlackHearsOfChecksThatDoNotWork(t *testing.T) {
	w := start(t)
	w.post(down(t))
	w.golden(1, "exporter_down")
	w.post(over(down(t)))
	w.golden(2, "exporter_up")
}

func TestSeverityIsTheColor(t *testing.T) {
	for severity, color := range map[string]string{"critical": "danger", "warning": "warning", "info": "#439FE0"} {
		t.Run(severity, func(t *testing.T) {
			w := start(t)
			w.post(operational("DriftSomething", severity, "Something", "Some text.", nil))
			assert.Equal(t, color, w.message(1).Color)
		})
	}
}

// A cut cable makes thousands of machines unreachable at once.
func TestThousandsOfMachinesAreOneReadableMessage(t *testing.T) {
	w := start(t)
	const machines = 3000
	unreachable := shippedRule(t, "DriftMachineUnreachable")
	alerts := make([]*models.PostableAlert, 0, machines)
	for i := range machines {
		name := fmt.Sprintf("web%04d", i)
		alerts = append(alerts, unreachable.raised(t, 2, models.LabelSet{"machine": name, "job": "drift_exporter"}))
	}
	w.post(alerts...)
	// Alertmanager need not have taken all of them in when it sends the first message.
	all := func() int {
		for i, message := range w.inbox.SlackMessages() {
			assert.LessOrEqual(t, len(message.Text), 2000)
			if strings.Contains(message.Title, ", and 2999 more") {
				return i
			}
		}
		return -1
	}
	require.Eventually(t, func() bool { return all() >= 0 }, time.Minute, 50*time.Millisecond)
	compare(t, w.inbox.Bodies()[all()], "many_machines_unreachable")
}

// What is to be done depends on it.
func TestPairsThatCannotBeCheckedAreNamedWithTheReason(t *testing.T) {
	w := start(t)
	failing := shippedRule(t, "DriftCheckFailing")
	w.post(failing.raised(t, 1, models.LabelSet{"machine": "db1", "pack": "base", "reason": "auth", "job": "drift_exporter"}))
	assert.NotContains(t, w.message(1).Text, "Firing", "the title names it")
	w.post(failing.raised(t, 1, models.LabelSet{"machine": "web1", "pack": "base", "reason": "host_key", "job": "drift_exporter"}))
	assert.Contains(t, w.message(2).Text, "*Firing (2):* db1/base (auth), web1/base (host_key)\n")
}

func TestOtherAlertsDoNotGoToSlack(t *testing.T) {
	w := start(t)
	w.post(operational("SomethingElse", "critical", "Something", "Else.", nil))
	w.send(newPair(t, "base").found(mode))
	w.message(1)
	require.Len(t, w.server.Alerts(), 2)
	for _, message := range w.inbox.SlackMessages() {
		assert.Contains(t, message.Title, "Configuration drift detected")
	}
}

// The route is by machine. Whoever groups by pack instead, as a fleet's packs change all at once, has messages that
// name the machines.
func TestGroupsOfSeveralMachinesNameThem(t *testing.T) {
	w := startChanged(t, "group_by: [alertname, machine]", "group_by: [alertname, pack]")
	first, second := newPair(t, "base"), newPair(t, "base")
	second.key.Machine, second.params.DisplayName = "web2", "Web 2"
	second.params.DiffURL = strings.Replace(second.params.DiffURL, "web1", "web2", 1)
	w.send(first.found(mode))
	w.message(1)
	w.send(second.found(mode))
	w.golden(2, "several_machines")
}
