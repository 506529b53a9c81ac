package exporter

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Whatever a machine or a pack says arrives as it was said, in an answer that no browser takes for a page.
func TestHostileContentArrivesLiterally(t *testing.T) {
	for name, tc := range map[string]struct{ said, arrives string }{
		"a script":                 {`<script>alert(1)</script>`, ""},
		"the end of the string":    {`","status":"success","x":"`, ""},
		"backslashes":              {`\u003c \\ \" \`, ""},
		"every control character":  {controls(), ""},
		"NUL and escape sequences": {"a\x00\x1b[31mred\x1b[0m\x7f", ""},
		"line ends of JavaScript":  {"a\u2028b\u2029c\u0085d", ""},
		"text that runs backwards": {"user\u202Etxt.exe", ""},
		"invalid UTF-8":            {"a\xff\xfeb\xed\xa0\x80c", "a\ufffd\ufffdb\ufffd\ufffd\ufffdc"},
		"cut-off UTF-8":            {"日本"[:5], "日\ufffd\ufffd"},
		"letters of the world":     {"naïve — 日本 🙂", ""},
		"a byte order mark":        {"\ufeff{}", ""},
		"marks of another plane":   {"a\U000e0041b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := tc.arrives
			if want == "" {
				want = tc.said
			}
			r := hostileRig(t, tc.said)
			for target, least := range map[string]int{
				"/machines": 7, "/machines/web1": 7, "/machines/web1/packs/base": 7, "/machines/web1/packs/base/history": 4,
				"/packs": 2, "/packs/base": 7, "/runs": 1, "/runs/" + lastRunID: 1,
			} {
				res, body := r.get(t, apiBase+target)
				assertInert(t, res, body)
				var answer any
				require.NoError(t, json.Unmarshal([]byte(body), &answer))
				assert.GreaterOrEqual(t, occurrences(answer, want), least, target)
			}
		})
	}
}

// controls is every control character.
func controls() string {
	var b strings.Builder
	for c := range rune(0xa0) {
		if c < 0x20 || c >= 0x7f {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// hostileRig says it wherever the API gives something back.
func hostileRig(t testing.TB, said string) *rig {
	r := newRig(t, nil)
	record := hostileRecord(said)
	record.Detail.Waived = []state.Mismatch{{Type: "wrong_content", Kind: "file", Item: said, Waiver: said}}
	r.put(record)
	r.machines["web1"].Facts = state.Facts{Name: said, Kernel: said, Hostname: said, Home: said}
	r.machines["web1"].Failure.Message = said
	web1 := &r.fleet.Config.Machines[len(r.fleet.Config.Machines)-1]
	web1.DisplayName, web1.Labels = said, map[string]string{"env": said}
	base := &r.fleet.Packs[0]
	base.Name, base.Description = said, said
	base.Entries[0] = &PackItem{Kind: "file", Identity: said, Description: said, Pack: "base", Source: "packs/base.yaml:9", YAML: said,
		When: []PackCondition{{said, []string{said}}}, Hidden: []string{said}}
	first := state.Change{Verdict: *record.Verdict, Mismatches: []state.Mismatch{{Type: "missing_file", Kind: "file", Item: said + "2", Expected: said}}}
	first.Verdict.At = at(0, 0, 0, 0).AddDate(0, -1, 0)
	r.history[record.Key] = []state.Change{{Verdict: *record.Verdict, Mismatches: record.Detail.Mismatches}, first}
	r.fakeState.runs[0].Error = said
	return r
}

// occurrences is how many strings of an answer are, or have as a part, the text.
func occurrences(answer any, text string) (n int) {
	switch v := answer.(type) {
	case string:
		if strings.Contains(v, text) {
			n++
		}
	case []any:
		for _, e := range v {
			n += occurrences(e, text)
		}
	case map[string]any:
		for _, e := range v {
			n += occurrences(e, text)
		}
	}
	return n
}

// assertInert fails for an answer that a browser could take for something else than JSON, or a terminal act on.
func assertInert(t testing.TB, res *http.Response, body string) {
	t.Helper()
	assert.Equal(t, "application/json", res.Header.Get("Content-Type"))
	assert.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
	assert.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.Empty(t, res.Header.Get("Access-Control-Allow-Origin"))
	assert.True(t, utf8.ValidString(body))
	assert.Equal(t, strings.TrimSuffix(body, "\n"), visible(strings.TrimSuffix(body, "\n")), "nothing hidden is sent as it is")
	assert.NotContains(t, strings.TrimSuffix(body, "\n"), "\n")
}

// What a client says is given back in errors.
func TestHostileRequestsAreRefusedInJSON(t *testing.T) {
	r := newRig(t, lifecycle)
	const evil = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%00%FF%1B%5B31m%C2%9B31m%22"
	for _, target := range []string{
		"/machines/" + evil, "/machines/web1/packs/" + evil, "/machines/" + evil + "/packs/base/history", "/runs/" + evil, "/" + evil,
		"/machines?status=" + evil, "/machines?limit=" + evil, "/machines?label=" + evil, "/runs?next_token=" + evil, "/machines?q=%zz" + evil,
		"/pairs?sort=" + evil, "/pairs?next_token=" + evil, "/packs/" + evil, "/machines/web1/packs/base/history?from=" + evil,
	} {
		res, body := r.get(t, apiBase+target)
		assert.Contains(t, []int{400, 404}, res.StatusCode, target)
		assertInert(t, res, body)
		require.True(t, json.Valid([]byte(body)), target)
	}
	for _, q := range []request{
		{"POST", "/api/v1/runs", "<script>\xff\x00", nil, 400},
		{"POST", "/api/v1/runs", "{\"<script>\x1b\":1}", nil, 400},
		{"SCRIPT", "/api/v1/runs", "", nil, 405},
		{"POST", "/api/v1/runs", "", []string{"Origin", "https://<script>"}, 403},
	} {
		res := r.do(q.method, q.target, q.body, q.header...)
		body := bodyOf(t, res)
		assert.Equal(t, q.status, res.StatusCode, body)
		assertInert(t, res, body)
		require.True(t, json.Valid([]byte(body)), body)
	}
}
