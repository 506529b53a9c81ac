package checker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
)

// A process that a login has left behind prints once, between any two lines. It cannot within a frame, which is one write with the newline
// before it, and what a program prints here is less than a block, which is one write as well. Within a line that a program has to
// write in two pieces, as one that prints many KiB does, noise that has no newline would be taken for a part of the answer.
func TestFaultNoiseBetweenAnyTwoLines(t *testing.T) {
	f := everyKind(t)
	for _, sh := range shells(t)[:testfaults.Pick(1, 4)] {
		whole := transcribe(t, sh, f)
		want := brief(checkNonce(t, scripted{output: whole}, f).Results[0].Mismatches)
		require.NotEmpty(t, want)
		judged, unknown := 0, 0
		for at := 0; at <= len(whole); at++ {
			if at > 0 && whole[at-1] != '\n' || inFrame(whole, at) {
				continue
			}
			for _, noise := range []string{"x", "1", "noise\n", "\n", "\nx", " ", "\x00", "\r\n"} {
				out := checkNonce(t, scripted{output: whole[:at] + noise + whole[at:]}, f)
				if out.Results[0].Status == state.Unknown {
					unknown++
					continue
				}
				judged++
				where := fmt.Sprintf("%s: %q at byte %d, between %q and %q", sh.name, noise, at, whole[max(0, at-60):at], whole[at:min(len(whole), at+60)])
				assert.Equal(t, want, brief(out.Results[0].Mismatches), where)
			}
		}
		t.Logf("%d judged rightly, %d not judged", judged, unknown)
		testfaults.Survived(t, "something else prints between two lines of an answer", judged+unknown)
	}
}

// inFrame tells whether a place is within a frame, from the newline before it to the end of its line.
func inFrame(output string, at int) bool {
	begin := strings.LastIndex(output[:at], "\n"+testNonce)
	if begin >= 0 && begin < at && !strings.Contains(output[begin+1:at], "\n") {
		return true
	}
	for n := 1; n <= len(testNonce)+1 && n <= at; n++ { // in the newline and the nonce
		if strings.HasPrefix(output[at-n:], "\n"+testNonce) {
			return true
		}
	}
	return false
}
