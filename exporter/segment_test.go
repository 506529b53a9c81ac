package exporter

import (
	"bytes"
	"compress/gzip"
	"hash/crc32"
	"io"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzJoinSums(f *testing.F) {
	f.Add([]byte("a"), []byte("b"))
	f.Add([]byte{}, []byte{})
	f.Add(bytes.Repeat([]byte("x"), 100), bytes.Repeat([]byte("long"), 10_000))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		joined := joinSums(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), uint32(len(b)))
		assert.Equal(t, crc32.ChecksumIEEE(append(bytes.Clone(a), b...)), joined)
	})
}

func member(t *testing.T, content string, change func(*gzip.Writer)) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	change(w)
	_, err := io.WriteString(w, content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestSegmentsGoBeforeWhatIsInTheMember(t *testing.T) {
	families := []*family{
		{"a", "First.", []sample{{newLabelSet(newLabel("machine", "web1")), 1}}},
		{"b", "Second.", []sample{{newLabelSet(), 2.5}}},
	}
	segments, err := encodeFamilies(families, nil, expfmt.NewFormat(expfmt.TypeTextPlain))
	require.NoError(t, err)
	want := "# HELP a First.\n# TYPE a gauge\na{machine=\"web1\"} 1\n# HELP b Second.\n# TYPE b gauge\nb 2.5\n"
	text, err := io.ReadAll(plain(segments))
	require.NoError(t, err)
	assert.Equal(t, want, string(text))

	for _, content := range []string{"", "rest\n"} {
		for _, n := range []int{0, 2} {
			whole, err := intoMember(member(t, content, func(*gzip.Writer) {}), segments[:n])
			require.NoError(t, err)
			unpacked, err := gzip.NewReader(whole)
			require.NoError(t, err)
			text, err := io.ReadAll(unpacked)
			require.NoError(t, err)
			assert.Equal(t, want[:n/2*len(want)]+content, string(text))
		}
	}

	for name, odd := range map[string][]byte{
		"optional fields": member(t, "rest\n", func(w *gzip.Writer) { w.Name = "x" }),
		"cut off":         member(t, "rest\n", func(*gzip.Writer) {})[:17],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := intoMember(odd, segments)
			require.Error(t, err)
		})
	}
}

// Families that did not change are not encoded again, and a format that is not asked for any more is forgotten.
func TestUnchangedFamiliesKeepTheirSegments(t *testing.T) {
	s := fixtureState()
	series := newStateSeries(s, always(fixtureFleet()))
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	byName := func() map[string]*segment {
		segments, err := series.encode(format)
		require.NoError(t, err)
		out := map[string]*segment{}
		for _, s := range segments {
			out[s.family.name] = s
		}
		return out
	}
	before := byName()
	r := *driftedRecord()
	r.Attempt.At = at(9, 0, 0, 0)
	s.put(&r)
	after := byName()
	require.Len(t, after, len(before))
	for name, segment := range before {
		if name == "drift_last_attempt_timestamp_seconds" {
			assert.NotSame(t, segment, after[name])
		} else {
			assert.Same(t, segment, after[name], name)
		}
	}

	for _, escaping := range []string{"values", "dots", "underscores", "allow-utf-8"} {
		_, err := series.encode(expfmt.FmtOpenMetrics_1_0_0 + expfmt.Format("; escaping="+escaping))
		require.NoError(t, err)
	}
	require.Len(t, series.formats, maxFormats)
	assert.NotSame(t, after["drift_items"], byName()["drift_items"])
}
