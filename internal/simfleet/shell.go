package simfleet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	statusRefused = 126 // as a shell says that it may not run something
	// outputGrace is how long a shell that has ended may have its output open elsewhere.
	outputGrace = 5 * time.Second
)

// plainPath is made of characters that mean nothing to a shell, so that such a path may stand anywhere in a script.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+)+$`)

// Shell is an Exec that runs the real shell with the script below the directory root, as if that was the whole machine:
// its /etc is root/etc, and so on. Programs in root/usr/bin come before this machine's. Only what isScript knows is run; its
// questions may follow.
func Shell(root string, isScript func(script string) bool) (Exec, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("a machine's directory: %w", err)
	}
	if !plainPath.MatchString(root) {
		return nil, fmt.Errorf("a machine's directory must have a plain name: %q", root)
	}
	s := &shell{root: root, isScript: isScript}
	return s.run, nil
}

type shell struct {
	root     string
	isScript func(script string) bool
}

// run is an Exec.
func (s *shell) run(ctx context.Context, stdin io.ReadCloser, stdout, stderr io.Writer) int {
	defer func() { _ = stdin.Close() }()
	in := bufio.NewReaderSize(stdin, maxLine)
	script, err := ReadScript(in)
	if err == nil && !s.isScript(script) {
		err = errOtherScript // whatever else is sent never reaches a shell
	}
	if err != nil {
		return refuse(stderr, err)
	}
	out, errs := &unplaced{to: stdout, root: s.root}, &unplaced{to: stderr, root: s.root}
	cmd := exec.Command(Command)
	cmd.Dir = s.root
	cmd.Env = []string{"PATH=" + filepath.Join(s.root, "usr/bin") + ":" + os.Getenv("PATH"), "HOME=" + filepath.Join(s.root, "home", User)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, errs, outputGrace
	input, err := cmd.StdinPipe()
	if err != nil {
		return refuse(stderr, err)
	}
	if err := cmd.Start(); err != nil {
		return refuse(stderr, err)
	}
	var work sync.WaitGroup
	var refused error
	work.Go(func() {
		defer func() { _ = input.Close() }()
		if _, err := io.WriteString(input, placed(script, s.root)); err == nil {
			refused = passQuestions(input, in, s.root)
		}
	})
	status := waitForGroup(ctx, cmd)
	_ = stdin.Close()
	work.Wait()
	_, _ = out.flush(), errs.flush() // the client may be gone
	if errors.Is(refused, errCommand) || errors.Is(refused, errLongLine) {
		return refuse(stderr, refused)
	}
	return status // other errors are that the shell has ended, or the client
}

func refuse(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "%s\n", err)
	return statusRefused
}

// waitForGroup waits for a child, and ends it and all that it has started when ctx ends, and whatever is left of that
// when the child has ended. Until the child is taken off the system's table its group's id cannot be another's.
func waitForGroup(ctx context.Context, cmd *exec.Cmd) (status int) {
	kill := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // fails only if there is nobody left
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		kill()
	})
	var info unix.Siginfo
	for errors.Is(unix.Waitid(unix.P_PID, cmd.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
	if !stop() {
		<-killed
	}
	kill()
	_ = cmd.Wait() // ProcessState tells how it ended
	return cmd.ProcessState.ExitCode()
}
