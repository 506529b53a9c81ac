package state

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// away are the errors of a request that did not get as far as to somebody who knows.
var away = []error{
	nats.ErrNoResponders, nats.ErrTimeout, nats.ErrReconnectBufExceeded, nats.ErrConnectionReconnecting, nats.ErrDisconnected,
	nats.ErrConnectionClosed, nats.ErrStaleConnection,
}

// reached makes an error of a read ErrUnreachable, too, if it says that the servers are away.
func reached(err error) error {
	for _, is := range away {
		if errors.Is(err, is) {
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
	}
	return err
}
