package exporter

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const linkText = "Show in Alertmanager"

func TestDiffViewLinksToTheAlert(t *testing.T) {
	r := newRig(t, nil)
	got := r.open(t, "/machines/web1/packs/base", 200).links(linkText)
	require.Equal(t, []string{alertmanagerUI + "%7Balertname%3D%22config_drift%22%2C%20machine%3D%22web1%22%2C%20pack%3D%22base%22%7D"}, got)
	_, filter, _ := strings.Cut(got[0], "filter=")
	decoded, err := url.PathUnescape(filter) // as browsers decode it: a + would stay one
	require.NoError(t, err)
	assert.Equal(t, `{alertname="config_drift", machine="web1", pack="base"}`, decoded)
}

func TestLinkToTheAlertIsThereAsLongAsTheAlert(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*state.Record)
		links  int
	}{
		"it never fired":        {func(r *state.Record) { r.Alert = nil }, 0},
		"it fires":              {func(*state.Record) {}, 1},
		"it has just ended":     {func(r *state.Record) { r.Alert.ResolvedAt = at(9, 50, 0, 0) }, 1},
		"it ended a while ago":  {func(r *state.Record) { r.Alert.ResolvedAt = at(9, 40, 0, 0) }, 0},
		"it ends in the future": {func(r *state.Record) { r.Alert.ResolvedAt = at(10, 1, 0, 0) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			record := driftedRecord()
			tc.change(record)
			r.put(record)
			assert.Len(t, r.open(t, "/machines/web1/packs/base", 200).links(linkText), tc.links)
		})
	}
}

func TestLinksToSeveralAlertmanagersAreNamed(t *testing.T) {
	r := newRig(t, nil)
	r.fleet.Config.Alerting.Alertmanagers = append(r.fleet.Config.Alerting.Alertmanagers, r.fleet.Config.Alerting.Alertmanagers[0], config.Alertmanager{})
	d := r.open(t, "/machines/web1/packs/base", 200)
	assert.Empty(t, d.links(linkText))
	assert.Len(t, d.links("alerts.example.org"), 2, "one without an address has no link")
	r.fleet.Config.Alerting.Alertmanagers = nil
	assert.NotContains(t, r.open(t, "/machines/web1/packs/base", 200).text, linkText)
}

func TestLinkToTheAlertNeverHasUserinfo(t *testing.T) {
	base := &url.URL{Scheme: "http", Host: "am:9093", User: url.UserPassword("me", "s3cret")}
	link := alertURL(base, state.Key{Machine: "a&b=c#d", Pack: `p"q`})
	assert.True(t, strings.HasPrefix(link, "http://am:9093/#/alerts?filter=%7B"), link)
	_, rest, _ := strings.Cut(link, "filter=")
	assert.NotContains(t, rest, "&")
	assert.NotContains(t, rest, "=")
	assert.NotContains(t, rest, "#")
	assert.NotNil(t, base.User, "the configuration's own stays")
}

func TestCheckNowOfAPair(t *testing.T) {
	const page = "/machines/web1/packs/base"
	on := func(_ *rig, o *Options) { o.EnableLifecycle = true }
	button := func(r *rig) string {
		d := r.open(t, page, 200)
		return strings.Join(append(d.all("faint")[:1], d.tags("button")...), " ")
	}
	t.Run("checks its machine and leads back, as the page was shown", func(t *testing.T) {
		r := newRig(t, on)
		assert.Contains(t, button(r), "Check now")
		res := r.do(http.MethodPost, page, "")
		assert.Equal(t, http.StatusSeeOther, res.StatusCode)
		assert.Equal(t, page, res.Header.Get("Location"))
		assert.Equal(t, page+"?view=split", r.do(http.MethodPost, page+"?view=split", "").Header.Get("Location"))
		assert.Equal(t, [][]string{{"web1"}, {"web1"}}, r.runs.started)
	})
	t.Run("is there only with the lifecycle", func(t *testing.T) {
		r := newRig(t, nil)
		assert.NotContains(t, button(r), "Check now")
		assert.Equal(t, http.StatusForbidden, r.do(http.MethodPost, page, "").StatusCode)
		assert.Empty(t, r.runs.started)
	})
	t.Run("is refused to other sites", func(t *testing.T) {
		r := newRig(t, on)
		assert.Equal(t, http.StatusForbidden, r.do(http.MethodPost, page, "", "Sec-Fetch-Site", "cross-site").StatusCode)
		assert.Empty(t, r.runs.started)
	})
	t.Run("is refused for what is not there", func(t *testing.T) {
		r := newRig(t, on)
		for _, path := range []string{"/machines/web1/packs/nope", "/machines/nope/packs/base", "/machines/off1/packs/base"} {
			assert.Equal(t, http.StatusNotFound, r.do(http.MethodPost, path, "").StatusCode, path)
		}
		assert.Empty(t, r.runs.started)
	})
	t.Run("waits for a run that would refuse another", func(t *testing.T) {
		r := newRig(t, on)
		disabled := func() bool {
			_, body := r.get(t, page)
			require.Equal(t, strings.Contains(body, `id="busy"`), strings.Contains(body, "<button disabled"))
			return strings.Contains(body, "<button disabled")
		}
		assert.False(t, disabled())
		r.runs.current = &state.Run{ID: "2026-01-29T10:00:00Z", Phase: state.RunRunning, StartedAt: at(10, 0, 0, 0), Total: 4, Checked: 3}
		assert.True(t, disabled())
		r.runs.current.Machines = []string{"db1"}
		assert.True(t, disabled(), "the run is of others")
		r.runs.current.Retrying = 1
		assert.False(t, disabled(), "it only waits for retries")
	})
}
