package run

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-co-op/gocron/v2"

	"github.com/drift-exporter/drift_exporter/internal/schedule"
)

// jobName is the scheduled job's name in logs.
const jobName = "check"

// startCron starts the timer of scheduled runs. It only wakes the loop, which asks the schedule what is due.
func (r *Runner) startCron() error {
	r.cronMu.Lock()
	defer r.cronMu.Unlock()
	cron, err := gocron.NewScheduler(gocron.WithLocation(time.UTC), gocron.WithClock(r.clock))
	if err != nil {
		return fmt.Errorf("scheduler: %w", err)
	}
	def, task, opts := r.cronJob()
	job, err := cron.NewJob(def, task, opts...)
	if err != nil {
		return fmt.Errorf("scheduler: %w", err)
	}
	cron.Start()
	r.cron, r.jobID = cron, job.ID()
	return nil
}

func (r *Runner) cronJob() (gocron.JobDefinition, gocron.Task, []gocron.JobOption) {
	s := r.plan.Load().Schedule
	return gocron.CronJob(s.Cron(), false), gocron.NewTask(func() { signal(r.woken) }),
		[]gocron.JobOption{gocron.WithName(jobName), gocron.WithCronImplementation(cronOf{s})}
}

// updateCron makes the timer follow a new plan. The caller holds cronMu.
func (r *Runner) updateCron() error {
	if r.cron == nil {
		return nil
	}
	def, task, opts := r.cronJob()
	_, err := r.cron.Update(r.jobID, def, task, opts...)
	return err
}

func (r *Runner) stopCron() {
	r.cronMu.Lock()
	defer r.cronMu.Unlock()
	if err := r.cron.Shutdown(); err != nil {
		r.log.Warn("the timer of scheduled runs did not stop", "err", err)
	}
	r.cron = nil
}

// cronOf lets gocron take its times from a Schedule. gocron is run in UTC: it never sees the same time of day
// twice there, which it would skip by a rule of its own.
type cronOf struct{ *schedule.Schedule }

// IsValid has nothing to say: a Schedule is valid.
func (c cronOf) IsValid(string, *time.Location, time.Time) error {
	if c.Schedule == nil {
		return errors.New("no schedule")
	}
	return nil
}
