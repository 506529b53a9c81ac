package ssh

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"sync"

	"golang.org/x/crypto/ssh"
)

// maxPassphrase bounds a file with a passphrase: a larger one is another kind of file.
const maxPassphrase = 64 << 10

// unlocker opens private keys that are encrypted. The opened key is kept as long as neither file changes, since
// opening one is made to be slow, and ten thousand machines share a few. The passphrase is not kept.
type unlocker struct {
	log  *slog.Logger
	mu   sync.Mutex
	keys map[[2]string]*openedKey // by the paths of key and passphrase
}

type openedKey struct {
	mu     sync.Mutex // held while opening, so that a key is opened once
	locked []byte     // what was opened
	stamp  stamp      // of the passphrase's file then
	id     identity
}

func newUnlocker(log *slog.Logger) *unlocker {
	return &unlocker{log: log, keys: map[[2]string]*openedKey{}}
}

// open returns the identity with its key, or with a problem that names the passphrase's file and nothing in it.
func (u *unlocker) open(id identity, file string) identity {
	if file == "" {
		id.problem = "encrypted with a passphrase, and no passphrase_file is given"
		return id
	}
	u.mu.Lock()
	key := u.keys[[2]string{id.path, file}]
	if key == nil {
		key = &openedKey{}
		u.keys[[2]string{id.path, file}] = key
	}
	u.mu.Unlock()

	key.mu.Lock()
	defer key.mu.Unlock()
	now, err := stampOf(file) // before reading: a change meanwhile is then seen the next time
	if err != nil {
		id.problem = passphraseProblem(file, fileProblem(err))
		return id
	}
	if !key.stamp.same(now) || !bytes.Equal(key.locked, id.locked) {
		key.id, key.stamp, key.locked = u.decrypt(id, file, now), now, id.locked
	}
	return key.id
}

func passphraseProblem(file, problem string) string {
	return "encrypted with a passphrase, and passphrase_file " + file + " cannot be used: " + problem
}

func (u *unlocker) decrypt(id identity, file string, now stamp) identity {
	passphrase, err := u.passphrase(file, now)
	if err != nil {
		id.problem = passphraseProblem(file, fileProblem(err))
		return id
	}
	defer clear(passphrase)
	signer, err := ssh.ParsePrivateKeyWithPassphrase(id.locked, passphrase)
	if err != nil { // what it says is of no use to anybody: most often the key is taken for damaged
		id.problem = "the passphrase in " + file + " does not open it"
		return id
	}
	opened := usable(signer)
	opened.path = id.path
	return opened
}

// passphrase is the file's content without the line's end.
func (u *unlocker) passphrase(file string, now stamp) ([]byte, error) {
	switch {
	case !now.info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case now.info.Size() > maxPassphrase:
		return nil, errors.New("too large for a passphrase")
	case othersMayRead(now.info):
		u.log.Warn("other users may read a passphrase", "file", file, "mode", now.info.Mode().Perm().String())
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	passphrase := bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	if len(passphrase) == 0 {
		return nil, errors.New("empty")
	}
	return passphrase, nil
}
