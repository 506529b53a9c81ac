package checker

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// damaged is an output that broke off, or into which something else printed: each two bytes of the damage are one
// such step. SSH itself neither loses nor changes anything without ending the connection, and a frame is one write
// with the newline before it, so that nothing comes between these.
func damaged(output string, damage []byte) string {
	lines := strings.SplitAfter(output, "\n")
	for i := 0; i+1 < len(damage) && len(lines) > 1; i += 2 {
		at := int(damage[i]) * (len(lines) - 1) / 255
		step := damage[i+1] % 4
		if step > 0 && strings.HasPrefix(lines[at], testNonce) {
			at-- // the frame's own newline
		}
		switch step {
		case 0:
			lines = lines[:at]
		case 1:
			lines = slices.Insert(lines, at, "noise\n")
		case 2:
			lines = slices.Insert(lines, at, "a prompt# ")
		case 3:
			lines = slices.Insert(lines, at, "ffffffffffffffffffffffffffffffff 1 val absent\n")
		}
	}
	return strings.Join(lines, "")
}

func FuzzDamagedOutputGivesNoOtherVerdict(f *testing.F) {
	fleet := everyKind(f)
	whole := transcribe(f, shells(f)[0], fleet)
	want := checkNonce(f, scripted{output: whole}, fleet).Results[0]
	require.Equal(f, state.Drifted, want.Status)
	for _, damage := range []string{"", "\x00\x00", "\x80\x01", "\x40\x02\x90\x03", "\xff\x00", "\x10\x01\x20\x02\x30\x03\xf0\x00"} {
		f.Add([]byte(damage))
	}
	f.Fuzz(func(t *testing.T, damage []byte) {
		output := damaged(whole, damage)
		out := checkNonce(t, scripted{output: output}, fleet)
		if got := out.Results[0]; got.Status != state.Unknown {
			assert.Equal(t, brief(want.Mismatches), brief(got.Mismatches), "%s", output)
		}
	})
}
