package schedule

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func utc(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return at.UTC()
}

func TestScheduleInstants(t *testing.T) {
	for _, c := range []struct {
		name, cron, zone string
		after            string
		want             []string
	}{
		{
			name: "daily in UTC", cron: "0 6 * * *", zone: "UTC", after: "2026-01-29T05:59:59Z",
			want: []string{"2026-01-29T06:00:00Z", "2026-01-30T06:00:00Z", "2026-01-31T06:00:00Z", "2026-02-01T06:00:00Z"},
		},
		{
			name: "an instant is not after itself", cron: "0 6 * * *", zone: "UTC", after: "2026-01-29T06:00:00Z",
			want: []string{"2026-01-30T06:00:00Z"},
		},
		{
			name: "daily follows the zone into summer", cron: "0 6 * * *", zone: "Europe/Berlin", after: "2026-03-28T00:00:00Z",
			want: []string{"2026-03-28T05:00:00Z", "2026-03-29T04:00:00Z", "2026-03-30T04:00:00Z"},
		},
		{
			name: "a time that the day skips is due at the jump", cron: "30 2 * * *", zone: "Europe/Berlin", after: "2026-03-28T00:00:00Z",
			want: []string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
		},
		{
			name: "a skipped midnight is due at the jump", cron: "0 0 * * *", zone: "America/Santiago", after: "2026-09-05T12:00:00Z",
			want: []string{"2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
		},
		{
			name: "several skipped times are due once", cron: "*/10 2 * * *", zone: "Europe/Berlin", after: "2026-03-29T00:00:00Z",
			want: []string{"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T00:10:00Z"},
		},
		{
			name: "a time that the day has twice is due the first time", cron: "30 2 * * *", zone: "Europe/Berlin", after: "2026-10-24T12:00:00Z",
			want: []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		},
		{
			name: "and not again when asked between the two", cron: "30 2 * * *", zone: "Europe/Berlin", after: "2026-10-25T01:00:00Z",
			want: []string{"2026-10-26T01:30:00Z"},
		},
		{
			name: "hourly follows the elapsed time", cron: "30 * * * *", zone: "America/New_York", after: "2026-11-01T04:00:00Z",
			want: []string{"2026-11-01T04:30:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z"},
		},
		{
			name: "hourly over the jump", cron: "0 * * * *", zone: "America/New_York", after: "2026-03-08T06:00:00Z",
			want: []string{"2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"},
		},
		{
			name: "every second hour over the jump", cron: "0 */2 * * *", zone: "Europe/Berlin", after: "2026-03-28T22:30:00Z",
			want: []string{"2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-03-29T04:00:00Z"},
		},
		{
			name: "half-hour zone with a half-hour jump", cron: "15 2 * * *", zone: "Australia/Lord_Howe", after: "2026-10-03T00:00:00Z",
			want: []string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"},
		},
		{
			name: "a day that a zone left out", cron: "0 6 30 12 *", zone: "Pacific/Apia", after: "2011-12-01T00:00:00Z",
			want: []string{"2011-12-30T10:00:00Z", "2012-12-29T16:00:00Z"},
		},
		{
			name: "leap days", cron: "0 6 29 2 *", zone: "UTC", after: "2026-01-01T00:00:00Z",
			want: []string{"2028-02-29T06:00:00Z", "2032-02-29T06:00:00Z"},
		},
		{
			name: "day of month or weekday", cron: "0 6 13 * FRI", zone: "UTC", after: "2026-01-08T00:00:00Z",
			want: []string{"2026-01-09T06:00:00Z", "2026-01-13T06:00:00Z", "2026-01-16T06:00:00Z"},
		},
		{
			name: "descriptor", cron: "@daily", zone: "Asia/Kolkata", after: "2026-01-29T00:00:00Z",
			want: []string{"2026-01-29T18:30:00Z", "2026-01-30T18:30:00Z"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(c.cron, zone(t, c.zone))
			require.NoError(t, err)
			at := utc(t, c.after)
			for i, w := range c.want {
				at = s.Next(at)
				require.Equal(t, w, at.Format(time.RFC3339), "instant %d", i)
				assert.Equal(t, at, s.Latest(at), "an instant is its own latest")
				assert.Equal(t, at, s.Latest(s.Next(at).Add(-time.Nanosecond)), "it is the latest until the next")
			}
		})
	}
}

func TestScheduleInAFixedZone(t *testing.T) {
	s, err := New("0 6 * * *", time.FixedZone("", 2*3600))
	require.NoError(t, err)
	assert.Equal(t, utc(t, "2026-01-29T04:00:00Z"), s.Next(utc(t, "2026-01-29T00:00:00Z")))
}

func TestScheduleRefuses(t *testing.T) {
	for _, c := range []struct{ name, cron, want string }{
		{"a sixth field", "0 0 6 * * *", `cron "0 0 6 * * *": expected exactly 5 fields, found 6: [0 0 6 * * *]`},
		{"words", "at dawn", `cron "at dawn": expected exactly 5 fields, found 2: [at dawn]`},
		{"a zone inside", "CRON_TZ=Asia/Tokyo 0 6 * * *", `cron "CRON_TZ=Asia/Tokyo 0 6 * * *": the time zone belongs into timezone`},
		{"what is never", "0 6 30 2 *", `cron "0 6 30 2 *": never happens`},
		{"what has no instants", "@every 1h", `cron "@every 1h": has no fixed instants`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(c.cron, time.UTC)
			assert.EqualError(t, err, c.want)
		})
	}
}

// The latest instant, found by narrowing down, is what walking from instant to instant finds.
func FuzzScheduleLatestIsTheOneBeforeNext(f *testing.F) {
	f.Add("0 6 * * *", "UTC", int64(1769666400), uint16(0))
	f.Add("30 2 * * *", "Europe/Berlin", int64(1774746000), uint16(3600))
	f.Add("*/7 1-3 * * 0", "America/New_York", int64(1793512800), uint16(7))
	f.Add("0 0 29 2 *", "Pacific/Apia", int64(1325239200), uint16(59))
	f.Add("15 2 * * *", "Australia/Lord_Howe", int64(1791041400), uint16(1))
	f.Fuzz(func(t *testing.T, expr, name string, unix int64, plus uint16) {
		loc, err := time.LoadLocation(name)
		if err != nil || unix < 0 || unix > 4e9 {
			t.Skip()
		}
		s, err := New(expr, loc)
		if err != nil {
			t.Skip()
		}
		first := s.Next(time.Unix(unix, 0))
		if first.IsZero() {
			t.Skip()
		}
		now := first.Add(time.Duration(plus) * time.Second)
		want := first
		for next := s.Next(want); !next.IsZero() && !next.After(now); next = s.Next(want) {
			require.True(t, next.After(want), "instants go forward")
			want = next
		}
		assert.Equal(t, want, s.Latest(now))
	})
}
