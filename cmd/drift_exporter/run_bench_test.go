package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/run"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// BenchmarkRunWithoutSSH is what a run costs besides its checks: the queue, judging and storing of every machine of a
// fleet. The checks themselves are made up. first: nothing is known of the machines; unchanged: they are as they were.
func BenchmarkRunWithoutSSH(b *testing.B) {
	for _, machines := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("machines=%d", machines), func(b *testing.B) {
			b.Run("first", func(b *testing.B) {
				var spent cost
				for b.Loop() {
					b.StopTimer()
					d := newBenchDaemon(b, machines)
					stop := d.start(b)
					b.StartTimer()
					spent.add(func() { d.runAll(b, machines) })
					b.StopTimer()
					stop()
					b.StartTimer()
				}
				spent.report(b, machines)
			})
			b.Run("unchanged", func(b *testing.B) {
				d := newBenchDaemon(b, machines)
				stop := d.start(b)
				d.runAll(b, machines)
				var spent cost
				for b.Loop() {
					spent.add(func() { d.runAll(b, machines) })
				}
				stop()
				spent.report(b, machines)
			})
		})
	}
}

// cost is what runs took.
type cost struct{ wall, cpu time.Duration }

func (c *cost) add(f func()) {
	wall, cpu := measure(f)
	c.wall, c.cpu = c.wall+wall, c.cpu+cpu
}

func (c *cost) report(b *testing.B, machines int) {
	n := float64(b.N * machines)
	b.ReportMetric(float64(c.wall.Microseconds())/n, "µs/machine")
	b.ReportMetric(float64(c.cpu.Microseconds())/n, "cpu-µs/machine")
	b.ReportMetric(0, "ns/op")
}

// benchDaemon is a daemon whose checks are made up.
type benchDaemon struct{ *daemon }

func newBenchDaemon(b *testing.B, machines int) *benchDaemon {
	b.Helper()
	dir := b.TempDir()
	var config strings.Builder
	config.WriteString("schedule: {cron: \"0 0 1 1 *\", catch_up: false}\nmachines:\n")
	for i := range machines {
		fmt.Fprintf(&config, "  - {name: web-%05d.prod.example.com, transport: local, packs: [base, web, hardening]}\n", i)
	}
	require.NoError(b, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(config.String()), 0o600))
	require.NoError(b, os.Mkdir(filepath.Join(dir, "packs"), 0o755))
	for _, pack := range []string{"base", "web", "hardening"} {
		text := "items: {files: [{path: /etc/passwd, owner: root}]}\n"
		require.NoError(b, os.WriteFile(filepath.Join(dir, "packs", pack+".yaml"), []byte(text), 0o600))
	}
	d := newStoppedDaemon(b, dir)
	var err error
	d.runner, err = run.New(run.Options{
		Store: d.store, Queue: d.store.Queue(), Fleet: d.fleet.Load(), Check: madeUp, Sink: d.sink, Logger: d.log,
	})
	require.NoError(b, err)
	return &benchDaemon{d}
}

// start runs the runner until the returned function is called.
func (d *benchDaemon) start(b *testing.B) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.runner.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(b, <-ended)
		require.NoError(b, d.store.Close())
	}
}

// runAll checks all machines and returns when the run is over.
func (d *benchDaemon) runAll(b *testing.B, machines int) {
	b.Helper()
	id, err := d.runner.StartRun(b.Context(), state.TriggerAPI, nil)
	require.NoError(b, err)
	for {
		changed := d.store.View().Changed()
		if last, ok := d.store.View().LastRun(); ok && last.ID == id {
			require.Equal(b, machines, last.Checked)
			break
		}
		<-changed
	}
	for on := true; on; _, on = d.runner.Current() { // it is stored a moment before
		runtime.Gosched()
	}
}

// madeUp is the outcome of a machine of which one pair in twenty is drifted, always the same.
func madeUp(_ context.Context, f *checker.Fleet, machine, run string) checker.Outcome {
	now := time.Now().UTC()
	m, _ := f.Machine(machine)
	out := checker.Outcome{
		Machine: machine, Run: run, At: now, Duration: 400 * time.Millisecond,
		Facts: state.Facts{
			OS: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)", Kernel: "6.1.0-18-amd64", Arch: "x86_64",
			Hostname: machine, PackageManager: "dpkg", Init: "systemd", User: "root", Home: "/root",
		},
	}
	for i, pack := range m.Packs {
		r := state.Result{
			Key: state.Key{Machine: machine, Pack: pack}, Run: run, Status: state.Compliant, At: now, Duration: out.Duration, Items: 20,
			PackDigest: strings.Repeat("0123456789abcdef", 4), Definitions: map[string]string{},
		}
		for n := range r.Items {
			r.Definitions[state.ItemID("file", fmt.Sprintf("/etc/%s/file%d", pack, n))] = "0123456789abcdef"
		}
		if (int(machine[8])+i)%20 == 0 {
			r.Status = state.Drifted
			r.Mismatches = []state.Mismatch{{
				Type: "wrong_permissions", Kind: "file", Item: "/etc/" + pack + "/file1", Expected: "0600", Actual: "0644",
				Source: "packs/" + pack + ".yaml:9",
			}}
		}
		out.Results = append(out.Results, r)
	}
	return out
}
