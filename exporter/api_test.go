package exporter

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// machinesOf reads a page of machines as "name: pack pack".
func machinesOf(t testing.TB, r *rig, query string) (listed []string, total int, next string) {
	t.Helper()
	res, body := r.get(t, "/api/v1/machines?"+query)
	require.Equal(t, 200, res.StatusCode, body)
	var answer struct {
		Data machineList `json:"data"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	for _, m := range answer.Data.Machines {
		line := m.Machine + ":"
		for _, p := range m.Packs {
			line += " " + p.Pack
		}
		listed = append(listed, line)
	}
	return listed, answer.Data.Total, answer.Data.NextToken
}

func TestMachineFilters(t *testing.T) {
	r := newRig(t, nil)
	for name, tc := range map[string]struct {
		query string
		want  []string
	}{
		"nothing asked is everything": {"", []string{"back1: base", "db1: base", "new1: base", "nopacks1:", "off1: base", "web1: base web"}},
		"drifted":                     {"status=drifted", []string{"web1: base"}},
		"compliant by the last verdict, even if it is old": {"status=compliant", []string{"web1: web"}},
		"unknown is what the last attempt did not judge":   {"status=unknown", []string{"db1: base", "web1: web"}},
		"never, and back in the fleet":                     {"status=never", []string{"back1: base", "new1: base"}},
		"disabled":                                         {"status=disabled", []string{"off1: base"}},
		"a pack":                                           {"pack=web", []string{"web1: web"}},
		"a pack and a status that exclude each other":      {"pack=web&status=drifted", nil},
		"a label":                                     {"label=env=prod", []string{"web1: base web"}},
		"two labels, one of them not there":           {"label=env=prod&label=team=bank", nil},
		"text in a display name":                      {"q=wEb+1", []string{"web1: base web"}},
		"text in an address":                          {"q=10.0.", []string{"web1: base web"}},
		"text in a pack":                              {"q=ase&label=env=prod", []string{"web1: base"}},
		"text in a label":                             {"q=team=shop", []string{"web1: base web"}},
		"text in the name of a machine without packs": {"q=nopacks", []string{"nopacks1:"}},
		"an empty label, and one given again":         {"label=&label=env=prod" + strings.Repeat("&label=env=prod", maxLabels), []string{"web1: base web"}},
		"unknown parameters are ignored":              {"_=1&pack=web", []string{"web1: web"}},
	} {
		t.Run(name, func(t *testing.T) {
			listed, total, next := machinesOf(t, r, tc.query)
			assert.Equal(t, tc.want, listed)
			assert.Equal(t, len(tc.want), total)
			assert.Empty(t, next)
		})
	}
}

// labelsAsked is a query for so many labels.
func labelsAsked(n int) string {
	v := url.Values{}
	for i := range n {
		v.Add("label", fmt.Sprintf("l%d=", i))
	}
	return v.Encode()
}

func TestBadQueriesAreRefused(t *testing.T) {
	r := newRig(t, nil)
	for query, want := range map[string]string{
		"status=nonsense": `status "nonsense" must be one of drifted, unknown, never, compliant, disabled`,
		"limit=0":         `limit "0" must be a number from 1 to 1000`,
		"limit=1001":      `limit "1001" must be a number from 1 to 1000`,
		"limit=x":         `limit "x" must be a number from 1 to 1000`,
		"label=env":       `label "env" must be name=value`,
		"label==x":        `label "=x" must be name=value`,
		labelsAsked(101):  `more than 100 labels are asked for`,
		"q=%zz":           `the query is malformed: invalid URL escape "%zz"`,
	} {
		res, body := r.get(t, "/api/v1/machines?"+query)
		assert.Equal(t, 400, res.StatusCode)
		assert.JSONEq(t, fmt.Sprintf(`{"status":"error","errorType":"bad_data","error":%q}`, want), body)
	}
}

func TestADisabledMachineTellsNothingOfItsFormerLife(t *testing.T) {
	r := newRig(t, nil)
	r.machines["off1"] = &state.Machine{Name: "off1", At: at(6, 0, 0, 0), Facts: state.Facts{OS: "debian"}}
	_, body := r.get(t, "/api/v1/machines/off1")
	assert.Contains(t, body, `"drift_detection_enabled":false`)
	assert.Contains(t, body, `"attempt":null`)
	assert.Contains(t, body, `"verdict":""`)
	assert.NotContains(t, body, "debian")
}

func TestFailuresOfTheStore(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		status int
		typ    errorType
	}{
		"it is broken": {errors.New("no responders"), 500, errInternal},
		"it is slow":   {fmt.Errorf("reading: %w", errDeadline()), 504, errTimeout},
		"it is away":   {fmt.Errorf("reading: %w", state.ErrUnreachable), 503, errUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.err = tc.err
			for _, path := range []string{"/machines/web1/packs/base", "/machines/web1/packs/base/history", "/runs", "/runs/" + lastRunID} {
				res, body := r.get(t, "/api/v1"+path)
				assert.Equal(t, tc.status, res.StatusCode, path)
				assert.Contains(t, body, `"errorType":"`+string(tc.typ)+`"`)
			}
		})
	}
	t.Run("it is slow because it is away", func(t *testing.T) {
		r := newRig(t, nil)
		r.err, r.down = errDeadline(), true
		res, body := r.get(t, "/api/v1/machines/web1/packs/base")
		assert.Equal(t, 503, res.StatusCode)
		assert.Contains(t, body, `"error":"`+away+`"`)
		r.err, r.down = nil, false
		res, _ = r.get(t, "/api/v1/machines/web1/packs/base")
		assert.Equal(t, 200, res.StatusCode)
	})
	t.Run("a pair that retired after the view was asked counts as never attempted", func(t *testing.T) {
		r := newRig(t, func(r *rig, o *Options) { o.Store = retiring{r.fakeState} })
		_, body := r.get(t, "/api/v1/machines/web1/packs/base")
		assert.Contains(t, body, `"attempt":null`)
		assert.Contains(t, body, `"verdict":""`)
	})
	t.Run("answers and pages warn while the clock is wrong", func(t *testing.T) {
		r := newRig(t, nil)
		r.clockOff = -time.Hour
		const want = "this replica's clock is 1h0m0s behind that of the NATS servers: it begins no runs, and times may be wrong"
		_, body := r.get(t, "/api/v1/machines")
		assert.Contains(t, body, `"warnings":["`+want+`"]`)
		assert.Contains(t, r.open(t, "/", 200).text, "Careful: "+want)
	})
	t.Run("answers warn while the state is not live", func(t *testing.T) {
		r := newRig(t, nil)
		r.down = true
		_, body := r.get(t, "/api/v1/packs")
		assert.Contains(t, body, `"warnings":["`+staleState+`"]`)
	})
}

func TestAPIBeforeAConfigurationIsLoaded(t *testing.T) {
	r := newRig(t, func(r *rig, _ *Options) { r.fleet = nil })
	_, body := r.get(t, "/api/v1/machines")
	assert.JSONEq(t, `{"status":"success","data":{"machines":[],"total":0}}`, body)
	_, body = r.get(t, "/api/v1/packs")
	assert.JSONEq(t, `{"status":"success","data":{"packs":[],"total":0}}`, body)
	res, _ := r.get(t, "/api/v1/machines/web1")
	assert.Equal(t, 404, res.StatusCode)
}

func TestNextRunIsNullWhileItIsNotKnown(t *testing.T) {
	r := newRig(t, func(_ *rig, o *Options) { o.Runs = &fakeRuns{} })
	_, body := r.get(t, "/api/v1/runs")
	assert.Contains(t, body, `"next_run":null`)
}
