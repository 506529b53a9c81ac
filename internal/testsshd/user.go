package testsshd

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/gofrs/flock"
)

const userPrefix = "drift-test-"

var userCount atomic.Int64

// NewUser creates another user, who cannot log in, and removes it when the test ends.
func (s *Server) NewUser(t testing.TB) (name, home string) {
	t.Helper()
	name, home, _, _ = s.newUser(t, "/bin/sh")
	return name, home
}

// newUser creates a user, whose name holds our process id, and removes it when the test ends.
func (s *Server) newUser(t testing.TB, shell string) (name, home string, uid, gid int) {
	t.Helper()
	unlock := s.lockUsers()
	defer unlock()
	s.removeStaleUsers()
	name = fmt.Sprintf("%s%d-%d", userPrefix, os.Getpid(), userCount.Add(1))
	// "*" is a password that nothing matches; the default, "!", is a locked account, which sshd refuses.
	s.check("create user", command("useradd", "-m", "-s", shell, "-p", "*", name))
	t.Cleanup(func() {
		killUser(uid, gid)
		unlock := s.lockUsers()
		defer unlock()
		s.check("remove user", removeUser(name))
	})
	u, err := user.Lookup(name)
	s.check("look up user", err)
	uid, _ = strconv.Atoi(u.Uid)
	gid, _ = strconv.Atoi(u.Gid)
	return name, u.HomeDir, uid, gid
}

// killUser ends a user's processes: a command outlives its connection until it reads or writes.
func killUser(uid, gid int) {
	if uid == 0 {
		return
	}
	kill := exec.Command("/bin/sh", "-c", "kill -KILL -1")
	kill.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	_ = kill.Run() // fails where there is none; dash may or may not kill itself
}

// authorize lets the user log in with KeyFile.
func (s *Server) authorize() error {
	key, err := os.ReadFile(s.KeyFile + ".pub")
	if err != nil {
		return err
	}
	dir := filepath.Join(s.Home, ".ssh")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(dir, "authorized_keys")
	if err := os.WriteFile(file, key, 0o600); err != nil {
		return err
	}
	for _, f := range []string{dir, file} {
		if err := s.Chown(f); err != nil {
			return err
		}
	}
	return nil
}

// Chown gives a file to the server's user.
func (s *Server) Chown(file string) error { return os.Chown(file, s.uid, s.gid) }

// LockUsers keeps other test processes away from the user database while a test changes it itself.
func (s *Server) LockUsers() (unlock func()) {
	s.t.Helper()
	return s.lockUsers()
}

// lockUsers keeps other test processes away from the user database, since useradd gives up when it is locked.
func (s *Server) lockUsers() (unlock func()) {
	s.t.Helper()
	lock := flock.New(filepath.Join(os.TempDir(), "drift-testsshd.lock"))
	s.check("lock the user database", lock.Lock())
	return func() { _ = lock.Unlock() }
}

// removeStaleUsers removes the users of test processes that were killed.
func (s *Server) removeStaleUsers() {
	s.t.Helper()
	passwd, err := os.Open("/etc/passwd")
	s.check("list users", err)
	defer func() { _ = passwd.Close() }()
	for lines := bufio.NewScanner(passwd); lines.Scan(); {
		name, _, _ := strings.Cut(lines.Text(), ":")
		rest, ours := strings.CutPrefix(name, userPrefix)
		id, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(id)
		if ours && err == nil && syscall.Kill(pid, 0) != nil {
			if err := removeUser(name); err != nil {
				s.t.Logf("testsshd: remove stale user: %v", err)
			}
		}
	}
}

// removeUser removes a user, also one that still has processes, its home and what it may do with sudo.
func removeUser(name string) error {
	if err := os.Remove(sudoersFile(name)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return command("userdel", "--force", "--remove", name)
}
