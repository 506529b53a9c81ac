package machines_test

import (
	"context"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
)

// Longer than anything takes that is not broken, on a machine that is busy with other tests.
const (
	checkTimeout   = "timeout: 20s"
	connectTimeout = "10s"
)

// without demands that each fault has left its machine without a verdict.
func (w *world) without(fault string, unknown int) {
	w.t.Helper()
	assert.Equal(w.t, len(w.faulty), unknown, "%s: a verdict all the same", fault)
	testfaults.Survived(w.t, fault, unknown)
}

// sizes are how many bytes come from a machine in a whole check: over the wire, and as the script prints them.
func (w *world) sizes() (wire, printed int) {
	w.t.Helper()
	m := w.faulty[0]
	var n atomic.Int64
	m.lie(func(ctx context.Context, shell simfleet.Exec, stdin io.ReadCloser, stdout, stderr io.Writer) int {
		return shell(ctx, stdin, io.MultiWriter(stdout, counter{&n}), stderr)
	})
	require.Empty(w.t, w.check())
	m.lie(nil)
	w.exporter.Eventually("the connection has ended", func() bool { wire = m.link.lastPassed(); return wire > 0 })
	return wire, int(n.Load())
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

func TestFaultMachines(t *testing.T) {
	random := testfaults.Random(t)
	w := start(t, testfaults.Pick(4, 24), checkTimeout)
	wire, printed := w.sizes()
	t.Logf("a check is %d bytes over the wire from the machine, of which the script prints %d", wire, printed)
	require.Greater(t, printed, 100)
	require.Greater(t, wire, printed)

	w.without("nobody listens", w.row("nobody listens", []string{"connect"}, func(_ int, m *machine) {
		m.link.breaks(linkFault{refuses: true})
	}))
	w.silence(random, wire, printed)
	w.breaks(random, wire)
	w.cuts(random, printed)
	w.ends()
	w.refuses()
}

// silence is machines that say nothing: from the start, after any byte, or in the end.
func (w *world) silence(random *rand.Rand, wire, printed int) {
	w.t.Helper()
	w.without("a machine takes the connection and says nothing, or nothing more after any byte", w.row("silence", []string{"timeout"}, func(i int, m *machine) {
		switch i % 4 {
		case 0:
			m.link.breaks(linkFault{silent: true})
		case 1:
			m.link.breaks(linkFault{broken: stalled, after: random.IntN(wire / 2)})
		case 2:
			m.lie(cutAfter(random.IntN(printed), never))
		case 3:
			m.lie(cutAfter(0, never))
		}
	}))
}

// breaks is connections that break after any byte, of the handshake, the login or the answers.
func (w *world) breaks(random *rand.Rand, wire int) {
	w.t.Helper()
	tried, unknown := 0, 0
	for range testfaults.Pick(2, 25) {
		at := []int{}
		n := w.row("connections break", []string{"protocol", "timeout", "host_key", "auth", "connect"}, func(i int, m *machine) {
			after := random.IntN(wire)
			at = append(at, after)
			m.link.breaks(linkFault{broken: []brokenBy{closed, reset, corrupted}[i%3], after: after})
		})
		w.t.Logf("after %v of %d bytes: %d without a verdict", at, wire, n)
		tried, unknown = tried+len(at), unknown+n
	}
	assert.Greater(w.t, unknown, tried/2, "most of them come before the goodbye")
	testfaults.Survived(w.t, "a connection ends, is reset or garbled after any byte", tried)
}

// cuts is output that ends after any byte, as if that was all there is.
func (w *world) cuts(random *rand.Rand, printed int) {
	w.t.Helper()
	unknown := 0
	for range testfaults.Pick(2, 15) {
		n := w.row("output ends early", []string{"protocol"}, func(i int, m *machine) {
			m.lie(cutAfter(random.IntN(printed), []func(context.Context, int) int{well, badly}[i%2]))
		})
		assert.Equal(w.t, len(w.faulty), n, "a verdict by output that was cut off")
		unknown += n
	}
	testfaults.Survived(w.t, "the script's output ends after any byte, and its status is that of success or of failure", unknown)
}

// ends is a check that is whole but for its end: the verdict may stand, or there is none.
func (w *world) ends() {
	w.t.Helper()
	unknown := w.row("strange ends", []string{"protocol", "timeout"}, func(i int, m *machine) {
		m.lie(cutAfter(whole, []func(context.Context, int) int{badly, never}[i%2]))
	})
	w.t.Logf("%d of %d without a verdict", unknown, len(w.faulty))
	testfaults.Survived(w.t, "the script says all and then fails, or never ends", len(w.faulty))
}

// refuses is machines that run something else than the script.
func (w *world) refuses() {
	w.t.Helper()
	says := func(stdout, stderr string, status int) exec {
		return func(_ context.Context, _ simfleet.Exec, _ io.ReadCloser, out, errs io.Writer) int {
			_, _ = io.WriteString(out, stdout)
			_, _ = io.WriteString(errs, stderr)
			return status
		}
	}
	w.without("something else than the script runs", w.row("another program", []string{"protocol", "become"}, func(i int, m *machine) {
		m.lie([]exec{
			says("This account is currently not available.\n", "", 1),
			says("", "sh: fork: retry: Resource temporarily unavailable\n", 254),
			says("", "", 0),
			says(strings.Repeat("welcome \x1b[2J\x07"+strconv.Itoa(i)+"\n", 100), "\x1b]0;pwned\x07", 0),
		}[i%4])
	}))
	require.NotContains(w.t, w.exporter.Log(), "\x1b", "what a machine prints does not control the terminal that shows the log")
}
