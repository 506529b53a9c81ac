// Command fleet plays machines for the benchmark, in a process of its own: one SSH server that answers on every address
// of 127.0.0.0/8. A check is answered as a real shell has answered it once; any other command is answered with as many
// bytes. It ends when its standard input does, and then prints who has logged in and what was negotiated.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/fleetbench"
	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

func main() { os.Exit(run()) }

func run() int {
	recording := flag.String("recording", "", "file with what a check is answered")
	dir := flag.String("dir", "", "where to write key, host_key.pub, output (of any other command), port (last, and whole)")
	flag.Parse()
	logins := &logins{counts: map[string]int{}}
	fleet, err := start(*recording, *dir, logins)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	fleet.Close()
	logins.print(os.Stdout)
	return 0
}

func start(recording, dir string, logins *logins) (*simfleet.Fleet, error) {
	r, err := fleetbench.ReadRecording(recording)
	if err != nil {
		return nil, err
	}
	fleet, err := simfleet.New()
	if err != nil {
		return nil, err
	}
	fleet.LoggedIn = logins.add
	listener, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		return nil, err
	}
	check, other := r.Play(), answer([]byte(r.Output()))
	machine, err := fleet.AddAt(listener, func(command string) simfleet.Exec {
		if command == simfleet.Command {
			return check
		}
		return other
	})
	if err != nil {
		return nil, err
	}
	key, err := fleet.Key()
	if err != nil {
		return nil, err
	}
	temporary := filepath.Join(dir, "port.tmp")
	for _, file := range []struct {
		path string
		data []byte
	}{
		{filepath.Join(dir, "key"), key},
		{filepath.Join(dir, "host_key.pub"), ssh.MarshalAuthorizedKey(machine.HostKey())},
		{filepath.Join(dir, "output"), []byte(r.Output())},
		{temporary, fmt.Append(nil, machine.Port())},
	} {
		if err := os.WriteFile(file.path, file.data, 0o600); err != nil {
			return nil, err
		}
	}
	return fleet, os.Rename(temporary, filepath.Join(dir, "port"))
}

// answer is what runs for a command that is no check.
func answer(output []byte) simfleet.Exec {
	return func(_ context.Context, stdin io.ReadCloser, stdout, _ io.Writer) int {
		_ = stdin.Close()
		if _, err := io.Copy(stdout, bytes.NewReader(output)); err != nil {
			return 1
		}
		return 0
	}
}

// logins counts connections by who made them and what was negotiated.
type logins struct {
	mu     sync.Mutex
	counts map[string]int
}

func (l *logins) add(c *ssh.ServerConn) {
	what := string(c.ClientVersion())
	if m, ok := c.Conn.(ssh.AlgorithmsConnMetadata); ok {
		a := m.Algorithms()
		what += fmt.Sprintf(" %s, %s, %s", a.KeyExchange, a.HostKey, a.Read.Cipher)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[what]++
}

func (l *logins) print(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for what, n := range l.counts {
		lines = append(lines, fmt.Sprintf("%s: %d\n", what, n))
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Fprint(w, line)
	}
}
