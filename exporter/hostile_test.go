package exporter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Whatever a machine or a pack says is shown as text: rig.open fails for any script, handler or foreign link, and
// what is shown must be what was said.
func TestHostileContentIsShownLiterally(t *testing.T) {
	for name, tc := range map[string]struct{ said, shown string }{
		"a script":                 {`<script>alert(1)</script>`, `<script>alert(1)</script>`},
		"the end of an attribute":  {`"><img src=x onerror=alert(1)>`, `"><img src=x onerror=alert(1)>`},
		"the end of the element":   {`</pre></article></main><h1>fine</h1>`, `</pre></article></main><h1>fine</h1>`},
		"a template":               {`{{.Machine}}`, `{{.Machine}}`},
		"a link":                   {`javascript:alert(1)`, `javascript:alert(1)`},
		"entities":                 {`&lt;b&gt; &amp;`, `&lt;b&gt; &amp;`},
		"invalid UTF-8":            {"a\xff\xfeb", `a\xff\xfeb`},
		"NUL and escape sequences": {"a\x00\x1b[31mred", `a\x00\x1b[31mred`},
		"a carriage return":        {"a\rb", `a\x0db`},
		"text that runs backwards": {"user\u202Etxt.exe", `user\u{202e}txt.exe`},
		"characters of no width":   {"ro\u200Bot", `ro\u{200b}ot`},
		"other line ends":          {"a\u2028b\u0085c", `a\u{2028}b\u{0085}c`},
		"letters of the world":     {"naïve — 日本 🙂", "naïve — 日本 🙂"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.put(hostileRecord(tc.said))
			facts := r.machines["web1"]
			facts.Facts = state.Facts{Name: tc.said, Kernel: tc.said, Hostname: tc.said, Home: tc.said}
			facts.Failure.Message = tc.said

			d := r.open(t, "/machines/web1/packs/base", 200)
			for _, class := range []string{"mismatch", "problem", "diff"} {
				require.NotEmpty(t, d.all(class))
				assert.Contains(t, d.all(class)[0], tc.shown, class)
			}
			shown := strings.Join(strings.Fields(tc.shown), " ")
			assert.GreaterOrEqual(t, strings.Count(d.text, shown), 6)
			assert.GreaterOrEqual(t, strings.Count(r.open(t, "/machines/web1", 200).text, shown), 5)
			assert.Contains(t, r.open(t, "/", 200).text, shown)
		})
	}
}

// Nor can who writes the configuration put anything into a page but text.
func TestHostileConfigurationIsShownLiterally(t *testing.T) {
	for name, tc := range map[string]struct{ said, shown string }{
		"the end of an attribute":  {`"><script>alert(1)</script>`, `"><script>alert(1)</script>`},
		"a link":                   {`javascript:alert(1)`, `javascript:alert(1)`},
		"another query":            {`a&status=drifted#x`, `a&status=drifted#x`},
		"a template":               {`{{.}}`, `{{.}}`},
		"text that runs backwards": {"a\u202Eb", `a\u{202e}b`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(r *rig, _ *Options) {
				m := &r.fleet.Config.Machines[5]
				m.DisplayName, m.Address, m.FurtherAddresses, m.Site = tc.said, tc.said, []string{tc.said}, tc.said
				m.Labels = map[string]string{nameOf(tc.said): tc.said}
				m.Waivers = []config.Waiver{{Pack: "base", Kind: tc.said, Item: tc.said, Reason: tc.said}}
			})
			r.fakeState.runs[0].Error = tc.said
			d := r.open(t, "/machines/web1", 200)
			assert.GreaterOrEqual(t, strings.Count(d.text, tc.shown), 9)
			assert.Contains(t, r.open(t, "/machines/web1/packs/none", 404).text, "Machine "+tc.shown)
			label := nameOf(tc.said) + "=" + tc.said
			links := d.links(nameOf(tc.shown) + "=" + tc.shown)
			require.Len(t, links, 1)
			d = r.open(t, links[0], 200)
			assert.Len(t, d.rows(), 2, "the label leads to the machines that have it")
			assert.Contains(t, d.all("chip")[0], nameOf(tc.shown)+"="+tc.shown)
			assert.Contains(t, d.attrs("input", "value"), label, "as it is, so that the form asks for the same")
			assert.Contains(t, d.rows()[0], tc.shown)
			assert.Contains(t, d.all("problem")[0], tc.shown)
		})
	}
}

// nameOf is the same as the name of a label, which ends at the first =.
func nameOf(said string) string { return strings.ReplaceAll(said, "=", "-") }

// hostileRecord says it wherever a machine can say something.
func hostileRecord(said string) *state.Record {
	r := driftedRecord()
	r.Attempt.Status, r.Attempt.Reason, r.Attempt.Message = state.Unknown, state.ReasonProtocol, said
	r.Detail.Errors = []state.ItemError{{Kind: "file", Item: said, Error: said}}
	r.Detail.Mismatches = []state.Mismatch{{
		Type: "wrong_content", Kind: "file", Item: said, Expected: said, Actual: said, Source: "packs/base.yaml:1",
		Diff: "@@ -1 +1 @@\n-a\n+" + said + "\n",
	}}
	return r
}

func TestHostileAddressesAreShownLiterally(t *testing.T) {
	r := newRig(t, nil)
	for _, path := range []string{
		"/machines/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
		"/machines/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E/packs/%00%FF",
		"/%3Cscript%3E",
		"/machines/javascript:alert(1)",
	} {
		r.open(t, path, 404)
	}
	r.open(t, "/?q=%22%3E%3Cscript%3E&page=%3Cb%3E&pack=%3Cb%3E&label=a=%22%3E", 200)
	r.open(t, "/?status=%3Cscript%3E", 400)
	r.open(t, "/?sort=%3Cscript%3E", 400)
	r.open(t, "/?sort=-since&x=%22%3E%3Cscript%3E&label=javascript:alert(1)=%22&q=%00%FF", 200)
}

func FuzzVisible(f *testing.F) {
	f.Add("plain")
	f.Add("\xff\u202e\x00")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range visible(s) {
			require.False(t, hidden(r), "%q", s)
		}
		require.Equal(t, visible(s), visible(visible(s)), "what is visible stays as it is")
	})
}
