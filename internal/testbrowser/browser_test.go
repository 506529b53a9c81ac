package testbrowser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testbrowser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const document = `<!DOCTYPE html><html lang="en"><head><title>%[1]s</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"></head><body><main><h1>%[1]s</h1>%[2]s</main></body></html>`

// strict is the policy of the pages that are tested with this package.
const strict = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'"

// site serves pages by their path.
func site(t *testing.T, bodies map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		switch {
		case strings.HasSuffix(r.URL.Path, ".css"):
			w.Header().Set("Content-Type", "text/css")
			fmt.Fprint(w, body)
		case ok:
			w.Header().Set("Content-Security-Policy", strict+"; img-src data:")
			fmt.Fprintf(w, document, "Page "+r.URL.Path, body)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, document, "No page", "")
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// failure is a test that notes its failures instead of failing.
type failure struct {
	testing.TB
	texts    []string
	cleanups []func()
}

func (f *failure) Helper() {}
func (f *failure) Errorf(format string, args ...any) {
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}
func (f *failure) Cleanup(clean func()) { f.cleanups = append(f.cleanups, clean) }
func (f *failure) end() string {
	for _, clean := range f.cleanups {
		clean()
	}
	return strings.Join(f.texts, "\n")
}

func TestBrowser(t *testing.T) {
	b := testbrowser.Start(t)
	t.Run("the browser acts as a person does", func(t *testing.T) { actsAsAPerson(t, b) })
	t.Run("what is wrong with a page fails the test", func(t *testing.T) { failsForPages(t, b) })
	t.Run("the console and exceptions fail the test", func(t *testing.T) { failsForScripts(t, b) })
}

func actsAsAPerson(t *testing.T, b *testbrowser.Browser) {
	url := site(t, map[string]string{
		"/": `<a href="/next">On we  go</a> <a href="/wrong" hidden>On we go</a><form action="/found">
			<label>Word <input name="q"></label> <label>Kind <select name="k"><option>a<option>b</select></label><button>Find</button></form>`,
		"/next": "<p id=there>Here</p>", "/found": "<p>Found</p>",
	})
	for name, o := range map[string]testbrowser.Options{
		"wide": {}, "narrow": {Width: 390}, "without JavaScript": {NoScript: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := b.Open(t, o)
			p.Go(url)
			p.Audit()
			p.Follow("a", "On we go")
			assert.Equal(t, url+"/next", p.URL())
			assert.Equal(t, "Here", p.Text("#there"))
			assert.False(t, p.Has("a", ""))
			p.Back()
			p.Fill("input", "<b> & c")
			p.Choose("select", "b")
			p.PressTo(kb.Tab + kb.Enter)
			assert.Equal(t, url+"/found?q=%3Cb%3E+%26+c&k=b", p.URL())
			p.GoWhere(url+"/none", http.StatusNotFound)
			assert.Equal(t, []string{"No page"}, p.Texts("h1"))
			assert.Equal(t, "\x89PNG", string(p.Picture()[:4]))
		})
	}
}

func failsForPages(t *testing.T, b *testbrowser.Browser) {
	url := site(t, map[string]string{
		"/wide.css": "div { width: 500px; height: 1em }", "/pale.css": "@media (prefers-color-scheme: dark) { p { color: #999 } }",
		"/good":     "<p>Good</p>",
		"/nameless": "<button></button>",
		"/pale":     `<link rel="stylesheet" href="/pale.css"><p>Hard to read at night</p>`,
		"/wide":     `<link rel="stylesheet" href="/wide.css"><div>wide</div>`,
		"/inline":   "<p style='color: red'>Red</p>",
		"/script":   "<script>document.title = 'x'</script>",
		"/missing":  `<img alt="A picture" src="data:image/png;base64,"><link rel="stylesheet" href="/none">`,
	})
	for page, wrong := range map[string]string{
		"/good": "", "/nameless": "axe-core: button-name (critical)", "/pale": "in dark colours",
		"/wide": "has to be scrolled sideways", "/inline": "style-src", "/script": "script-src", "/missing": "404",
	} {
		t.Run(page, func(t *testing.T) {
			f := &failure{TB: t}
			p := b.Open(f, testbrowser.Options{Width: 390})
			p.Go(url + page)
			p.Audit()
			if said := f.end(); wrong == "" {
				assert.Empty(t, said)
			} else {
				assert.Contains(t, said, wrong)
			}
		})
	}
}

func failsForScripts(t *testing.T, b *testbrowser.Browser) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, document, "Scripts", `<script>console.log("fine"); console.warn("careful", {a: 1}); console.error("bad");
			setTimeout(() => { document.title = "thrown"; throw new Error("broken") })</script>`)
	}))
	t.Cleanup(server.Close)
	f := &failure{TB: t}
	p := b.Open(f, testbrowser.Options{})
	p.Go(server.URL)
	p.Wait("the script", "document.title === 'thrown'")
	said := f.end()
	assert.Contains(t, said, "console.warning: \"careful\"")
	assert.Contains(t, said, "console.error: \"bad\"")
	assert.Contains(t, said, "Error: broken")
	assert.NotContains(t, said, "fine")
}

func TestBrowserProcessesEndWithTheTest(t *testing.T) {
	var home string
	t.Run("one that ends early", func(t *testing.T) {
		b := testbrowser.Start(t)
		p := b.Open(t, testbrowser.Options{})
		p.Go(site(t, map[string]string{"/": "<p>Here</p>"}))
		home = testbrowser.Home(b)
		require.NotEmpty(t, processes(t, home))
	})
	assert.Empty(t, processes(t, home))
}

// processes are those with that home directory.
func processes(t *testing.T, home string) []string {
	t.Helper()
	out, err := exec.Command("sh", "-c", `grep -lzx "HOME=$1" /proc/[0-9]*/environ 2>/dev/null; true`, "sh", home).Output()
	require.NoError(t, err)
	_, err = os.Stat("/proc/self/environ")
	require.NoError(t, err)
	return strings.Fields(string(out))
}
