package state

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// restartSize is what must be free in the directory for it to make sense to write again, after a write that failed.
const restartSize = 1 << 20

// disk is the directory that the embedded server writes to.
type disk struct {
	dir  string
	lock *flock.Flock
	told bool // that it cannot be written
}

// errReplaced says that writes go to files that nobody will find again.
var errReplaced = errors.New("it was removed, or another directory is in its place; what is stored now is lost with this process")

// check finds out whether what is written now would be found at the next start, and whether there is so much room.
func (d *disk) check(room int) error {
	if err := d.tryToWrite(room); err != nil {
		return fmt.Errorf("storage directory %s cannot be written: %w", d.dir, err)
	}
	return nil
}

func (d *disk) tryToWrite(room int) error {
	held, err := d.lock.Stat()
	if err != nil {
		return err
	}
	found, err := os.Stat(d.lock.Path())
	if errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(held, found) {
		return errReplaced
	}
	if err != nil {
		return err
	}
	return preflight(d.dir, room, false)
}

// tend finds out whether what happens can be stored, and starts the server anew where it cannot be for no other reason
// than that it could not be before. Beats call it, one at a time.
func (s *Store) tend(ctx context.Context) {
	room := preflightSize
	stuck := s.server.log.stuck.Load()
	if stuck != nil {
		room = restartSize
	}
	err := s.disk.check(room)
	if err == nil && stuck != nil {
		s.log.Warn("the state could not be written and is read anew", "dir", s.disk.dir, "reason", *stuck)
		if err = s.startAnew(ctx); err != nil {
			err = fmt.Errorf("storage directory %s: %w", s.disk.dir, err)
		}
	}
	switch {
	case err != nil && !s.disk.told:
		s.log.Error("the state cannot be written, verdicts cannot be stored", "err", err)
	case err == nil && (s.disk.told || stuck != nil):
		s.log.Info("the state can be written", "dir", s.disk.dir)
	}
	s.disk.told = err != nil
	s.view.setStuck(err)
}

// startAnew is a restart of the server, after which jobs whose workers could not give them back are free at once, as they
// are when the process starts. Who is at one still may finish it.
func (s *Store) startAnew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := s.server.restart(ctx)
	for err == nil && !s.nc.IsConnected() {
		err = sleep(ctx, reconnectWait)
	}
	if err == nil {
		err = s.queue.freshConsumer(ctx)
	}
	if err != nil {
		s.server.log.giveUp(err.Error()) // the next beat tries again
	}
	return err
}

// setStuck shows why nothing can be stored; nil: it can.
func (v *View) setStuck(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if text != v.stuck {
		v.stuck = text
		v.notify()
	}
}

// Stuck says why nothing can be stored at the moment; empty: it can, as far as is known. What is shown is right all the same: it
// is what was stored last, and with a server of our own nobody else can have changed it.
func (v *View) Stuck() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stuck
}
