package alertmanager

import (
	"bytes"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

// generatorRules are what Prometheus' specification of alert generators (version 1.0, in prometheus/compliance) expects of
// whoever sends alerts, as far as it is not about rules, queries and series, which there are none of here. Each says it in
// words of our own, and where we differ on purpose, how. That requests are POSTs of JSON to /api/v2/alerts below the URL's
// prefix is in TestPostsGoToTheAPIBelowTheURL; that the real Alertmanager takes the first at once, updates and ends in
// TestTheRealAlertmanagerFiresUpdatesAndResolves.
var generatorRules = []struct {
	expects string
	differs string
	holds   func(t *testing.T, g *generator)
}{
	{
		expects: "an alert is sent when it first fires",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			posts := g.take("a")
			require.Len(t, posts, 1)
			assert.Equal(t, time.Now(), posts[0].at, "with no time in between")
			assert.True(t, g.firing(posts[0]))
		},
	},
	{
		expects: "while it fires it is sent again at a fixed interval, the resend delay",
		differs: "up to a quarter of the delay sooner, where that saves a request; there are no evaluations to wait for",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			g.pass(20 * time.Minute)
			posts := g.take("a")
			require.Len(t, posts, 21)
			for i := 1; i < len(posts); i++ {
				assert.Equal(t, time.Minute, posts[i].at.Sub(posts[i-1].at))
			}
		},
	},
	{
		expects: "endsAt of what fires is at least four resend delays ahead, and moves on",
		differs: "it is an hour after the next check, if that is later: a verdict is good until then; and it is reckoned from each sending, not from startsAt",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			g.pass(3 * time.Hour) // past the next run, which is in two hours
			posts := g.take("a")
			for i, p := range posts {
				ends := time.Time(p.alerts[0].EndsAt)
				assert.GreaterOrEqual(t, ends.Sub(p.at), 4*time.Minute)
				assert.False(t, ends.Before(g.nextRun.Add(time.Hour)))
				if i > 0 {
					assert.False(t, ends.Before(time.Time(posts[i-1].alerts[0].EndsAt)))
				}
			}
			assert.True(t, time.Time(posts[len(posts)-1].alerts[0].EndsAt).After(time.Time(posts[0].alerts[0].EndsAt)))
		},
	},
	{
		expects: "a resolved alert is sent at once, and again every resend delay for 15 minutes, with endsAt when it was resolved",
		differs: "the 15 minutes begin when the Alertmanager first accepts it, as one that is down is to hear of it as well",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			g.pass(10 * time.Minute)
			g.servers["a"].setDown(true)
			g.servers["a"].answers(cutOff)
			g.pass(time.Minute)
			g.take("a")
			g.take("b")
			g.repair()
			resolved := g.record.Alert.ResolvedAt
			g.pass(30 * time.Minute)
			g.take("a")
			g.servers["a"].setDown(false)
			g.servers["a"].answers(nil)
			g.pass(2 * time.Hour)
			for _, name := range []string{"a", "b"} {
				posts := g.take(name)
				require.Len(t, posts, 15, name)
				assert.Equal(t, 14*time.Minute, posts[14].at.Sub(posts[0].at), name)
				for _, p := range posts {
					assert.Equal(t, resolved, time.Time(p.alerts[0].EndsAt).UTC(), name)
				}
			}
		},
	},
	{
		expects: "a resolved alert is not sent any more once a new one with the same labels fires",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			first := g.record.Alert.StartsAt
			g.pass(time.Minute)
			g.repair()
			g.pass(3 * time.Minute)
			g.take("a")
			g.drift()
			g.pass(30 * time.Minute)
			for _, p := range g.take("a") {
				require.Len(t, p.alerts, 1)
				assert.True(t, g.firing(p))
				assert.True(t, time.Time(p.alerts[0].StartsAt).After(first), "it is a new alert")
			}
		},
	},
	{
		expects: "startsAt is when it began to fire, the same in everything that is sent of it, its end included",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			since := time.Now().UTC().Truncate(time.Millisecond)
			g.pass(5 * time.Minute)
			g.drift("/etc/b")
			g.pass(5 * time.Minute)
			g.repair()
			g.pass(5 * time.Minute)
			posts := g.take("a")
			require.Greater(t, len(posts), 10)
			for _, p := range posts {
				assert.Equal(t, since, time.Time(p.alerts[0].StartsAt).UTC())
			}
		},
	},
	{
		expects: "annotations that change are those that are sent from then on",
		differs: "they are sent at once, and not with the next repetition",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			g.pass(10 * time.Second)
			g.take("a")
			g.drift("/etc/b")
			posts := g.take("a")
			require.Len(t, posts, 1)
			assert.Equal(t, time.Now(), posts[0].at)
			assert.Equal(t, "2", posts[0].alerts[0].Annotations["mismatch_count"])
			g.pass(10 * time.Minute)
			for _, p := range g.take("a") {
				assert.Equal(t, "2", p.alerts[0].Annotations["mismatch_count"])
			}
		},
	},
	{
		expects: "labels identify an alert: no two that are sent have the same",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			g.params.Labels = map[string]string{"env": "test"} // the old set ends, another begins
			g.drift("/etc/b")
			g.params.Labels = map[string]string{"env": "prod"} // and back
			g.drift()
			g.pass(time.Minute)
			for _, p := range g.take("a") {
				seen := map[string]bool{}
				for _, a := range p.alerts {
					text, err := json.Marshal(a.Labels)
					require.NoError(t, err)
					require.False(t, seen[string(text)], "%s twice in one request", text)
					seen[string(text)] = true
				}
			}
		},
	},
	{
		expects: "there is an alertname, which no other label takes the place of, and no label without a value",
		holds: func(t *testing.T, g *generator) {
			g.params.Labels = map[string]string{"alertname": "mine", "empty": "", "env": "prod"}
			g.params.ExternalLabels = map[string]string{"alertname": "ours", "empty": "x", "void": ""}
			g.drift()
			posts := g.take("a")
			require.Len(t, posts, 1)
			assert.Equal(t, models.LabelSet{"alertname": "config_drift", "severity": "warning", "machine": "web1", "pack": "base",
				"env": "prod", "empty": "x"}, posts[0].alerts[0].Labels)
		},
	},
	{
		expects: "times are RFC 3339, with milliseconds",
		holds: func(t *testing.T, g *generator) {
			g.pass(123456789 * time.Nanosecond)
			g.drift()
			g.pass(time.Minute)
			g.repair()
			posts := g.take("a")
			require.Len(t, posts, 3)
			for _, p := range posts {
				var raw []map[string]any
				require.NoError(t, json.Unmarshal([]byte(p.body), &raw))
				for _, key := range []string{"startsAt", "endsAt"} {
					assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, raw[0][key])
				}
			}
		},
	},
	{
		expects: "generatorURL leads to what caused the alert: it is set, and absolute",
		differs: "it is the page that shows what differs, as there is no query",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			g.pass(time.Minute)
			g.repair()
			for _, p := range g.take("a") {
				u, err := url.Parse(p.alerts[0].GeneratorURL.String())
				require.NoError(t, err)
				assert.True(t, u.IsAbs() && u.Host != "", u)
				assert.Equal(t, p.alerts[0].Annotations["diff_url"], u.String())
			}
		},
	},
	{
		expects: "a request is a list of alerts, each as the schema of Alertmanager's API has it, and nothing else",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			g.drift("/etc/b")
			g.repair()
			posts := g.take("a")
			require.Len(t, posts, 3)
			for _, p := range posts {
				require.NoError(t, p.alerts.Validate(strfmt.Default), p.body)
				strict := json.NewDecoder(bytes.NewReader([]byte(p.body)))
				strict.DisallowUnknownFields()
				var alerts []struct {
					Labels, Annotations            map[string]string
					StartsAt, EndsAt, GeneratorURL string
				}
				require.NoError(t, strict.Decode(&alerts), p.body)
				assert.Len(t, alerts, 1)
			}
		},
	},
	{
		expects: "every Alertmanager that is configured is sent every alert",
		holds: func(t *testing.T, g *generator) {
			g.drift()
			g.pass(time.Minute)
			g.repair()
			a, b := g.take("a"), g.take("b")
			require.Len(t, a, 3)
			require.Len(t, b, 3)
			for i := range a {
				assert.Equal(t, a[i].body, b[i].body)
			}
		},
	},
	{
		expects: "only what fires and what was resolved is sent",
		holds: func(t *testing.T, g *generator) {
			g.pass(time.Hour)
			g.repair() // it complies still
			g.pass(time.Hour)
			assert.Empty(t, g.take("a"))
		},
	},
}

// generator is a pair that the real rules judge, whose alert goes to two Alertmanagers.
type generator struct {
	*world
	params rules.AlertParams
	record *state.Record
	runs   int
}

func (g *generator) judge(files ...string) {
	g.t.Helper()
	g.runs++
	now := time.Now()
	r := state.Result{Key: web1, Run: state.RunID(now.Add(time.Duration(g.runs) * time.Millisecond)), Status: state.Compliant, At: now, Items: 2}
	for _, file := range files {
		r.Status = state.Drifted
		r.Mismatches = append(r.Mismatches, state.Mismatch{Type: "missing_file", Kind: "file", Item: file})
	}
	g.params.ValidUntil = rules.ValidUntil(now, g.nextRun, time.Minute)
	next, ok := rules.Judge(g.record, r, g.params, now)
	require.True(g.t, ok)
	g.record = next
	g.store(web1, next)
	g.pass(0)
}

func (g *generator) drift(more ...string) {
	g.t.Helper()
	g.pass(time.Second) // so that it is not looked at already
	g.judge(append([]string{"/etc/a"}, more...)...)
}

func (g *generator) repair() { g.t.Helper(); g.pass(time.Second); g.judge() }

func (g *generator) take(name string) []post { return g.servers[name].take() }

func (g *generator) firing(p post) bool { return time.Time(p.alerts[0].EndsAt).After(p.at) }

func TestTheSenderKeepsToPrometheusRules(t *testing.T) {
	for _, rule := range generatorRules {
		t.Run(rule.expects, func(t *testing.T) {
			inWorld(t, []string{"a", "b"}, func(t *testing.T, w *world) {
				g := &generator{world: w, params: rules.AlertParams{DisplayName: "Web 1", DiffURL: "https://drift.example/machines/web1/packs/base"}}
				w.nextRun = time.Now().Add(2 * time.Hour)
				w.start()
				g.judge()
				rule.holds(t, g)
			})
		})
	}
}
