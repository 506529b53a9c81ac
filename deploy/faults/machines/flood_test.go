package machines_test

import (
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testfaults"
)

// perFlood is what the exporter may need for a machine that prints without end, in bytes: the documented 16 MiB of output are
// read, not kept; windows of SSH, buffers and what the race detector adds to them are.
const perFlood = 24 << 20

func TestFaultFloods(t *testing.T) {
	w := start(t, testfaults.Pick(5, 20), checkTimeout)
	before := w.resident()
	var sent atomic.Int64
	count := func(bytes int) { sent.Add(int64(bytes)) }
	constant := func(text string) func(string) string { return func(string) string { return text } }
	for range testfaults.Pick(1, 3) {
		unknown := w.row("floods", []string{"protocol", "timeout"}, func(i int, m *machine) {
			m.lie([]exec{
				floods(constant("Welcome! It is a fine day.\n"), false, count),
				floods(constant("no line ends here "), false, count),
				floods(func(nonce string) string { return "\ndrift_exporter/1 ready\n" + nonce + " fact ID debian\n" }, false, count),
				floods(constant("careful\n"), true, count),
				floods(func(nonce string) string { return "\n" + nonce + " 1 more x\n\x00\xff" }, false, count),
			}[i%5])
		})
		w.without("a machine prints without end: lines, one line, frames, errors", unknown)
	}
	grown := w.resident() - before
	t.Logf("%d machines sent %d MiB; the exporter has grown by %d MiB", len(w.faulty), sent.Load()>>20, grown>>20)
	assert.Greater(t, sent.Load(), int64(len(w.faulty))<<20, "they did print")
	assert.Less(t, grown, int64(len(w.faulty)*perFlood), "memory depends on what was printed")
}

// resident is the memory of the exporter's process, in bytes.
func (w *world) resident() int64 {
	w.t.Helper()
	value, err := strconv.ParseFloat(strings.TrimSpace(w.exporter.Metric("process_resident_memory_bytes")), 64)
	require.NoError(w.t, err)
	return int64(value)
}
