package exporter

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestMissingPagesHelp(t *testing.T) {
	r := newRig(t, nil)
	for path, want := range map[string]string{
		"/machines/web":             "/?q=web",
		"/machines/web9/packs/base": "/?q=web9",
		"/machines/web1/packs/webb": "/machines/web1",
		"/nothing":                  "/",
	} {
		d := r.open(t, path, 404)
		assert.Contains(t, d.links(""), want, path)
		assert.Contains(t, d.links("All machines"), "/")
	}
	assert.Contains(t, r.open(t, "/machines/web1/packs/old", 404).text, "It was taken out of the configuration (seen 2026-01-29 07:00:00 UTC)")
	assert.Contains(t, r.open(t, "/machines/gone1/packs/base", 404).text, "its alert, if there was one, is resolved")
	long := r.open(t, "/machines/"+strings.Repeat("x", 5000), 404)
	assert.Less(t, len(long.text), 2000)
}

func TestRelativeTimes(t *testing.T) {
	now := at(10, 0, 0, 0)
	for d, want := range map[time.Duration]string{
		0:                         "a moment ago",
		-time.Second:              "1 second ago",
		-59 * time.Second:         "59 seconds ago",
		-90 * time.Minute:         "1 hour ago",
		-49 * time.Hour:           "2 days ago",
		20 * time.Hour:            "in 20 hours",
		-1 * 400 * 24 * time.Hour: "400 days ago",
	} {
		assert.Equal(t, want, relative(now.Add(d), now), fmt.Sprint(d))
	}
	require.Equal(t, "2026-01-29 10:00:00 UTC", when(now.In(time.FixedZone("x", 3600))))
}

func TestPagesSayWhatHoldsForAllOfThem(t *testing.T) {
	t.Run("which part of the site it is", func(t *testing.T) {
		r := newRig(t, nil)
		for path, want := range map[string]string{"/": "page", "/machines/web1": "true", "/machines/web1/packs/base": "true"} {
			_, body := r.get(t, path)
			assert.Contains(t, body, `<a href="/" aria-current="`+want+`">Fleet</a>`, path)
		}
	})
	t.Run("that a reload was refused, until one succeeds", func(t *testing.T) {
		refused := at(9, 30, 0, 0)
		r := newRig(t, func(_ *rig, o *Options) { o.ReloadRefused = func() time.Time { return refused } })
		assert.Contains(t, r.open(t, "/machines/web1", 200).text, "last reloaded 30 minutes ago and refused: the one before is still in use")
		refused = time.Time{}
		assert.NotContains(t, r.open(t, "/", 200).text, "refused:")
	})
}

func TestPagesFollowOnlyARunThatMayChangeThem(t *testing.T) {
	for name, tc := range map[string]struct {
		machines []string
		follow   []string
		leave    []string
	}{
		"of all machines": {nil, []string{"/", "/machines/web1", "/machines/web1/packs/base"}, []string{"/machines/off1", "/machines/nopacks1", "/machines/none", "/?status=none"}},
		"of one machine":  {[]string{"db1"}, []string{"/", "/machines/db1"}, []string{"/machines/web1", "/machines/web1/packs/base"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.runs.current = &state.Run{ID: "x", Phase: state.RunRunning, StartedAt: at(9, 59, 0, 0), Machines: tc.machines, Total: 4, Checked: 2, Failed: 1}
			for _, path := range tc.follow {
				_, body := r.get(t, path+"?q=a%22b")
				assert.Contains(t, body, `<html lang="en" data-poll="2">`, path)
				assert.Contains(t, body, `<progress aria-label="Machines done" value="3" max="4">`, path)
				assert.Contains(t, r.open(t, path, 200).text, "3 of 4 machines done, 1 of them not fully")
				assert.Contains(t, body, `<a class="refresh" href="?q=a%22b">`, path)
			}
			for _, path := range tc.leave {
				_, body := r.get(t, path)
				assert.NotContains(t, body, "data-poll", path)
				assert.NotContains(t, body, "<progress", path)
			}
		})
	}
	t.Run("no run", func(t *testing.T) {
		_, body := newRig(t, nil).get(t, "/")
		assert.NotContains(t, body, "data-poll")
	})
}

func TestErrorPagesSayWhatToDo(t *testing.T) {
	r := newRig(t, lifecycle)
	for name, tc := range map[string]struct {
		res  *http.Response
		want []string
	}{
		"no such page":      {r.do("GET", "/nothing", ""), []string{"404", "There is no page /nothing.", `name="q"`, "All machines"}},
		"a wrong method":    {r.do("PUT", "/machines/web1", ""), []string{"405", "method PUT is not allowed here: GET, HEAD, POST"}},
		"another site":      {r.do("POST", "/machines/web1", "", "Sec-Fetch-Site", "cross-site"), []string{"403", "--web.external-url"}},
		"a bad filter":      {r.do("GET", "/?sort=x", ""), []string{"400", "sort &#34;x&#34; must be one of"}},
		"the button is off": {newRig(t, nil).do("POST", "/", ""), []string{"403", "--web.enable-lifecycle"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, tc.res.Header.Get("Content-Type"), "text/html")
			body := bodyOf(t, tc.res)
			for _, want := range append(tc.want, `<nav aria-label="Site">`) {
				assert.Contains(t, body, want)
			}
		})
	}
	t.Run("a run is on", func(t *testing.T) {
		r.runs.err = ErrBusy
		body := bodyOf(t, r.do("POST", "/", ""))
		assert.Contains(t, body, "Try again when it has ended")
		assert.Contains(t, body, "a run is in progress", "one that is over by now, so that the rest is not known")
	})
	t.Run("our own fault", func(t *testing.T) {
		r.runs.err = errors.New("boom")
		assert.Contains(t, bodyOf(t, r.do("POST", "/", "")), "The log of drift_exporter says more")
	})
}
