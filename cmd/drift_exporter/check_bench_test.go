package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	cryptossh "golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/ssh"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// The fleet of the benchmark: one real sshd that answers on as many loopback addresses.
const (
	benchMachines    = 100
	benchConcurrency = 16
	benchItems       = 20
)

// BenchmarkFleet compares a check of 100 machines with the floor: a program that dials each of them and sends
// what the check sent, and does nothing else. Both run on the same sshd in one run; the ratio is what counts.
func BenchmarkFleet(b *testing.B) {
	fleet, server := benchFleet(b)
	recorder := &recorder{Transport: ssh.New(ssh.Options{Logger: slog.New(slog.DiscardHandler)})}
	check := func(t checker.Transport) {
		c := checker.New(map[config.Transport]checker.Transport{config.TransportSSH: t}, slog.New(slog.DiscardHandler), clockwork.NewRealClock())
		names := make([]string, 0, len(fleet.Config.Machines))
		for _, m := range fleet.Config.Machines {
			names = append(names, m.Name)
		}
		for _, o := range checkAll(context.Background(), fleet, names, c, func(checker.Outcome) {}) {
			require.Nil(b, o.Failure)
			require.Len(b, o.Results, 1)
			require.Empty(b, o.Results[0].Mismatches)
		}
	}
	check(recorder) // what is sent is the same for all of them but the nonce
	floor := bareClient(b, server)

	var bare, ours time.Duration
	var bareCPU, oursCPU time.Duration
	for b.Loop() {
		// Alternating, so that whatever else the computer does hits both alike.
		wall, cpu := measure(func() {
			var group errgroup.Group
			group.SetLimit(benchConcurrency)
			for _, m := range fleet.Config.Machines {
				group.Go(func() error { return floor(m.Address, recorder.sent()) })
			}
			require.NoError(b, group.Wait())
		})
		bare, bareCPU = bare+wall, bareCPU+cpu
		wall, cpu = measure(func() { check(recorder.Transport) })
		ours, oursCPU = ours+wall, oursCPU+cpu
	}
	n := float64(b.N)
	b.ReportMetric(bare.Seconds()/n, "bare-s/op")
	b.ReportMetric(bareCPU.Seconds()/n, "bare-cpu-s/op")
	b.ReportMetric(ours.Seconds()/n, "check-s/op")
	b.ReportMetric(oursCPU.Seconds()/n, "check-cpu-s/op")
	b.ReportMetric(float64(ours)/float64(bare), "wall-ratio")
	b.ReportMetric(float64(oursCPU)/float64(bareCPU), "cpu-ratio")
}

func benchFleet(b *testing.B) (*checker.Fleet, *testsshd.Server) {
	b.Helper()
	server := testsshd.Start(b, testsshd.Options{AllLoopbacks: true})
	dir := b.TempDir()
	var pack strings.Builder
	pack.WriteString("items:\n  files:\n")
	for i := range benchItems {
		name := filepath.Join(server.Home, fmt.Sprintf("file%d", i))
		require.NoError(b, os.WriteFile(name, []byte("content\n"), 0o644))
		require.NoError(b, os.Chmod(name, 0o644))
		fmt.Fprintf(&pack, "    - {path: %s, mode: \"0644\", content: \"content\\n\"}\n", name)
	}
	var c, known strings.Builder
	fmt.Fprintf(&c, "check: {concurrency: %d}\nssh: {user: %s, port: %d, identity_files: [%s], known_hosts_files: [%s]}\nmachines:\n",
		benchConcurrency, server.User, server.Port, server.KeyFile, filepath.Join(dir, "known_hosts"))
	for i := range benchMachines {
		address := fmt.Sprintf("127.0.1.%d", i+1)
		fmt.Fprintf(&c, "  - {name: m%d, address: %s, packs: [files]}\n", i, address)
		fmt.Fprintf(&known, "[%s]:%d %s\n", address, server.Port, server.HostKey("ed25519"))
	}
	require.NoError(b, os.Mkdir(filepath.Join(dir, "packs"), 0o755))
	for name, text := range map[string]string{"packs/files.yaml": pack.String(), "config.yaml": c.String(), "known_hosts": known.String()} {
		require.NoError(b, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	fleet, problems := checker.LoadFleet(filepath.Join(dir, "config.yaml"), server.Home)
	require.False(b, problems.Fatal(), problems)
	return fleet, server
}

// measure returns the wall time and the CPU time of this process that f takes.
func measure(f func()) (wall, cpu time.Duration) {
	used := func() time.Duration {
		var usage syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage) // cannot fail for the process itself
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	start, before := time.Now(), used()
	f()
	return time.Since(start), used() - before
}

// bareClient dials with x/crypto/ssh, runs /bin/sh and sends it a recorded check.
func bareClient(b *testing.B, server *testsshd.Server) func(address string, sent [][]byte) error {
	b.Helper()
	key, err := os.ReadFile(server.KeyFile)
	require.NoError(b, err)
	signer, err := cryptossh.ParsePrivateKey(key)
	require.NoError(b, err)
	host, _, _, _, err := cryptossh.ParseAuthorizedKey([]byte(server.HostKey("ed25519")))
	require.NoError(b, err)
	clientConfig := &cryptossh.ClientConfig{
		User: server.User, Auth: []cryptossh.AuthMethod{cryptossh.PublicKeys(signer)},
		HostKeyCallback: cryptossh.FixedHostKey(host), HostKeyAlgorithms: []string{cryptossh.KeyAlgoED25519},
	}
	return func(address string, sent [][]byte) error {
		client, err := cryptossh.Dial("tcp", net.JoinHostPort(address, fmt.Sprint(server.Port)), clientConfig)
		if err != nil {
			return err
		}
		defer func() { _ = client.Close() }()
		session, err := client.NewSession()
		if err != nil {
			return err
		}
		stdin, err := session.StdinPipe()
		if err != nil {
			return err
		}
		stdout, err := session.StdoutPipe()
		if err != nil {
			return err
		}
		if err := session.Start("/bin/sh"); err != nil {
			return err
		}
		return replay(stdin, stdout, sent)
	}
}

// replay sends the script, waits until it is ready for data, sends the rest and reads to the end.
func replay(stdin io.Writer, stdout io.Reader, sent [][]byte) error {
	if _, err := stdin.Write(sent[0]); err != nil {
		return err
	}
	buffer := make([]byte, 64*1024)
	var seen []byte
	for !bytes.Contains(seen, []byte("ready\n")) {
		n, err := stdout.Read(buffer)
		if err != nil {
			return err
		}
		seen = append(seen, buffer[:n]...)
	}
	if _, err := stdin.Write(bytes.Join(sent[1:], nil)); err != nil {
		return err
	}
	rest, err := io.ReadAll(stdout)
	if err != nil {
		return err
	}
	if !bytes.Contains(rest, []byte(" bye ")) {
		return fmt.Errorf("the replayed check did not end well: %q", rest)
	}
	return nil
}

// recorder keeps what is written to the first session that it starts.
type recorder struct {
	checker.Transport
	mu     sync.Mutex
	writes [][]byte
	taken  bool
}

func (r *recorder) Start(ctx context.Context, m *config.Machine, argv []string) (checker.Session, error) {
	session, err := r.Transport.Start(ctx, m, argv)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || r.taken {
		return session, err
	}
	r.taken = true
	return recorded{session, r}, nil
}

func (r *recorder) sent() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writes
}

type recorded struct {
	checker.Session
	to *recorder
}

func (s recorded) Write(p []byte) (int, error) {
	s.to.mu.Lock()
	s.to.writes = append(s.to.writes, bytes.Clone(p))
	s.to.mu.Unlock()
	return s.Session.Write(p)
}
