package state

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byEncodingJSON is what encode gives with encoding/json, which wrote what is stored since before.
func byEncodingJSON(t *testing.T, v any) string {
	t.Helper()
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(v))
	return string(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
}

// hostile are texts whose encoding has rules of its own.
var hostile = []string{"", "a\"b\\c/", "<b>&amp;", "\u2028\u2029", "\x00\x1f\x7f\b\f\n\r\t", "\xff\xc3", "日本 \U0001F600"}

func TestStoredAsEncodingJSONStoresIt(t *testing.T) {
	for _, text := range hostile {
		r := largeRecord()
		r.Attempt.Message, r.Attempt.Duration = text, 1234567
		r.DetailDigest = digestOf([]byte(text))
		r.Alert.Labels[text] = text
		d := &Detail{
			Mismatches: []Mismatch{{Item: text, Diff: text}}, Waived: []Mismatch{}, Cut: true,
			Errors: []ItemError{{Error: text}}, Definitions: map[string]string{"b": text, "a": "1", text: ""},
		}
		values := map[string]any{
			"record": r, "empty record": &Record{}, "detail": d, "empty detail": &Detail{}, "no detail": (*Detail)(nil),
			"change":  historyEntry{Change{Verdict: *r.Verdict, Mismatches: d.Mismatches}, 7},
			"machine": Machine{Name: text, Facts: Facts{Name: text}, Retrying: &Retrying{At: t0}},
			"run":     Run{ID: text, Machines: []string{text}}, "empty run": Run{}, "job": Job{Run: text, Site: "s"},
			"roster": Roster{Digest: text}, "replica": Replica{Name: text},
		}
		for name, v := range values {
			got, err := encode(v)
			require.NoError(t, err)
			assert.Equal(t, strings.ReplaceAll(byEncodingJSON(t, v), `\ufffd`, "\ufffd"), string(got), name)
		}
	}
}

func FuzzDecodeAsEncodingJSON(f *testing.F) {
	record, err := encode(largeRecord())
	require.NoError(f, err)
	f.Add(record)
	for _, text := range []string{
		"", "null", "{}", "[]", "{\"Attempt\":{\"STATUS\":null}}", "{} {}", "{\"machine\":\"\xff\\ud800\"}",
		"{\"verdict\":{\"at\":\"2026-01-29T06:00:03.5Z\",\"items\":1e3}}", "{\"resolving\":[{\"labels\":{\"a\":null}},null]}",
		"{\"verdict\":{\"items\":1},\"verdict\":{\"waived\":2}}", "{\"detail_digest\":\"x\",\"recent\":\"C\\u0031\"}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		var want, got Record
		errWant, errGot := json.Unmarshal(value, &want), decode(value, &got)
		require.Equal(t, errWant == nil, errGot == nil, "%v, %v", errWant, errGot)
		if errWant == nil {
			require.Equal(t, want, got)
		}
	})
}
