package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// preflightSize is what must at least be free in the directory for a start to make sense.
const preflightSize = 64 << 10

// preflightName is the file that tries whether the directory can be written. Who has the lock is alone with it.
const preflightName = ".preflight"

// lockDir makes dir, private to its owner, checks that it can be written, and takes its lock. The lock is
// the kernel's: it goes with the process, however that ends.
func lockDir(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create storage directory: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock storage directory %s: %w", dir, err)
	}
	if !ok {
		return nil, fmt.Errorf("storage directory %s: %w", dir, ErrLocked)
	}
	if err := preflight(dir, preflightSize, true); err != nil {
		return nil, errors.Join(fmt.Errorf("storage directory %s is not usable: %w", dir, err), lock.Close())
	}
	return lock, nil
}

// preflight writes so much and removes it again, because the server's own complaints about a full or read-only disk
// come late and name no directory.
func preflight(dir string, room int, sync bool) (err error) {
	name := filepath.Join(dir, preflightName)
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(name)) }()
	if _, err := f.Write(make([]byte, room)); err != nil || !sync {
		return err
	}
	return f.Sync()
}
