package state

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fullStrip is MaxRecent checks, a day apart and a little more: most drifted, with many mismatches.
func fullStrip() Checks {
	var c Checks
	for i := range MaxRecent {
		check := Check{At: t0.Add(time.Duration(i) * (24*time.Hour + 17*time.Millisecond)), Status: Drifted, Mismatches: 90 + i}
		switch i % 6 {
		case 0:
			check.Status, check.Mismatches = Compliant, 0
		case 1:
			check.Status, check.Mismatches = Unknown, 0
		}
		c = append(c, check)
	}
	return c
}

func TestChecksAsText(t *testing.T) {
	for name, tc := range map[string]struct {
		checks Checks
		text   string
	}{
		"none": {nil, ""},
		"each status": {Checks{
			{At: t0, Status: Compliant}, {At: t0.Add(24 * time.Hour), Status: Drifted, Mismatches: 37},
			{At: t0.Add(24*time.Hour + time.Millisecond), Status: Unknown},
		}, "Cmkz1onqoD11,1ffuo0U1"},
		"a clock that was set back, and one that stood": {Checks{
			{At: t0, Status: Unknown}, {At: t0.Add(-time.Second), Status: Drifted, Mismatches: 1}, {At: t0.Add(-time.Second), Status: Compliant},
		}, "Umkz1onqoD1,-rsC0"},
		"the bounds of time": {Checks{
			{Status: Unknown}, {At: time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC), Status: Unknown},
		}, ""},
		"a full one": {fullStrip(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := tc.checks.MarshalText()
			require.NoError(t, err)
			if tc.text != "" {
				assert.Equal(t, tc.text, string(text))
			}
			var back Checks
			require.NoError(t, back.UnmarshalText(text))
			assert.Equal(t, tc.checks, back)
		})
	}
}

func TestChecksOfADailyCheckTakeTenBytesEach(t *testing.T) {
	text, err := fullStrip().MarshalText()
	require.NoError(t, err)
	assert.LessOrEqual(t, len(text), 10*MaxRecent, string(text))
}

func TestChecksAreStoredAsTheyMayBeShown(t *testing.T) {
	stored := func(c Check) Check {
		text, err := Checks{c}.MarshalText()
		require.NoError(t, err)
		var back Checks
		require.NoError(t, back.UnmarshalText(text))
		return back[0]
	}
	assert.Equal(t, Check{At: t0, Status: Unknown}, stored(Check{At: t0, Status: "compliantish", Mismatches: 3}),
		"what is no verdict is not taken for one")
	assert.Equal(t, t0, stored(Check{At: t0.Add(999_999).In(berlin), Status: Compliant}).At, "UTC, to the millisecond")
	assert.Zero(t, stored(Check{At: t0, Status: Drifted, Mismatches: -1}).Mismatches)

	_, err := Checks{{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}.MarshalText()
	require.EqualError(t, err, "recent checks: 10000-01-01 00:00:00 +0000 UTC is outside of the years that are stored")

	long := append(fullStrip(), Check{At: t0, Status: Compliant})
	text, err := long.MarshalText()
	require.NoError(t, err)
	var back Checks
	require.NoError(t, back.UnmarshalText(text))
	assert.Equal(t, long[1:], back)
}

func TestChecksRefuseWhatTheyDoNotWrite(t *testing.T) {
	for name, tc := range map[string]struct{ text, err string }{
		"another letter":           {"X1", "at byte 1: no letter of a status"},
		"a letter in lower case":   {"c1", "at byte 1: no letter of a status"},
		"no time":                  {"C", "at byte 1: no number"},
		"no time in between":       {"C1CU1", "at byte 3: no number"},
		"a drifted one, no count":  {"D1", "at byte 2: no number of mismatches"},
		"an empty count":           {"D,1", "at byte 1: no number"},
		"a negative count":         {"D-1,1", "at byte 3: no number of mismatches"},
		"too large a count":        {"Dzzzzzzz,1", "at byte 8: no number of mismatches"},
		"a count of a compliant":   {"C1,1", "at byte 3: no letter of a status"},
		"a leading zero":           {"C01", "at byte 1: no number"},
		"minus zero":               {"C-0", "at byte 1: no number"},
		"two signs":                {"C--1", "at byte 1: no number"},
		"a plus sign":              {"C+1", "at byte 1: no number"},
		"too many digits":          {"Czzzzzzzzzzz", "at byte 1: no number"},
		"after the year 9999":      {"Czzzzzzzzzz", "at byte 11: a time outside of the years that are stored"},
		"before the year 0":        {"C-zzzzzzzzzz", "at byte 12: a time outside of the years that are stored"},
		"a space":                  {"C1 ", "at byte 3: no letter of a status"},
		"one more than there is":   {strings.Repeat("C1", MaxRecent+1), "more than 30"},
		"a character of two bytes": {"C1é", "at byte 3: no letter of a status"},
	} {
		t.Run(name, func(t *testing.T) {
			c := Checks{{At: t0}}
			require.EqualError(t, c.UnmarshalText([]byte(tc.text)), "recent checks: "+tc.err)
			assert.Equal(t, Checks{{At: t0}}, c, "left as it was")
		})
	}
}

func TestWithLeavesTheChecksAsTheyAre(t *testing.T) {
	spare := make(Checks, 1, MaxRecent)
	spare[0] = Check{At: t0}
	one, two := spare.With(Check{Mismatches: 1}), spare.With(Check{Mismatches: 2})
	assert.Equal(t, Checks{{At: t0}, {Mismatches: 1}}, one)
	assert.Equal(t, Checks{{At: t0}, {Mismatches: 2}}, two)

	full := fullStrip()
	next := full.With(Check{Mismatches: 3})
	assert.Equal(t, fullStrip(), full)
	assert.Equal(t, append(fullStrip()[1:], Check{Mismatches: 3}), next)
}

func TestRecordWithoutItsCorruptChecks(t *testing.T) {
	for name, recent := range map[string]string{
		"not a check": `"nonsense"`, "a number": `5`, "null": `null`, "a list": `[{"at":"2026-01-29T06:00:03Z"}]`,
		"an escape": `"C\u0031"`, "a quote": `"\""`, "an object": `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			var log logBuffer
			dir := t.TempDir()
			s := openWith(t, Options{Dir: dir, Logger: log.logger()})
			r := drifted(pair, 2)
			r.Alert, r.Recent = &Alert{StartsAt: t0}, fullStrip()
			store(t, s, r)
			key, err := encodeKey(pair)
			require.NoError(t, err)
			e, err := s.buckets.state.read(t.Context(), key)
			require.NoError(t, err)
			text, err := encode(r.Recent)
			require.NoError(t, err)
			value := strings.Replace(string(e.value), string(text), recent, 1)
			require.NotEqual(t, string(e.value), value)
			_, err = s.buckets.state.kv.PutString(t.Context(), key, value)
			require.NoError(t, err)
			require.NoError(t, s.Close())

			s = openWith(t, Options{Dir: dir, Logger: log.logger()})
			assert.Contains(t, log.String(), "ignoring what is corrupt in a stored entry")
			assert.Contains(t, log.String(), "recent checks: ")
			shown, ok := s.View().Record(pair)
			require.True(t, ok)
			assert.Equal(t, r.Verdict, shown.Verdict)
			assert.Equal(t, t0, shown.Alert.StartsAt)
			assert.Empty(t, shown.Recent)
			require.Len(t, s.View().Alerts(), 1)
			full, err := s.Detail(t.Context(), pair)
			require.NoError(t, err)
			assert.Len(t, full.Detail.Mismatches, 2)
			changes, err := s.History(t.Context(), pair)
			require.NoError(t, err)
			assert.Len(t, changes, 1)
			require.NoError(t, s.Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
				require.NotNil(t, prev)
				next := *prev
				next.Recent = prev.Recent.With(Check{At: t0, Status: Drifted, Mismatches: 2})
				return &next, true
			}))
			shown, _ = s.View().Record(pair)
			assert.Equal(t, Checks{{At: t0, Status: Drifted, Mismatches: 2}}, shown.Recent)
		})
	}
}

func TestEntryFromBeforeThereWereChecksLoads(t *testing.T) {
	r, err := decodeRecord(pair, []byte(`{"machine":"web1.example.com","pack":"base","attempt":{"status":"unknown"}}`))
	require.NoError(t, err)
	assert.Equal(t, &Record{Key: pair, Attempt: Attempt{Status: Unknown}}, r)
}

func FuzzChecks(f *testing.F) {
	text, err := fullStrip().MarshalText()
	require.NoError(f, err)
	f.Add(string(text))
	f.Add("Cmkz1onqoD11,1ffuo0U1")
	f.Add("U-mkz49r00C-1")
	f.Add("C01D,Dzz,")
	f.Fuzz(func(t *testing.T, text string) {
		var c Checks
		if err := c.UnmarshalText([]byte(text)); err != nil {
			require.Empty(t, c)
			return
		}
		require.LessOrEqual(t, len(c), MaxRecent)
		back, err := c.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(back), "there is one text for the same checks")
	})
}
