package fleetbench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

// Recorder runs a real shell for one check and keeps what passes in both directions.
type Recorder struct {
	Home string // of who is logged in

	mu      sync.Mutex
	in, out bytes.Buffer
	ran     bool
}

var _ simfleet.Exec = (&Recorder{}).Exec

// Exec is a simfleet.Exec.
func (r *Recorder) Exec(ctx context.Context, stdin io.ReadCloser, stdout, stderr io.Writer) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { _ = stdin.Close() }()
	if r.ran {
		return 1
	}
	r.ran = true
	cmd := exec.CommandContext(ctx, simfleet.Command)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.Home}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(stdout, &r.out), stderr
	input, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return 1
	}
	var work sync.WaitGroup
	work.Go(func() {
		defer func() { _ = input.Close() }()
		_, _ = io.Copy(io.MultiWriter(input, &r.in), stdin) // ends with the client or the shell
	})
	_ = cmd.Wait() // ProcessState tells
	_ = stdin.Close()
	work.Wait()
	return cmd.ProcessState.ExitCode()
}

// Recording is what was recorded.
func (r *Recorder) Recording() (*Recording, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ran {
		return nil, errors.New("nothing was run")
	}
	return ParseRecording(r.in.Bytes(), r.out.Bytes())
}
