package state

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// largeRecord is a record with everything that the contracts of alerts and records allow: ten lines of 1 KiB
// together in mismatches, every alert with all annotations, and MaxResolving of those that are resolving.
func largeRecord() *Record {
	k := Key{"web-frontend-17.prod.eu-west.example.com", "cis-level-1-server.v2"}
	url := "https://drift.example.com/machines/" + k.Machine + "/packs/" + k.Pack
	lines := make([]string, 10)
	for i := range lines {
		lines[i] = fmt.Sprintf("wrong_permissions file /etc/%d/", i) + strings.Repeat("x", 72)
	}
	alert := func() Alert {
		return Alert{
			Labels: map[string]string{
				"alertname": "config_drift", "severity": "warning", "machine": k.Machine, "pack": k.Pack,
				"env": "production", "team": "platform-engineering", "datacenter": "eu-west-1",
			},
			Annotations: map[string]string{
				"summary":        "Configuration drift detected on Web Frontend 17 (production, EU West)",
				"description":    "10 items no longer compliant with CIS level 1 server",
				"machine_name":   "Web Frontend 17 (production, EU West)",
				"mismatch_count": "10", "mismatches": strings.Join(lines, "\n"), "diff_url": url,
				"cause": "machine_changed", "resolved_reason": "relabeled",
			},
			GeneratorURL: url, StartsAt: t0, ResolvedAt: t0.Add(time.Hour), ValidUntil: t0.Add(25 * time.Hour),
		}
	}
	r := &Record{
		Key: k,
		Verdict: &Verdict{
			Status: Drifted, At: t0, Since: t0, Run: testRun, Items: 1000000, Mismatches: 100000, Waived: 10000,
			Cause: CauseMachineChanged, PackDigest: "sha256:" + strings.Repeat("0", 64), WaiverExpires: t0,
		},
		Attempt: Attempt{
			Status: Unknown, At: t0, Run: testRun, Duration: time.Minute, Reason: ReasonUnreadable,
			Message: strings.Repeat("cannot read ", 500), Errors: 100000,
		},
		Recent: fullStrip().Pack(), Retired: t0, DetailRevision: 1 << 60, HistoryRevision: 1 << 60,
	}
	a := alert()
	a.ResolvedAt, a.ValidUntil = time.Time{}, time.Time{}
	r.Alert = &a
	for range MaxResolving {
		r.Resolving = append(r.Resolving, alert())
	}
	return r
}

func fit(t *testing.T, r *Record) *Record {
	t.Helper()
	b, err := fitRecord(r)
	require.NoError(t, err)
	require.LessOrEqual(t, len(b), maxRecord)
	got, err := decodeRecord(r.Key, b)
	require.NoError(t, err)
	return got
}

func TestFitRecordKeepsTheLargestRecordUnderItsLimit(t *testing.T) {
	r := largeRecord()
	got := fit(t, r)
	assert.Equal(t, largeRecord(), r, "the caller's record is not changed")

	assert.Equal(t, r.Verdict, got.Verdict)
	assert.Equal(t, r.Alert.Labels, got.Alert.Labels, "what identifies the alert is never cut")
	assert.Equal(t, r.Alert.GeneratorURL, got.Alert.GeneratorURL)
	assert.Equal(t, r.Alert.StartsAt, got.Alert.StartsAt)
	assert.Equal(t, r.Retired, got.Retired)
	assert.Equal(t, fullStrip()[MaxRecent-keptRecent:], got.Recent.Checks(), "two failures in a row are still told from one")
	assert.NotEmpty(t, got.Resolving, "the newest one under other labels is still told of")
	for name, value := range r.Alert.Annotations {
		if name != annotationMismatches {
			assert.Equal(t, value, got.Alert.Annotations[name], name)
		}
	}
}

func TestFitRecordCutsInOrder(t *testing.T) {
	size := func(f func(r *Record)) *Record {
		r := largeRecord()
		r.Attempt.Message, r.Resolving, r.Recent = "short", nil, ""
		f(r)
		return r
	}
	t.Run("what fits is whole", func(t *testing.T) {
		r := size(func(r *Record) {
			r.Alert.Annotations[annotationMismatches] = "one\ntwo"
			r.Attempt.Message = strings.Repeat("m", maxMessage)
		})
		assert.Equal(t, r, fit(t, r))
	})
	t.Run("messages are always bounded", func(t *testing.T) {
		r := &Record{Key: pair, Attempt: Attempt{Message: strings.Repeat("m", maxMessage+1)}}
		assert.Equal(t, strings.Repeat("m", maxMessage-len(ellipsis))+ellipsis, fit(t, r).Attempt.Message)
	})
	t.Run("the firing alert's mismatches lose lines", func(t *testing.T) {
		r := size(func(*Record) {})
		lines := strings.Split(fit(t, r).Alert.Annotations[annotationMismatches], "\n")
		all := strings.Split(r.Alert.Annotations[annotationMismatches], "\n")
		require.Less(t, len(lines), len(all))
		require.Greater(t, len(lines), 1)
		assert.Equal(t, ellipsis, lines[len(lines)-1])
		assert.Equal(t, all[:len(lines)-1], lines[:len(lines)-1])
	})
	t.Run("those that resolve lose theirs first", func(t *testing.T) {
		r := size(func(r *Record) {
			r.Alert.Annotations = map[string]string{annotationMismatches: "one"}
			r.Resolving = largeRecord().Resolving[:1]
		})
		got := fit(t, r)
		assert.Equal(t, "one", got.Alert.Annotations[annotationMismatches])
		require.Len(t, got.Resolving, 1)
		// What deploy/alertmanager/config_drift.tmpl reads of an alert that is resolved.
		want := maps.Clone(r.Resolving[0].Annotations)
		maps.DeleteFunc(want, func(name, _ string) bool {
			return !slices.Contains([]string{"summary", "machine_name", "resolved_reason", "diff_url"}, name)
		})
		assert.Equal(t, want, got.Resolving[0].Annotations)
	})
	t.Run("recent checks go before any of the firing alert's mismatches, the oldest first", func(t *testing.T) {
		r := size(func(r *Record) {
			r.Recent = fullStrip().Pack()
			r.Alert.Annotations[annotationMismatches] = strings.Repeat("m", 320)
		})
		got := fit(t, r)
		assert.Equal(t, r.Alert, got.Alert)
		require.NotEmpty(t, got.Recent)
		kept := got.Recent.Checks()
		require.Less(t, len(kept), MaxRecent)
		assert.Equal(t, fullStrip()[MaxRecent-len(kept):], kept)
		b, err := fitRecord(r)
		require.NoError(t, err)
		assert.Greater(t, len(b), maxRecord-20, "no more of them than it takes")
	})
	t.Run("recent checks go before any of the message", func(t *testing.T) {
		r := size(func(r *Record) {
			r.Recent, r.Attempt.Message = fullStrip().Pack(), strings.Repeat("m", maxMessage)
			r.Alert.Annotations[annotationMismatches] = strings.Repeat("m", 200)
		})
		got := fit(t, r)
		assert.Equal(t, r.Attempt, got.Attempt)
		assert.Less(t, len(got.Recent.Checks()), MaxRecent)
	})
	t.Run("recent checks outlast what those that resolve can do without", func(t *testing.T) {
		r := size(func(r *Record) {
			r.Recent, r.Alert, r.Resolving = fullStrip().Pack(), nil, largeRecord().Resolving[:1]
		})
		got := fit(t, r)
		assert.NotContains(t, got.Resolving[0].Annotations, annotationMismatches)
		assert.Equal(t, r.Recent, got.Recent)
	})
	t.Run("never more recent checks than there may be", func(t *testing.T) {
		r := &Record{Key: pair, Recent: append(fullStrip(), fullStrip()...).Pack()}
		assert.Equal(t, fullStrip(), fit(t, r).Recent.Checks())
	})
	t.Run("a long message goes before any that resolve", func(t *testing.T) {
		r := largeRecord()
		r.Alert, r.Resolving = nil, r.Resolving[:2]
		got := fit(t, r)
		assert.LessOrEqual(t, len(got.Attempt.Message), minMessage)
		require.Len(t, got.Resolving, 2)
		assert.Equal(t, map[string]string{"resolved_reason": "relabeled"}, got.Resolving[1].Annotations)
		assert.Equal(t, r.Resolving[1].Labels, got.Resolving[1].Labels)
	})
	t.Run("the oldest that resolve go", func(t *testing.T) {
		r := largeRecord()
		r.Alert = nil
		for i := range r.Resolving {
			r.Resolving[i].StartsAt = t0.Add(-time.Duration(i) * time.Hour)
		}
		got := fit(t, r)
		require.NotEmpty(t, got.Resolving)
		require.Less(t, len(got.Resolving), MaxResolving)
		assert.Equal(t, t0, got.Resolving[0].StartsAt)
	})
	t.Run("what cannot be cut is stored nevertheless", func(t *testing.T) {
		r := largeRecord()
		for i := range 50 {
			r.Alert.Labels[fmt.Sprintf("label_%d", i)] = strings.Repeat("v", 100)
		}
		b, err := fitRecord(r)
		require.NoError(t, err)
		got, err := decodeRecord(r.Key, b)
		require.NoError(t, err)
		assert.Equal(t, r.Alert.Labels, got.Alert.Labels)
		assert.Empty(t, got.Resolving)
		assert.NotContains(t, got.Alert.Annotations, annotationMismatches)
		assert.LessOrEqual(t, len(got.Attempt.Message), minMessage)
	})
}

func TestStoredRecordIsWhatTheViewShows(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	r := largeRecord()
	r.Attempt.Message = "bad \xff UTF-8"
	store(t, s, r)
	before, _ := s.View().Record(r.Key)
	require.NoError(t, s.Close())
	s = open(t, dir)
	after, _ := s.View().Record(r.Key)
	assert.Equal(t, before, after)
	assert.NotEqual(t, r.Alert.Annotations, after.Alert.Annotations)
}

func FuzzCut(f *testing.F) {
	f.Add("häßlich", 4)
	f.Add("\xff\xff\xff\xff\xff\xff", 5)
	f.Add("abc", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < len(ellipsis) || limit > 1000 {
			return
		}
		got := cut(s, limit)
		require.LessOrEqual(t, len(got), limit)
		if len(s) <= limit {
			require.Equal(t, s, got)
		} else if utf8.ValidString(s) {
			require.True(t, utf8.ValidString(got))
			require.True(t, strings.HasPrefix(s, strings.TrimSuffix(got, ellipsis)))
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	b, err := fitRecord(largeRecord())
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte(`{"machine":"a","pack":"b","alert":{}}`))
	f.Add([]byte(`{"machine":"a","pack":"b","verdict":null,"attempt":[]}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		var k Key
		_ = json.Unmarshal(value, &k)
		r, err := decodeRecord(k, value)
		if err != nil {
			return
		}
		b, err := fitRecord(r)
		require.NoError(t, err)
		_, err = decodeRecord(k, b)
		require.NoError(t, err)
		r.Report()
	})
}
