package ssh

import (
	"context"
	"time"
)

// attemptDelay is how long an address has before the next one is tried beside it, as RFC 8305 recommends: an address
// that swallows packets does not use up the time of the others.
const attemptDelay = 250 * time.Millisecond

// race makes attempts 0 to n-1, each when the one before it has failed or is late, until one succeeds. The others are
// canceled then, and what they bring all the same is dropped. If none succeeds, errs has an error of each.
func race[T any](
	ctx context.Context, n int, try func(ctx context.Context, i int) (T, error), drop func(T),
) (won T, winner int, errs []error) {
	if n == 1 { // as of nearly all machines: there is nobody to race against
		won, err := try(ctx, 0)
		if err != nil {
			return won, -1, []error{err}
		}
		return won, 0, nil
	}
	type result struct {
		i     int
		value T
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result, n)
	late := time.NewTimer(0)
	defer late.Stop()
	errs = make([]error, n)
	started, ended := 0, 0
	for ended < n {
		select {
		case <-late.C:
			if started == n {
				continue
			}
			i := started
			started++
			go func() {
				value, err := try(ctx, i)
				results <- result{i, value, err}
			}()
			late.Reset(attemptDelay)
		case r := <-results:
			ended++
			if r.err != nil {
				errs[r.i] = r.err
				late.Reset(0)
				continue
			}
			pending := started - ended
			go func() {
				for range pending {
					if r := <-results; r.err == nil {
						drop(r.value)
					}
				}
			}()
			return r.value, r.i, nil
		}
	}
	return won, -1, errs
}
