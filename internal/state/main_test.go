package state

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// childEnv names the role that the test binary plays when a test starts it as another process.
const childEnv = "DRIFT_STATE_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "writer":
		os.Exit(childWriter())
	case "open":
		os.Exit(childOpen())
	}
	goleak.VerifyTestMain(m)
}

// eventually is how long what must happen may take on a busy machine.
const (
	eventually = 30 * time.Second
	tick       = 5 * time.Millisecond
)

// open opens a store that is closed with the test.
func open(tb testing.TB, dir string) *Store {
	tb.Helper()
	return openWith(tb, Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
}

func openWith(tb testing.TB, o Options) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return s
}

// replica opens another store over the same server, as another process does in a cluster.
func replica(tb testing.TB, of *Store) *Store {
	tb.Helper()
	s := &Store{log: slog.New(slog.DiscardHandler), cancel: func() {}}
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	var err error
	s.nc, err = of.server.connect(s.connOptions()...)
	require.NoError(tb, err)
	require.NoError(tb, s.attach(tb.Context(), Options{}.withDefaults(), false))
	return s
}

var (
	pair = Key{"web1.example.com", "base"}
	t0   = time.Date(2026, 1, 29, 6, 0, 3, 120_000_000, time.UTC)
)

// drifted is a record of a pair with n mismatches.
func drifted(k Key, n int) *Record {
	r := &Record{
		Key:     k,
		Verdict: &Verdict{Status: Drifted, At: t0, Since: t0, Run: "2026-01-29T06:00:00Z", Items: 12, Mismatches: n},
		Attempt: Attempt{Status: Drifted, At: t0, Run: "2026-01-29T06:00:00Z", Duration: time.Second},
		Detail:  &Detail{},
	}
	for i := range n {
		r.Detail.Mismatches = append(r.Detail.Mismatches, mismatch(i))
	}
	return r
}

func compliant(k Key) *Record {
	r := drifted(k, 0)
	r.Verdict.Status, r.Attempt.Status = Compliant, Compliant
	return r
}

func mismatch(i int) Mismatch {
	return Mismatch{
		Type: "wrong_permissions", Kind: "file", Item: fmt.Sprintf("/etc/file%d", i),
		Expected: "0600", Actual: "0644", Source: "packs/base.yaml:9",
	}
}

// store makes r the record of its pair.
func store(tb testing.TB, s *Store, r *Record) {
	tb.Helper()
	require.NoError(tb, s.Transition(context.Background(), r.Key, func(*Record) (*Record, bool) { return r, true }))
}

func forget(tb testing.TB, s *Store, k Key) {
	tb.Helper()
	require.NoError(tb, s.Transition(context.Background(), k, func(*Record) (*Record, bool) { return nil, true }))
}

// logBuffer is a log to look into.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
