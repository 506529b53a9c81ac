package exporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func errDeadline() error { return context.DeadlineExceeded }

// retiring is a store in which every pair has just left the fleet.
type retiring struct{ *fakeState }

func (r retiring) Detail(ctx context.Context, k state.Key) (*state.Record, error) {
	full, err := r.fakeState.Detail(ctx, k)
	if err != nil {
		return nil, err
	}
	retired := *full
	retired.Retired = at(9, 0, 0, 0)
	return &retired, nil
}

func lifecycle(_ *rig, o *Options) { o.EnableLifecycle = true }

func TestStartRunBody(t *testing.T) {
	for name, tc := range map[string]struct {
		body   string
		status int
		want   []string
	}{
		"no body is all":             {"", 202, nil},
		"blanks are all":             {" \n", 202, nil},
		"an empty object is all":     {"{}", 202, nil},
		"an empty list is all":       {`{"machines":[]}`, 202, []string{}},
		"some machines":              {`{"machines":["web1","db1"]}`, 202, []string{"web1", "db1"}},
		"an unknown field":           {`{"machine":["web1"]}`, 400, nil},
		"no list":                    {`{"machines":"web1"}`, 400, nil},
		"numbers":                    {`{"machines":[1]}`, 400, nil},
		"null":                       {"null", 400, nil},
		"a bare list":                {`["web1"]`, 400, nil},
		"something after the object": {`{"machines":["web1"]} {}`, 400, nil},
		"a form":                     {"machines=web1", 400, nil},
		"cut off":                    {`{"machines":["web1"`, 400, nil},
		"too large":                  {`{"machines":["` + strings.Repeat("x", maxRunBody) + `"]}`, 413, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, lifecycle)
			res := r.do("POST", "/api/v1/runs", tc.body)
			body := bodyOf(t, res)
			require.Equal(t, tc.status, res.StatusCode, body)
			if tc.status == 202 {
				assert.JSONEq(t, `{"status":"success","data":{"id":"2026-01-29T10:30:00.25Z"}}`, body)
				assert.Equal(t, [][]string{tc.want}, r.runs.started)
				return
			}
			assert.Contains(t, body, `"errorType":"bad_data"`)
			assert.Empty(t, r.runs.started)
		})
	}
}

func TestStartRunRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		status int
		typ    errorType
	}{
		"a run is in progress":   {fmt.Errorf("starting: %w", ErrBusy), 409, errConflict},
		"a machine is not known": {fmt.Errorf("web9: %w", ErrUnknownMachine), 400, errBadData},
		"the state is cut off":   {ErrUnavailable, 503, errUnavailable},
		"anything else":          {errors.New("boom"), 500, errInternal},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			r := newRig(t, func(r *rig, o *Options) {
				lifecycle(r, o)
				o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			})
			r.runs.err = tc.err
			res := r.do("POST", "/api/v1/runs", "")
			assert.Equal(t, tc.status == 500, strings.Contains(log.String(), "level=ERROR"), "only faults are errors: %s", &log)
			assert.Equal(t, tc.status, res.StatusCode)
			assert.JSONEq(t, fmt.Sprintf(`{"status":"error","errorType":%q,"error":%q}`, tc.typ, tc.err), bodyOf(t, res))

			res = r.do("POST", "/machines/web1", "")
			assert.Equal(t, tc.status, res.StatusCode, "the button tells as much")
			assert.Contains(t, res.Header.Get("Content-Type"), "text/html")
		})
	}
}

func TestARunIsNotLeftHalfStartedByAClientThatHangsUp(t *testing.T) {
	r := newRig(t, lifecycle)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, httptest.NewRequestWithContext(gone, "POST", "/api/v1/runs", nil))
	assert.Equal(t, 202, w.Code)
	assert.Len(t, r.runs.started, 1)
}

func TestRunsAreStartedOnlyWithTheLifecycleEnabled(t *testing.T) {
	r := newRig(t, nil)
	for path, contentType := range map[string]string{"/api/v1/runs": "application/json", "/": "text/html", "/machines/web1": "text/html"} {
		res := r.do("POST", path, "")
		assert.Equal(t, 403, res.StatusCode, path)
		assert.Contains(t, res.Header.Get("Content-Type"), contentType)
		assert.Contains(t, bodyOf(t, res), "--web.enable-lifecycle")
	}
	assert.Empty(t, r.runs.started)
	_, page := r.get(t, "/")
	assert.NotContains(t, page, `method="post"`)
}

func TestTheButtonStartsARunAndComesBack(t *testing.T) {
	r := newRig(t, func(_ *rig, o *Options) {
		o.EnableLifecycle, o.ExternalURL = true, mustURL(t, "https://ops.example.org/drift")
	})
	_, page := r.get(t, "/drift/machines/web1")
	require.Contains(t, page, `<form id="check" method="post" action="/drift/machines/web1" data-live><button>`)
	res := r.do("POST", "/drift/machines/web1", "", "Origin", "https://ops.example.org")
	assert.Equal(t, 303, res.StatusCode)
	assert.Equal(t, "/drift/machines/web1", res.Header.Get("Location"))
	res = r.do("POST", "/drift/", "")
	assert.Equal(t, "/drift/", res.Header.Get("Location"))
	assert.Equal(t, [][]string{{"web1"}, nil}, r.runs.started)
	assert.Equal(t, 404, r.do("POST", "/drift/machines/none", "").StatusCode)

}

func FuzzRunRequest(f *testing.F) {
	f.Add(`{"machines":["web1"]}`)
	f.Add(`{"machines":null}`)
	f.Add("null")
	f.Add("{} {}")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, body string) {
		machines, err := readRunRequest(strings.NewReader(body))
		if err != nil {
			require.Less(t, asHTTP(err).status, 500, "the client's fault, never ours")
			require.Empty(t, machines)
			return
		}
		text := strings.TrimSpace(body)
		require.True(t, text == "" || text[0] == '{' && text[len(text)-1] == '}', "one object or nothing: %q", body)
	})
}

func FuzzListQuery(f *testing.F) {
	f.Add("status=drifted&pack=base&label=env=prod&limit=5&next_token=web1&q=x")
	f.Add("limit=-1")
	f.Add("sort=-since&next_token=web1/base")
	f.Add("q=%zz&label=")
	f.Fuzz(func(t *testing.T, raw string) {
		refused := func(err error) bool {
			if err != nil {
				require.Equal(t, 400, asHTTP(err).status)
			}
			return err != nil
		}
		v, err := onlyParams(raw, slices.Concat(filterParams, pagingParams, []string{"sort"}))
		if refused(err) {
			return
		}
		page, err := parsePaging(v)
		if !refused(err) {
			require.GreaterOrEqual(t, page.limit, 1)
			require.LessOrEqual(t, page.limit, maxLimit)
			_, err = page.instant()
			refused(err)
		}
		f, err := parseFilter(v)
		if !refused(err) {
			m := box("web1", "base")
			b := newBoard(newRoster(fleetOf(m)), 0, nil)
			e := &Exporter{opts: Options{View: newFakeState()}}
			_, want := e.matching(&m, f)
			total, _, _ := b.machinesAfter(f, paging{limit: 1})
			require.Equal(t, want, total == 1)
			by, reverse, err := parseOrder(v.Get("sort"))
			if !refused(err) {
				_, _, _, err = b.following(f, b.ordered(by, reverse), paging{1, v.Get("next_token")})
				refused(err)
			}
		}
	})
}

// deadlineRecorder is a connection that notes until when it may be read.
type deadlineRecorder struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (d *deadlineRecorder) SetReadDeadline(t time.Time) error { d.until = t; return nil }

func TestBodiesAreReadForAWhileOnly(t *testing.T) {
	for name, tc := range map[string]struct {
		method, path, body string
		bounded            bool
	}{
		"the body of a run":        {"POST", "/api/v1/runs", "{}", true},
		"a body that nobody reads": {"POST", "/machines/web1", "x", true},
		"no body":                  {"POST", "/api/v1/runs", "", false},
		"a page":                   {"GET", "/", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, lifecycle)
			w := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder()}
			before := time.Now()
			r.handler.ServeHTTP(w, httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body)))
			assert.Less(t, w.Code, 400)
			if !tc.bounded {
				assert.Zero(t, w.until)
				return
			}
			assert.False(t, w.until.Before(before.Add(bodyTimeout)))
			assert.False(t, w.until.After(time.Now().Add(bodyTimeout)))
		})
	}
}

func TestBodyThatDoesNotComeIsRefused(t *testing.T) {
	_, err := readRunRequest(io.MultiReader(strings.NewReader("{"), iotest.ErrReader(os.ErrDeadlineExceeded)))
	require.ErrorContains(t, err, "the body could not be read: i/o timeout")
	assert.Equal(t, 400, asHTTP(err).status)
}
