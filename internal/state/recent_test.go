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
			packed := tc.checks.Pack()
			if tc.text != "" {
				assert.Equal(t, tc.text, string(packed))
			}
			back, err := packed.parse()
			require.NoError(t, err)
			assert.Equal(t, tc.checks, back)
		})
	}
}

func TestChecksOfADailyCheckTakeTenBytesEach(t *testing.T) {
	assert.LessOrEqual(t, len(fullStrip().Pack()), 10*MaxRecent)
}

func TestChecksAreStoredAsTheyMayBeShown(t *testing.T) {
	stored := func(c Check) Check { return Checks{c}.Pack().Checks()[0] }
	assert.Equal(t, Check{At: t0, Status: Unknown}, stored(Check{At: t0, Status: "compliantish", Mismatches: 3}),
		"what is no verdict is not taken for one")
	assert.Equal(t, t0, stored(Check{At: t0.Add(999_999).In(berlin), Status: Compliant}).At, "UTC, to the millisecond")
	assert.Zero(t, stored(Check{At: t0, Status: Drifted, Mismatches: -1}).Mismatches)

	last := time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC)
	assert.Equal(t, last, stored(Check{At: last.Add(time.Millisecond), Status: Compliant}).At, "what JSON has no form for")

	long := append(fullStrip(), Check{At: t0, Status: Compliant})
	assert.Equal(t, long[1:], long.Pack().Checks())
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
			checks, err := PackedChecks(tc.text).parse()
			require.EqualError(t, err, "recent checks: "+tc.err)
			assert.Empty(t, checks)
		})
	}
}

func TestWithKeepsTheNewest(t *testing.T) {
	next := Check{At: t0.AddDate(0, 2, 0), Status: Drifted, Mismatches: 3}
	assert.Equal(t, Checks{next}, PackedChecks("").With(next).Checks())
	assert.Equal(t, append(fullStrip()[1:], next), fullStrip().Pack().With(next).Checks())
}

func TestRecordWithoutItsCorruptChecks(t *testing.T) {
	for name, recent := range map[string]string{
		"not a check": `"nonsense"`, "a number": `5`, "a list": `[{"at":"2026-01-29T06:00:03Z"}]`,
		"a quote": `"\""`, "an object": `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			var log logBuffer
			dir := t.TempDir()
			s := openWith(t, Options{Dir: dir, Logger: log.logger()})
			r := drifted(pair, 2)
			r.Alert, r.Recent = &Alert{StartsAt: t0}, fullStrip().Pack()
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
			assert.Equal(t, Checks{{At: t0, Status: Drifted, Mismatches: 2}}, shown.Recent.Checks())
		})
	}
}

func TestEntryFromBeforeThereWereChecksLoads(t *testing.T) {
	r, err := decodeRecord(pair, []byte(`{"machine":"web1.example.com","pack":"base","attempt":{"status":"unknown"}}`))
	require.NoError(t, err)
	assert.Equal(t, &Record{Key: pair, Attempt: Attempt{Status: Unknown}}, r)
}

func FuzzChecks(f *testing.F) {
	f.Add(string(fullStrip().Pack()))
	f.Add("Cmkz1onqoD11,1ffuo0U1")
	f.Add("U-mkz49r00C-1")
	f.Add("C01D,Dzz,")
	f.Fuzz(func(t *testing.T, text string) {
		checks, err := PackedChecks(text).parse()
		if err != nil {
			require.Empty(t, checks)
			return
		}
		require.LessOrEqual(t, len(checks), MaxRecent)
		require.Equal(t, text, string(checks.Pack()), "there is one text for the same checks")
	})
}
