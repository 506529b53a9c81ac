package config

import (
	"strings"
	"time"
	_ "time/tzdata" // time zones on machines that have no zoneinfo of their own, such as small containers

	"github.com/robfig/cron/v3"

	"github.com/drift-exporter/drift_exporter/internal/schedule"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// schedule reads `schedule` over the defaults.
func (s scope) schedule(raw rawSchedule, c *Schedule) {
	if raw.Cron.Set {
		c.Cron = s.cron(raw.Cron, c.Cron)
	}
	c.Location = s.location(raw.Timezone, c.Location)
	c.CatchUp = raw.CatchUp.Or(c.CatchUp)
	c.Spread = s.spread(raw.Spread, *c)
}

// spread reads over how long a run's machines are begun. The next run would cut short what does not end before it.
func (s scope) spread(v yamlfile.Scalar, c Schedule) time.Duration {
	spread := s.durationOrZero(v, "schedule.spread", c.Spread)
	if spread == 0 {
		return 0
	}
	plan, err := schedule.New(c.Cron, c.Location)
	if err != nil {
		s.errorf(v.Line, "schedule.spread cannot be compared with the time between runs: %v", err)
		return c.Spread
	}
	if gap := plan.ShortestGap(); gap > 0 && spread >= gap {
		s.errorf(v.Line, "schedule.spread must be shorter than the shortest time between two runs, which is %s", short(gap))
		return c.Spread
	}
	return spread
}

// location reads the schedule's time zone.
func (s scope) location(v yamlfile.Scalar, otherwise *time.Location) *time.Location {
	if !v.Set {
		return otherwise
	}
	location, err := time.LoadLocation(v.Value)
	if err != nil || v.Value == "" {
		s.errorf(v.Line, "schedule.timezone %q is not a time zone: write UTC or a name such as Europe/Berlin", v.Value)
		return otherwise
	}
	return location
}

// shorthands are cron's own names for common schedules.
var shorthands = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

// cron reads a cron expression of five fields.
func (s scope) cron(v yamlfile.Scalar, otherwise string) string {
	fields := strings.Fields(v.Value)
	spec := strings.Join(fields, " ")
	if long, ok := shorthands[spec]; ok {
		return long
	}
	switch {
	case strings.HasPrefix(spec, "TZ=") || strings.HasPrefix(spec, "CRON_TZ="):
		s.errorf(v.Line, "schedule.cron must not name a time zone: give it as schedule.timezone")
		return otherwise
	case len(fields) != 5:
		s.errorf(v.Line, "schedule.cron %q must have five fields (minute, hour, day of month, month, day of week), such as \"0 6 * * *\"", v.Value)
		return otherwise
	}
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		what, _, _ := strings.Cut(err.Error(), ": strconv.")
		s.errorf(v.Line, "schedule.cron %q: %s", v.Value, what)
		return otherwise
	}
	if schedule.Next(time.Unix(0, 0).UTC()).IsZero() {
		s.errorf(v.Line, "schedule.cron %q never comes: there is no such day", v.Value)
		return otherwise
	}
	return spec
}

// check reads `check` over the defaults.
func (s scope) check(raw rawCheck, c *Check) {
	c.Concurrency = s.number(raw.Concurrency, "check.concurrency", c.Concurrency, 1, anyNumber)
	c.Timeout = s.duration(raw.Timeout, "check.timeout", c.Timeout)
	c.Retries = s.number(raw.Retries, "check.retries", c.Retries, 0, anyNumber)
	c.RetryDelay = s.durationOrZero(raw.RetryDelay, "check.retry_delay", c.RetryDelay)
	c.AllowCommands = raw.AllowCommands.Or(c.AllowCommands)
}
