package state

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// childDirEnv tells the other process which directory to open.
const childDirEnv = "DRIFT_STATE_TEST_DIR"

// crashPairs are the pairs that the writer counts up, each in a goroutine of its own.
var crashPairs = []Key{{"web1.example.com", "base"}, {"web1.example.com", "web"}, {"db1", "base"}}

// crashRecord is the nth record of a pair. Every part of it tells n: the verdict in the state entry, the
// definitions in the detail, and since drifted and compliant take turns, every one is a change in the history.
func crashRecord(k Key, n int) *Record {
	r := compliant(k)
	if n%2 == 1 {
		r = drifted(k, 1+n%5)
	}
	r.Verdict.Items = n
	r.Detail.Definitions = map[string]string{"n": fmt.Sprint(n)}
	return r
}

// childWriter opens the store and writes until it is killed. It says on its output what was acknowledged, a
// line each, before it goes on; every line is one write to the pipe, so that a kill cuts none.
func childWriter() int {
	ctx := context.Background()
	s, err := Open(ctx, Options{
		Dir: os.Getenv(childDirEnv), Logger: slog.New(slog.DiscardHandler), AckWait: time.Hour,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("opened")
	var wg sync.WaitGroup
	for i, k := range crashPairs {
		wg.Go(func() { childCount(ctx, s, k, i == 2) })
	}
	wg.Go(func() { childQueue(ctx, s) })
	wg.Go(func() { childMachine(ctx, s) })
	wg.Wait()
	return 1 // it never ends by itself
}

// childCount counts a pair up, and if it forgets, now and then forgets it.
func childCount(ctx context.Context, s *Store, k Key, forgets bool) {
	for {
		n := 0
		err := s.Transition(ctx, k, func(prev *Record) (*Record, bool) {
			if n = 1; prev != nil {
				n = prev.Verdict.Items + 1
			}
			if forgets && n > 10 {
				n = 0
				return nil, true
			}
			return crashRecord(k, n), true
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		fmt.Printf("record %s %d\n", k, n)
	}
}

// childQueue enqueues jobs under new names, pulls, and acknowledges every other one; the rest it keeps.
func childQueue(ctx context.Context, s *Store) {
	prefix := fmt.Sprintf("p%d-%d", os.Getpid(), time.Now().UnixNano())
	for i := 0; ; i += 2 {
		two := []Job{
			{Run: testRun, Machine: fmt.Sprintf("%s-%d", prefix, i)},
			{Run: testRun, Machine: fmt.Sprintf("%s-%d", prefix, i+1)},
		}
		if err := s.Queue().Enqueue(ctx, two); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		fmt.Printf("enqueued %s %s\n", two[0].Machine, two[1].Machine)
		got, err := s.Queue().Pull(ctx, 2)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		for j, d := range got {
			if (i+j)%2 == 1 {
				continue
			}
			fmt.Printf("acking %s\n", d.Job().Machine)
			if err := d.Ack(ctx); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			fmt.Printf("acked %s\n", d.Job().Machine)
		}
	}
}

// childMachine writes a machine again and again.
func childMachine(ctx context.Context, s *Store) {
	for i := 0; ; i++ {
		run := RunID(time.Now().Add(time.Duration(i) * time.Millisecond))
		if err := putMachine(ctx, s, Machine{Name: "m", Run: run, Facts: Facts{Kernel: run}}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		fmt.Printf("machine %s\n", run)
	}
}

// childOpen opens the store that another process may have.
func childOpen() int {
	s, err := Open(context.Background(), Options{
		Dir: os.Getenv(childDirEnv), Logger: slog.New(slog.DiscardHandler),
	})
	if errors.Is(err, ErrLocked) {
		fmt.Println("locked:", err)
		return 3
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("opened")
	// Until standard input ends.
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if strings.TrimSpace(in.Text()) == "close" {
			break
		}
	}
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
