package state

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// maxRuns is how many runs are kept. Runs that have not ended are kept beyond it. The newest of the schedule is among them, however
// many were asked for since: while it is known its instant was not missed.
const maxRuns = 100

// maxRunAhead is how far in the future a run may lie and not have been stored by a clock that was wrong.
const maxRunAhead = time.Hour

// CreateRun claims a run. It returns ErrExists if the run is stored already, that is, if someone else has
// claimed it. Runs that ended long ago make room for it.
func (s *Store) CreateRun(ctx context.Context, r Run) error {
	if err := s.createRun(ctx, r); err != nil {
		return fmt.Errorf("create run %s: %w", r.ID, err)
	}
	if err := s.trimRuns(ctx); err != nil {
		s.log.Warn("could not delete old runs", "err", err) // the next run tries again
	}
	return nil
}

func (s *Store) createRun(ctx context.Context, r Run) error {
	key, err := encodeRun(r.ID)
	if err != nil {
		return err
	}
	value, err := encode(r)
	if err == nil {
		err = s.fits(value)
	}
	if err != nil {
		return err
	}
	after, err := s.buckets.runs.compareAndSet(ctx, key, func(cur entry) (change, error) {
		if _, err := decodeRunEntry(r.ID, cur.value); err == nil {
			return change{}, ErrExists
		}
		return change{op: opPut, value: value}, nil
	})
	if err != nil {
		return err
	}
	return s.showRun(r.ID, after)
}

// UpdateRun changes a run: next gets a copy of what is stored, changes it, and returns whether to store it. It
// may be called several times. UpdateRun returns the run as it is stored then, or ErrNotFound.
func (s *Store) UpdateRun(ctx context.Context, id string, next func(*Run) bool) (Run, error) {
	var run Run
	after, err := s.changeRun(ctx, id, func(cur *Run) (change, error) {
		run = *cur
		if !next(&run) {
			run = *cur
			return change{}, nil
		}
		run.ID = id
		value, err := encode(run)
		return change{op: opPut, value: value}, err
	})
	if err == nil {
		err = s.showRun(id, after)
	}
	if err != nil {
		return Run{}, fmt.Errorf("update run %s: %w", id, err)
	}
	return run, nil
}

func (s *Store) changeRun(ctx context.Context, id string, next func(cur *Run) (change, error)) (entry, error) {
	key, err := encodeRun(id)
	if err != nil {
		return entry{}, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return s.buckets.runs.compareAndSet(ctx, key, func(cur entry) (change, error) {
		if cur.revision == 0 {
			return change{}, ErrNotFound
		}
		r, err := decodeRunEntry(id, cur.value)
		if err != nil {
			s.log.Error("ignoring a corrupt stored run", "run", id, "revision", cur.revision, "err", err)
			return change{}, ErrNotFound
		}
		return next(r)
	})
}

// showRun shows a stored run in the view, decoded anew so that it shares nothing with the caller.
func (s *Store) showRun(id string, e entry) error {
	r, err := decodeRunEntry(id, e.value)
	if err != nil {
		return err
	}
	s.view.runs.put(id, e.revision, r)
	return nil
}

// Run reads a run. It returns ErrNotFound if there is none of that id, and ErrUnreachable.
func (s *Store) Run(ctx context.Context, id string) (Run, error) {
	var run Run
	_, err := s.changeRun(ctx, id, func(cur *Run) (change, error) {
		run = *cur
		return change{}, nil
	})
	if err != nil {
		return Run{}, fmt.Errorf("run %s: %w", id, reached(err))
	}
	return run, nil
}

// Runs returns the runs that are kept, the newest instant first.
func (s *Store) Runs(ctx context.Context) ([]Run, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	shown := s.view.Runs()
	runs := make([]Run, len(shown))
	for i, r := range shown {
		runs[i] = *r
	}
	return runs, nil
}

// trimRuns deletes runs that have ended, as long as there are more than maxRuns: the oldest, but before them those of a
// time to come. They were stored while the clock was ahead, and would take the place of all that come until then.
func (s *Store) trimRuns(ctx context.Context) error {
	runs := s.view.Runs()
	excess := len(runs) - maxRuns
	if excess <= 0 {
		return nil
	}
	soon := s.view.clock.Now().Add(maxRunAhead)
	isEarly := func(r *Run) bool { at, err := r.Instant(); return err == nil && at.After(soon) }
	planned := slices.IndexFunc(runs, func(r *Run) bool { return r.Planned() && !isEarly(r) })
	var early, others []*Run
	for i, r := range slices.Backward(runs) {
		if !r.Ended() || i == planned {
			continue
		} else if isEarly(r) {
			early = append(early, r)
		} else {
			others = append(others, r)
		}
	}
	ended := append(early, others...)
	for _, r := range ended[:min(excess, len(ended))] {
		after, err := s.changeRun(ctx, r.ID, func(*Run) (change, error) {
			return change{op: opRemove}, nil
		})
		if err != nil {
			return fmt.Errorf("delete run %s: %w", r.ID, err)
		}
		s.view.runs.removed(r.ID, after.revision)
	}
	return nil
}
