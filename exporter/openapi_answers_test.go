package exporter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Every answer is as described, every kind of answer that is described is given, and so is every field.
func TestAnswersAreAsDescribed(t *testing.T) {
	c := newContract(t)
	r := newRig(t, everything)
	for _, target := range []string{
		"/openapi.yaml", "/fleet", "/labels", "/labels?limit=1", "/label/env/values", "/label/env/values?limit=1", "/label/none/values",
		"/pairs", "/pairs?limit=1&sort=-since&q=1&pack=base&label=env=prod", "/pairs?limit=1", "/pairs?q=nobody", "/pairs?next_token=web1/base&sort=machine",
		"/machines", "/machines?q=web1&pack=web&label=env=prod&limit=5&next_token=a", "/machines?limit=1", "/machines?q=nobody",
		"/machines/web1", "/machines/db1", "/machines/new1", "/machines/off1", "/machines/nopacks1", "/machines/back1",
		"/machines/web1/packs/base", "/machines/web1/packs/web", "/machines/new1/packs/base", "/machines/db1/packs/base",
		"/machines/web1/packs/base/history", "/machines/web1/packs/base/history?limit=1", "/machines/new1/packs/base/history",
		"/machines/web1/packs/base/history?from=2026-01-25T00:00:00Z&to=2026-01-29T06:00:03.12Z",
		"/machines/back1/packs/base/history?to=2026-01-29T06:00:00Z&limit=1",
		"/packs", "/packs?limit=1", "/packs/base", "/packs/web", "/packs/web?limit=1", "/runs", "/runs?limit=1", "/runs/" + lastRunID, "/runs/" + everythingRun,
	} {
		c.ask(t, r, request{"GET", apiBase + target, "", nil, 200})
		head := r.do(http.MethodHead, apiBase+target, "")
		assert.Equal(t, 200, head.StatusCode, "HEAD %s", target)
	}
	for _, s := range standings() {
		c.ask(t, r, request{"GET", apiBase + "/machines?status=" + string(s), "", nil, 200})
		c.ask(t, r, request{"GET", apiBase + "/pairs?status=" + string(s), "", nil, 200})
	}
	for _, operation := range []string{
		"/fleet", "/labels", "/label/env/values", "/pairs", "/machines", "/machines/web1", "/machines/web1/packs/base", "/machines/web1/packs/base/history", "/packs", "/packs/base", "/runs", "/runs/" + lastRunID,
	} {
		c.ask(t, r, request{"GET", apiBase + operation + "?limit=%zz", "", nil, 400})
	}
	c.ask(t, r, request{"GET", "/api/v1/machines?limit=0", "", nil, 400})
	for _, target := range []string{"/packs/none", "/machines/none", "/machines/web1/packs/none", "/machines/off1/packs/base",
		"/machines/new1/packs/base/history?from=2026-01-29T06:00:00Z", "/machines/web1/packs/base/history?to=2020-01-01T00:00:00Z", "/machines/off1/packs/base/history", "/runs/2020-01-01T00:00:00Z"} {
		c.ask(t, r, request{"GET", apiBase + target, "", nil, 404})
	}
	c.askOperations(t)
	c.askForRuns(t)
	c.askABrokenStore(t)
	assert.Empty(t, c.unmet())
	for name, response := range c.doc.Components.Responses {
		if media := response.Value.Content["application/json"]; media != nil && name != "MethodNotAllowed" {
			example, err := json.Marshal(media.Example)
			require.NoError(t, err)
			assert.True(t, c.answered(string(example)), "nobody was answered the example of %s", name)
		}
	}
}

// answered tells whether some request was answered so.
func (c *contract) answered(body string) bool {
	for _, answers := range c.answers {
		for _, got := range answers {
			if assert.ObjectsAreEqual(fields(body), fields(got)) {
				return true
			}
		}
	}
	return false
}

// fields is JSON in a form that can be compared; nil for what is none.
func fields(body string) (v any) {
	_ = json.Unmarshal([]byte(body), &v)
	return v
}

// everythingRun is a run that has all that a run can have.
const everythingRun = "2026-01-29T05:00:00.5Z"

// everything makes the fixture say all that there is to say.
func everything(r *rig, o *Options) {
	o.EnableLifecycle = true
	web1 := &r.fleet.Config.Machines[len(r.fleet.Config.Machines)-1]
	web1.Site, web1.FurtherAddresses = "dc1", []string{"web1.example.org"}
	r.fleet.Config.Machines[1].Labels = map[string]string{"env": "test"}
	web1.Waivers = []config.Waiver{{Pack: "base", Kind: "file", Item: "/etc/motd", Reason: "banner under review", Expires: at(0, 0, 0, 0)},
		{Pack: "base", Kind: "package", Item: "nano", Reason: "habit"}}
	refused := at(9, 0, 0, 0)
	o.ReloadRefused = func() time.Time { return refused }
	r.machines["web1"].Facts = state.Facts{OS: "debian", Version: "12", Name: "Debian GNU/Linux 12", Kernel: "6.1.0", Arch: "x86_64",
		Hostname: "web1", PackageManager: "dpkg", Init: "systemd", User: "drift", Home: "/home/drift"}
	full := driftedRecord()
	full.Detail.Cut = true
	full.Detail.Mismatches[0].Of = "/etc/ssh/*"
	resolved := &state.Record{Key: state.Key{Machine: "back1", Pack: "base"},
		Verdict: &state.Verdict{Status: state.Compliant, At: at(7, 0, 0, 0), Since: at(7, 0, 0, 0), Run: lastRunID},
		Attempt: state.Attempt{Status: state.Compliant, At: at(7, 0, 0, 0), Run: lastRunID},
		Alert:   &state.Alert{StartsAt: at(6, 0, 0, 0), ResolvedAt: at(7, 0, 0, 0)}}
	r.put(full, resolved)
	r.history[resolved.Key] = compoundHistory()
	r.runs.current = &state.Run{ID: "2026-01-29T09:59:00Z", Trigger: state.TriggerNew, Phase: state.RunRunning, StartedAt: at(9, 59, 0, 0), Total: 4, Checked: 1, Retrying: 1,
		SpreadFrom: at(9, 59, 0, 0), SpreadUntil: at(11, 59, 0, 0), ToCome: 1}
	r.fakeState.runs = append(r.fakeState.runs, state.Run{ID: everythingRun, Trigger: state.TriggerAPI, Phase: state.RunFailed, Machines: []string{"web1"},
		StartedAt: at(5, 0, 0, 500), EndedAt: at(5, 0, 1, 0), Total: 1, NotTried: 1, Error: "the queue is gone"})
}

// compoundHistory is a history in which something appeared, went, changed and stayed.
func compoundHistory() []state.Change {
	of := func(day int, mismatches ...state.Mismatch) state.Change {
		when := at(6, 0, 0, 0).AddDate(0, 0, day)
		return state.Change{Mismatches: mismatches,
			Verdict: state.Verdict{Status: state.Drifted, At: when, Since: when, Run: state.RunID(when), Items: 9, Mismatches: 4}}
	}
	file := func(item, actual string) state.Mismatch {
		return state.Mismatch{Type: "wrong_permissions", Kind: "file", Item: item, Expected: "0600", Actual: actual, Source: "packs/base.yaml:9"}
	}
	return []state.Change{
		of(0, file("/appeared", "0644"), file("/changed", "0666"), file("/stayed", "0644")),
		of(-1, file("/gone", "0644"), file("/changed", "0644"), file("/stayed", "0644")),
	}
}

// askOperations asks what is not the API's.
func (c *contract) askOperations(t *testing.T) {
	r := newRig(t, everything)
	for _, target := range []string{"/metrics", "/-/healthy", "/-/ready"} {
		c.ask(t, r, request{"GET", target, "", nil, 200})
	}
	r.down = true
	c.ask(t, r, request{"GET", "/-/ready", "", nil, 503})
	c.ask(t, r, request{"GET", "/api/v1/packs", "", nil, 200}) // with warnings
	c.ask(t, r, request{"POST", "/-/reload", "", nil, 403})
	var fail error
	r = newRig(t, func(_ *rig, o *Options) {
		o.EnableLifecycle, o.Reload = true, func(context.Context) error { return fail }
	})
	c.ask(t, r, request{"POST", "/-/reload", "", nil, 200})
	fail = errors.New("config.yaml:3: unknown field chedule")
	c.ask(t, r, request{"POST", "/-/reload", "", nil, 500})
}

func (c *contract) askForRuns(t *testing.T) {
	r := newRig(t, lifecycle)
	post := func(r *rig, body string, status int, header ...string) {
		t.Helper()
		c.ask(t, r, request{"POST", "/api/v1/runs", body, header, status})
	}
	post(r, "", 202)
	post(r, `{"machines":["web1"]}`, 202)
	post(r, `{"machines":[1]}`, 400)
	post(r, `{"machines":["`+strings.Repeat("x", maxRunBody)+`"]}`, 413)
	post(r, "", 403, "Sec-Fetch-Site", "cross-site")
	post(newRig(t, nil), "", 403)
	for status, err := range map[int]error{
		400: fmt.Errorf("%w: web9", ErrUnknownMachine), 409: fmt.Errorf("run %s is on: 12 of 100 machines done%w", lastRunID, silent{ErrBusy}),
		503: ErrUnavailable, 500: errors.New("no responders"),
	} {
		r.runs.err = err
		post(r, "", status)
	}
}

// silent is an error that adds nothing to the text of the one that wraps it.
type silent struct{ error }

func (s silent) Error() string { return "" }
func (s silent) Unwrap() error { return s.error }

func (c *contract) askABrokenStore(t *testing.T) {
	r := newRig(t, nil)
	for status, err := range map[int]error{500: errors.New("no responders"), 504: fmt.Errorf("reading: %w", errDeadline()), 503: state.ErrUnreachable} {
		r.err = err
		for _, target := range []string{"/machines/web1/packs/base", "/machines/web1/packs/base/history", "/runs", "/runs/" + lastRunID} {
			c.ask(t, r, request{"GET", apiBase + target, "", nil, status})
		}
	}
}

// What no operation can answer is in the envelope, too.
func TestAnswersOfNoOperationAreErrors(t *testing.T) {
	c, r := newContract(t), newRig(t, everything)
	for _, target := range []string{"/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/machines", "/api/v1/machines/", "/api/v1/machines/web1/packs"} {
		res, body := r.get(t, target)
		assert.Equal(t, 404, res.StatusCode, target)
		require.NoError(t, c.fits("NotFound", body), target)
	}
	for operation := range c.operations(apiBase) {
		_, path, _ := strings.Cut(operation, " ")
		res := r.do(http.MethodPatch, strings.NewReplacer("{", "", "}", "").Replace(path), "")
		assert.Equal(t, 405, res.StatusCode, path)
		assert.NotEmpty(t, res.Header.Get("Allow"))
		require.NoError(t, c.fits("MethodNotAllowed", bodyOf(t, res)), path)
	}
}

// fits holds an answer against a response of the components.
func (c *contract) fits(response, body string) error {
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return err
	}
	described := c.doc.Components.Responses[response].Value
	if err := described.Content["application/json"].Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		return err
	}
	return c.names(described, body)
}
