package checker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

// seen is all that a check lets others see.
type seen struct {
	received string // what the machine printed
	logged   string
	outcome  string // as it is stored and shown, and as Go prints it
	results  []state.Result
}

func seenOf(t testing.TB, transport Transport, f *Fleet) seen {
	var printed, logged bytes.Buffer
	c := checkerOf(transportFunc(func(_ Transport, s Session) Session { return transcript{s, &printed} }).over(transport))
	c.log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	out := c.Check(t.Context(), f, "m1", "")
	text, err := json.Marshal(out)
	require.NoError(t, err)
	return seen{received: printed.String(), logged: logged.String(), outcome: string(text) + fmt.Sprintf("%+v", out), results: out.Results}
}

// vault is what must be seen nowhere.
const vault = testsecret.Mark

func TestSecretsOfFilesStayWhereTheyAre(t *testing.T) {
	dir := t.TempDir()
	actual, kept := dir+"/actual", dir+"/kept"
	require.NoError(t, os.WriteFile(actual, []byte("password="+vault+"-actual\n"), 0o644))
	require.NoError(t, os.WriteFile(kept, []byte("password="+vault+"-kept\n"), 0o600))
	items := map[string]string{
		"a": "{path: A, sensitive: true, content: 'password=tellnobody7f3a-content'}",
		"b": "{path: A, sensitive: true, template: secret}",
		"c": "{path: A, sensitive: true, contains: [tellnobody7f3a-line, /tellnobody7f3a-expr/], not_contains: [/tellnobody7f3a-a/, 'password=tellnobody7f3a-actual']}",
		"d": "{path: K, content: 'password=tellnobody7f3a-content'}",
		"e": "{path: K, template: secret}",
		"f": "{path: K, contains: [tellnobody7f3a-line, /tellnobody7f3a-expr/], not_contains: [/tellnobody7f3a/]}",
		"g": "{path: K, contains: '/tellnobody7f3a\\d/'}",
		"h": "{path: K, content: 'password=tellnobody7f3a-content', ignore_lines: /tellnobody7f3a-ignored/}",
		"i": "{path: K, template: broken}",
		"j": "{path: A, sensitive: true, template: broken}",
		"k": "{path: A, mode: 600, template: keyless}",
		"l": "{glob: 'D/*', sensitive: true, contains: tellnobody7f3a-glob, not_contains: /tellnobody7f3a-k/}",
		"m": "{glob: 'D/*', sensitive: true, content: 'tellnobody7f3a-glob'}",
	}
	fsys := fstest.MapFS{
		"templates/secret":  {Data: []byte("tellnobody7f3a-template {{ .password }}")},
		"templates/broken":  {Data: []byte(`{{ slice "tellnobody7f3a-quoted" .number }}{{ index .list "tellnobody7f3a-index" }}`)},
		"templates/keyless": {Data: []byte(`tellnobody7f3a {{ .nothing }}`)},
	}
	m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, Vars: map[string]any{"password": "tellnobody7f3a-var", "number": "tellnobody7f3a-number", "list": []any{}}}
	for name, item := range items {
		item = strings.NewReplacer("path: A", "path: "+actual, "path: K", "path: "+kept, "D/*", dir+"/*").Replace(item)
		fsys[name+".yaml"] = &fstest.MapFile{Data: []byte("items: {files: [" + item + "]}")}
		m.Packs = append(m.Packs, name)
	}
	packs, problems := pack.Load(fsys, "packs", Kinds())
	require.Empty(t, problems)
	fleet, problems := NewFleet(&config.Config{Machines: []config.Machine{m}}, packs)
	require.Empty(t, problems)
	open := seenOf(t, shells(t)[0], onePack(t, "  files: [{path: "+actual+", content: x}]", nil))
	assert.Contains(t, open.received, vault, "what is not sensitive is fetched")
	assert.Contains(t, open.outcome, vault, "and shown")
	eachShell(t, func(t *testing.T, sh shell) {
		seen := seenOf(t, sh, fleet)
		assert.NotContains(t, seen.received, vault)
		assert.NotContains(t, seen.logged, vault)
		assert.NotContains(t, seen.outcome, vault)
		for _, r := range seen.results {
			assert.NotEqual(t, state.Compliant, r.Status, r.Pack)
		}
		assert.Contains(t, seen.outcome, `map has no entry for key \"nothing\"`)
	})
}
