package testsshd

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// AllowSudo lets the user run /bin/sh as anybody through sudo without a password, until the test ends.
func (s *Server) AllowSudo(t testing.TB) {
	t.Helper()
	s.sudo(t, "NOPASSWD: /bin/sh")
}

// AllowSudoCommand lets the user run this one command as root, as sudoers writes it, until the test ends.
func (s *Server) AllowSudoCommand(t testing.TB, command string) {
	t.Helper()
	s.sudoAs(t, "root", "NOPASSWD: "+command)
}

// AllowSudoAs lets the user run /bin/sh as one other user only, without a password, until the test ends.
func (s *Server) AllowSudoAs(t testing.TB, user string) {
	t.Helper()
	s.sudoAs(t, user, "NOPASSWD: /bin/sh")
}

// AskSudo makes sudo ask the user for a password, which it does not have, until the test ends.
func (s *Server) AskSudo(t testing.TB) {
	t.Helper()
	s.sudo(t, "/bin/sh")
}

// RefuseSudo makes sudo refuse everything to the user, which is how a server starts.
func (s *Server) RefuseSudo(t testing.TB) {
	t.Helper()
	if err := os.Remove(sudoersFile(s.User)); err != nil && !os.IsNotExist(err) {
		t.Fatalf("testsshd: refuse sudo: %v", err)
	}
}

func (s *Server) sudo(t testing.TB, what string) {
	t.Helper()
	s.sudoAs(t, "ALL", what)
}

func (s *Server) sudoAs(t testing.TB, users, what string) {
	t.Helper()
	testenv.Program(t, "sudo", "sudo")
	file := sudoersFile(s.User)
	line := fmt.Sprintf("%s ALL=(%s) %s\n", s.User, users, what)
	temporary := file + ".tmp" // sudo skips names with a dot
	err := os.WriteFile(temporary, []byte(line), 0o440)
	if err == nil {
		err = os.Rename(temporary, file)
	}
	if err != nil {
		t.Fatalf("testsshd: write sudoers: %v", err)
	}
	t.Cleanup(func() { s.RefuseSudo(t) })
}

func sudoersFile(user string) string { return filepath.Join("/etc/sudoers.d", user) }
