package checker

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
)

// stalled is a machine that prints a text, and then neither prints nor ends.
type stalled struct{ output string }

func (s stalled) Start(ctx context.Context, _ *config.Machine, _ []string) (Session, error) {
	return &scriptedSession{stdout: io.MultiReader(strings.NewReader(s.output), untilDone{ctx})}, nil
}

// untilDone is a reader that fails when its context ends, as a session does.
type untilDone struct{ ctx context.Context }

func (u untilDone) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

// What a shell really says about an item of every kind stops after each of its bytes, and then the command ends in every way that a
// command can end in, or not at all: there is no verdict before the last byte.
func TestFaultAnswerStopsAfterEveryByte(t *testing.T) {
	f := everyKind(t)
	lost := &state.Failure{Reason: state.ReasonTimeout, Message: "no keepalive", Retry: true}
	stops := []struct {
		name   string
		stop   func(output string) Transport
		reason state.Reason
	}{
		{"it ends well", func(output string) Transport { return scripted{output: output} }, state.ReasonProtocol},
		{"it fails", func(output string) Transport { return scripted{output: output, ended: &ExitError{Status: 3}} }, state.ReasonProtocol},
		{"it is killed", func(output string) Transport {
			return scripted{output: output, ended: &ExitError{Status: -1, Signal: "KILL"}}
		}, state.ReasonProtocol},
		{"the connection is lost", func(output string) Transport {
			return scripted{output: output, ended: fmt.Errorf("read: %w", lost)}
		}, state.ReasonTimeout},
		{"it never ends", func(output string) Transport { return stalled{output} }, state.ReasonTimeout},
	}
	// The fifth is one that finds no packages.
	for _, sh := range shells(t)[:testfaults.Pick(1, 4)] {
		whole := transcribe(t, sh, f)
		require.Regexp(t, "\n"+testNonce+" bye [0-9]+\n$", whole, "nobody waited for the goodbye")
		for _, s := range stops {
			t.Run(sh.name+": "+s.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { // the timeouts take no time
					for cut := 0; cut < len(whole); cut += testfaults.Pick(7, 1) {
						out := checkNonce(t, s.stop(whole[:cut]), f)
						where := fmt.Sprintf("after byte %d of %d: %+v", cut, len(whole), out.Results)
						require.NotNil(t, out.Failure, where)
						require.Equal(t, s.reason, out.Failure.Reason, "%s: %s", where, out.Failure.Message)
						require.Len(t, out.Results, 1, where)
						require.Equal(t, state.Unknown, out.Results[0].Status, where)
						require.Empty(t, out.Results[0].Mismatches, where)
					}
					out := checkNonce(t, s.stop(whole), f)
					require.Nil(t, out.Failure, "all was said")
					require.Equal(t, state.Drifted, out.Results[0].Status)
				})
				testfaults.Survived(t, "an answer stops after any byte, and "+s.name, (len(whole)+testfaults.Pick(6, 0))/testfaults.Pick(7, 1))
			})
		}
	}
}
