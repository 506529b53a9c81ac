package exporter

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestMachinePage(t *testing.T) {
	r := newRig(t, func(r *rig, _ *Options) { r.fleet.Config.Machines[5].FurtherAddresses = []string{"web1.example.org"} })
	d := r.open(t, "/machines/web1", 200)
	assert.Equal(t, []string{"Web 1 web1"}, d.tags("h1"))
	for name, want := range map[string]string{
		"how its packs stand at a glance":   "1 drifted 1 unknown 1 compliant",
		"what went wrong":                   "The last attempt, 3 hours ago , gave no verdict of web : not every item could be observed.",
		"the error":                         "unreadable : 1 item could not be observed",
		"what to do about it":               "The page of the pack says which, and why. Often only root may read them: that takes become: true.",
		"all addresses":                     "Addresses 10.0.0.5, web1.example.org ssh",
		"facts":                             "System Debian GNU/Linux 12 (bookworm) Architecture x86_64 Packages dpkg",
		"the last attempt":                  "Last attempt 2026-01-29 06:00:03 UTC (3 hours ago) , took 410ms",
		"the last checks, the newest first": "When Pack Outcome Mismatches 2026-01-29 06:00:03 UTC (3 hours ago) base drifted 3 2026-01-28 06:00:10 UTC (1 day ago) base unknown –",
	} {
		assert.Contains(t, d.text, want, name)
	}
	assert.Equal(t, []string{"/?label=env%3Dprod"}, d.links("env=prod"))
	assert.Equal(t, []string{"/?label=team%3Dshop"}, d.links("team=shop"))
	off := r.open(t, "/machines/off1", 200).text
	assert.Contains(t, off, "1 disabled Drift detection is disabled")
	assert.NotContains(t, off, "Last attempt", "it may well have been checked before")
	assert.Contains(t, r.open(t, "/machines/nopacks1", 200).text, "carries no packs")
	assert.Contains(t, r.open(t, "/machines/new1", 200).text, "Last attempt none yet")
	assert.Contains(t, r.open(t, "/machines/db1", 200).text, "connection refused")
}

func TestAMachineThatFailedAsAWholeSaysSo(t *testing.T) {
	r := newRig(t, nil)
	r.machines["new1"] = &state.Machine{Name: "new1", At: at(9, 0, 0, 0), Failure: &state.Failure{Reason: state.ReasonHostKey, Message: "the key has changed"}}
	d := r.open(t, "/machines/new1", 200)
	assert.Contains(t, d.text, "did not judge every pack: its host key is not known, or not the one that it had. host key : the key has changed")
}

func TestEveryReasonHasAHint(t *testing.T) {
	for _, reason := range []state.Reason{
		state.ReasonConnect, state.ReasonAuth, state.ReasonHostKey, state.ReasonTimeout, state.ReasonProtocol, state.ReasonUnreadable,
		state.ReasonBecome, state.ReasonInternal,
	} {
		assert.NotEmpty(t, hintFor(reason).Do, reason)
	}
	assert.Equal(t, hint{What: "some thing"}, hintFor("some_thing"))
}

func TestWaiversSayWhatTheyDo(t *testing.T) {
	waivers := []config.Waiver{
		{Pack: "base", Kind: "file", Item: "/etc/motd", Reason: "banner under review"},
		{Pack: "base", Kind: "package", Item: "telnet", Reason: "tests", Expires: at(23, 0, 0, 0)},
		{Pack: "base", Kind: "file", Item: "/etc/issue", Reason: "moved", Expires: at(9, 0, 0, 0)},
		{Pack: "web", Kind: "file", Item: "/srv", Reason: "later"},
	}
	waived := func(r *rig) []string {
		var rows []string
		for _, row := range r.open(t, "/machines/web1", 200).rows() {
			if strings.Contains(row, " never ") || strings.Contains(row, " 23:00:00 ") || strings.Contains(row, " 09:00:00 ") {
				rows = append(rows, row)
			}
		}
		return rows
	}
	r := newRig(t, func(r *rig, _ *Options) { r.fleet.Config.Machines[5].Waivers = waivers })
	assert.Equal(t, []string{
		"base file /etc/motd banner under review never excuses 1 mismatch",
		"base package telnet tests 2026-01-29 23:00:00 UTC (in 13 hours) nothing: no such mismatch",
		"base file /etc/issue moved 2026-01-29 09:00:00 UTC (1 hour ago) expired",
		"web file /srv later never nothing: no such mismatch",
	}, waived(r))

	t.Run("and what is not known is not said", func(t *testing.T) {
		r.err = errors.New("the store is gone")
		assert.Contains(t, waived(r)[0], "not known yet")
		assert.Contains(t, waived(r)[3], "nothing", "of a verdict without any waived it needs no store")
		r.err = nil
		cut := driftedRecord()
		cut.Detail.Cut = true
		r.put(cut)
		assert.Contains(t, waived(r)[0], "excuses 1 mismatch")
		assert.Contains(t, waived(r)[1], "not known yet")
	})
}

func TestAMachineThatIsBeingCheckedSaysSo(t *testing.T) {
	r := newRig(t, nil)
	r.runs.current = &state.Run{ID: "2026-01-29T09:59:00Z", Phase: state.RunRunning, StartedAt: at(9, 59, 0, 0), Total: 4}
	assert.Contains(t, r.open(t, "/machines/web1", 200).text, "being checked now")
	r.machines["web1"].Run = r.runs.current.ID
	assert.NotContains(t, r.open(t, "/machines/web1", 200).text, "being checked now")
	r.machines["web1"].Run, r.runs.current.Checked, r.runs.current.Retrying = lastRunID, 3, 1
	d := r.open(t, "/machines/web1", 200)
	assert.NotContains(t, d.text, "being checked now")
	assert.Equal(t, "to be tried again", strings.TrimSpace(d.all("glance")[0])[len("1 drifted 1 unknown 1 compliant "):])
}

func TestALocalMachineHasNoAddressOfItsOwn(t *testing.T) {
	r := newRig(t, nil)
	assert.Contains(t, r.open(t, "/machines/back1", 200).text, "Address local without SSH, where drift_exporter runs")
	assert.Contains(t, r.open(t, "/machines/back1/packs/base", 200).text, "back1 local ·")
	r.fleet.Config.Machines[0].Address = "10.0.0.9"
	assert.Contains(t, r.open(t, "/machines/back1", 200).text, "Address 10.0.0.9 without SSH", "one that it was given")
	assert.Contains(t, r.open(t, "/machines/db1", 200).text, "Address db1 ssh")
}
