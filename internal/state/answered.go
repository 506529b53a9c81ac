package state

import (
	"context"
	"errors"
	"time"
)

// firstPatience is how long the first answer is waited for where there may be none.
const firstPatience = time.Second

// untilAnswered asks servers for a stream or a consumer until they answer. Of several who ask for the same one while it is
// being made only the last gets an answer, and none who asks of it before it has a leader. It is made all the same: whoever
// asks again finds it.
func untilAnswered(ctx context.Context, ask func(context.Context) error) error {
	for patience := firstPatience; ; patience *= 2 {
		bounded, cancel := context.WithTimeout(ctx, patience)
		err := ask(bounded)
		cancel()
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}
