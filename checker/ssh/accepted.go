package ssh

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

const (
	lockWithin = 10 * time.Second // for another process that writes the file
	maxLine    = 64 << 10         // of a known_hosts file
)

// acceptedKeys is the known_hosts file that accept-new writes. Besides what was parsed from the file it holds what
// this process has appended since, so that ten thousand new machines are not ten thousand times parsed.
type acceptedKeys struct {
	path string

	mu      sync.Mutex
	stamp   stamp // of the file that parsed and learned together stand for
	parsed  *knownFile
	learned map[string]ssh.PublicKey // by address
}

func (a *acceptedKeys) where() string { return a.path }

func (a *acceptedKeys) keysOf(addr string) ([]knownKey, error) {
	parsed, learned, err := a.current(addr)
	if err != nil {
		return nil, err
	}
	var keys []knownKey
	if parsed != nil {
		keys = append(keys, parsed.keysOf(addr)...)
	}
	if learned != nil {
		keys = append(keys, knownKey{key: learned, file: a.path})
	}
	return keys, nil
}

// ask says what is known of a host's key.
func (a *acceptedKeys) ask(addr string, remote net.Addr, key ssh.PublicKey) (opinion, error) {
	parsed, learned, err := a.current(addr)
	if err != nil {
		return opinion{}, err
	}
	return a.opinion(parsed, learned, addr, remote, key), nil
}

func (a *acceptedKeys) opinion(
	parsed *knownFile, learned ssh.PublicKey, addr string, remote net.Addr, key ssh.PublicKey,
) opinion {
	var o opinion
	if parsed != nil {
		o = parsed.ask(addr, remote, key)
	}
	if learned != nil {
		o.trusted = o.trusted || sameKey(learned, key)
		o.known = append(o.known, knownKey{key: learned, file: a.path})
	}
	return o
}

// current returns what the file says now and what was learned of addr since it was parsed.
func (a *acceptedKeys) current(addr string) (*knownFile, ssh.PublicKey, error) {
	if a.path == "" {
		return nil, nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now, err := stampOf(a.path)
	if errors.Is(err, fs.ErrNotExist) {
		a.stamp, a.parsed, a.learned = stamp{}, nil, nil
		return nil, nil, nil
	}
	if err == nil && !a.stamp.same(now) {
		if err = a.parse(); err != nil { // perhaps for the end of a line that is missing
			err = a.locked(func(file *os.File) error { return errors.Join(mend(file), a.parse()) })
		}
	}
	if err != nil {
		return nil, nil, internal(err, "the file of accepted host keys cannot be used")
	}
	return a.parsed, a.learned[addr], nil
}

// learn records a host's first key. The opinion that it returns is not to trust the key if the host has become
// known by another one.
func (a *acceptedKeys) learn(addr string, remote net.Addr, key ssh.PublicKey) (opinion, error) {
	if a.path == "" {
		return opinion{}, internal(nil, "there is no file to record the host key of %s in", addr)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var o opinion
	err := os.MkdirAll(filepath.Dir(a.path), 0o700)
	if err == nil {
		err = a.locked(func(file *os.File) error {
			if err := mend(file); err != nil {
				return err
			}
			if now, err := file.Stat(); err != nil || !a.stamp.same(stamp{now}) {
				if err := a.parse(); err != nil { // another process has written it
					return err
				}
			}
			o = a.opinion(a.parsed, a.learned[addr], addr, remote, key)
			if o.trusted || len(o.known) > 0 {
				return nil
			}
			o.trusted = true
			return a.append(file, addr, key)
		})
	}
	if err != nil {
		return opinion{}, internal(err, "the host key of %s cannot be recorded", addr)
	}
	return o, nil
}

// locked opens the file, creating it, and calls f while no other process reads or writes it.
func (a *acceptedKeys) locked(f func(*os.File) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), lockWithin)
	defer cancel()
	if err := provide(a.path + ".lock"); err != nil {
		return err
	}
	lock := flock.New(a.path+".lock", flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := provide(a.path); err != nil {
		return err
	}
	file, err := os.OpenFile(a.path, os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = f(file)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// provide makes an empty file where there is none. In somebody else's directory it is theirs, as root may check by hand
// with the files of a service, which has to write them later on.
func provide(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err == nil {
		owner, ok := dir.Sys().(*syscall.Stat_t)
		if ok && os.Geteuid() == 0 && owner.Uid != 0 {
			err = file.Chown(int(owner.Uid), int(owner.Gid))
		}
	}
	if err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return errors.Join(err, file.Close())
}

// append writes a line, in one write.
func (a *acceptedKeys) append(file *os.File, addr string, key ssh.PublicKey) error {
	if _, err := io.WriteString(file, knownhosts.Line([]string{addr}, key)+"\n"); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if a.learned == nil {
		a.learned = map[string]ssh.PublicKey{}
	}
	a.learned[addr] = key
	a.stamp = stamp{info}
	return nil
}

// parse reads the whole file.
func (a *acceptedKeys) parse() error {
	now, err := stampOf(a.path) // before reading: a change meanwhile is then seen the next time
	if err != nil {
		return err
	}
	parsed, err := parseKnownFile(a.path)
	if err != nil {
		return err
	}
	a.stamp, a.parsed, a.learned = now, parsed, nil
	return nil
}

// mend sees to it that the file ends with a whole line. A line that a crash or a full disk has cut off is removed,
// as if it had never been written; one that only lacks its end gets it. Any other fault in the file stays, and is
// an error, since a key must not be forgotten.
func mend(file *os.File) error {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	start := max(0, info.Size()-maxLine)
	tail := make([]byte, info.Size()-start)
	if _, err := file.ReadAt(tail, start); err != nil {
		return err
	}
	end := bytes.LastIndexByte(tail, '\n') + 1
	if end == len(tail) {
		return nil
	}
	if _, _, _, _, _, err := ssh.ParseKnownHosts(tail[end:]); err == nil {
		_, err = file.WriteString("\n")
		return err
	}
	return file.Truncate(start + int64(end))
}
