package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShortestGap(t *testing.T) {
	for _, c := range []struct {
		name, cron, zone string
		want             time.Duration
	}{
		{"daily", "0 6 * * *", "UTC", 24 * time.Hour},
		{"daily where clocks change", "0 6 * * *", "Europe/Berlin", 23 * time.Hour},
		{"daily at a time that a day has twice", "30 2 * * *", "Europe/Berlin", 23*time.Hour + 30*time.Minute},
		{"on working days", "0 6 * * MON-FRI", "UTC", 24 * time.Hour},
		{"at odd times", "0 6,8,20 * * *", "UTC", 2 * time.Hour},
		{"over midnight", "50 0,23 * * *", "UTC", time.Hour},
		{"every minute of one hour", "* 6 * * *", "UTC", time.Minute},
		{"every minute", "* * * * *", "Europe/Berlin", time.Minute},
		{"at the end of months and on their first days", "0 6 1,31 * *", "UTC", 24 * time.Hour},
		{"monthly", "0 6 1 * *", "UTC", 28 * 24 * time.Hour},
		{"yearly", "0 0 1 1 *", "UTC", 365 * 24 * time.Hour},
		{"on leap days, of which the second is too far away", "0 0 29 2 *", "UTC", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(c.cron, zone(t, c.zone))
			require.NoError(t, err)
			assert.Equal(t, c.want, s.ShortestGap())
		})
	}
}
