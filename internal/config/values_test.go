package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDurationsInPrometheusNotationAndGos(t *testing.T) {
	for given, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "1d": 24 * time.Hour, "1w2d": 9 * 24 * time.Hour, "500ms": 500 * time.Millisecond,
		"1.5h": 90 * time.Minute, "250us": 250 * time.Microsecond, `"2m"`: 2 * time.Minute,
	} {
		assert.Equal(t, want, load(t, "check: {timeout: "+given+"}").Check.Timeout, given)
	}
	assert.Zero(t, load(t, "check: {retry_delay: 0}").Check.RetryDelay)
}

func TestCron(t *testing.T) {
	for given, want := range map[string]string{
		`"0 6 * * *"`: "0 6 * * *", `"*/15 0-6,22 * * MON-FRI"`: "*/15 0-6,22 * * MON-FRI", `"  0   6 * *	1 "`: "0 6 * * 1",
		`"@daily"`: "0 0 * * *", `"@hourly"`: "0 * * * *", "~": "0 6 * * *", `"0 0 29 2 *"`: "0 0 29 2 *",
	} {
		assert.Equal(t, want, load(t, "schedule: {cron: "+given+"}").Schedule.Cron, given)
	}
}

func TestTimezone(t *testing.T) {
	c := load(t, "schedule: {timezone: Europe/Berlin, catch_up: false}")
	assert.Equal(t, "Europe/Berlin", c.Schedule.Location.String())
	assert.False(t, c.Schedule.CatchUp)
}

func TestWaiverLastsThroughItsDayInTheSchedulesZone(t *testing.T) {
	c := load(t, `
schedule: {timezone: Europe/Berlin}
machines:
  - name: web1
    packs: [base]
    waivers:
      - {pack: base, kind: file, item: /winter, reason: a, expires: 2026-03-01}
      - {pack: base, kind: file, item: /change, reason: b, expires: "2026-03-29"}
      - {pack: base, kind: file, item: /newyear, reason: c, expires: 2026-12-31}
      - {pack: base, kind: file, item: /ever, reason: d}
`)
	var got []string
	for _, w := range c.Machines[0].Waivers[:3] {
		got = append(got, w.Expires.UTC().Format(time.RFC3339))
	}
	assert.Equal(t, []string{"2026-03-01T23:00:00Z", "2026-03-29T22:00:00Z", "2026-12-31T23:00:00Z"}, got)
	assert.True(t, c.Machines[0].Waivers[3].Expires.IsZero())
}

func TestVarsKeepTheirTextAndTheirTypes(t *testing.T) {
	c := load(t, "machines: [{name: a, packs: [base], vars: {version: 8.10, port: 8080, mode: 0644, on: true, hosts: [a, b], db: {name: x}}}]")
	assert.Equal(t, map[string]any{
		"version": "8.10", "port": 8080, "mode": "0644", "on": true, "hosts": []any{"a", "b"}, "db": map[string]any{"name": "x"},
	}, c.Machines[0].Vars)
}

func TestLabelsKeepTheirText(t *testing.T) {
	c := load(t, "alerting: {external_labels: {dc: 0123, gone: }}\nmachines: [{name: a, packs: [base], labels: {rack: 1.10, prod: yes}}]")
	assert.Equal(t, map[string]string{"dc": "0123"}, c.Alerting.ExternalLabels)
	require.Len(t, c.Machines, 1)
	assert.Equal(t, map[string]string{"rack": "1.10", "prod": "yes"}, c.Machines[0].Labels)
}
