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
	if err := preflight(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("storage directory %s is not usable: %w", dir, err), lock.Close())
	}
	return lock, nil
}

// preflight writes a little and syncs it, because the server's own complaints about a full or read-only disk
// come late and name no directory.
func preflight(dir string) (err error) {
	f, err := os.CreateTemp(dir, ".preflight-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if _, err := f.Write(make([]byte, preflightSize)); err != nil {
		return err
	}
	return f.Sync()
}
