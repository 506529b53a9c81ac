package checker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
)

// starved is a machine that has run out of something.
type starved struct {
	shell
	limits []string // of prlimit(1)
}

func (s starved) Start(ctx context.Context, _ *config.Machine, _ []string) (Session, error) {
	return startProcess(ctx, append(append([]string{"prlimit"}, s.limits...), s.argv...), s.environ())
}

// A machine without room for a file (a full disk), for memory or for open files is judged as it is, or not at all.
func TestFaultMachineHasRunOutOfSomething(t *testing.T) {
	need(t, "prlimit")
	fleet := everyKind(t)
	fleet.Config.Check.Timeout = 20 * time.Second // of a shell that hangs
	want := check(t, shells(t)[0], fleet).Results[0]
	require.Equal(t, state.Drifted, want.Status)
	tried, unknown := 0, 0
	for _, limits := range [][]string{
		{"--fsize=0"}, {"--fsize=1"}, {"--nofile=3"}, {"--nofile=4"}, {"--nofile=5"}, {"--nofile=8"}, {"--as=3000000"}, {"--as=8000000"},
	} {
		eachShell(t, func(t *testing.T, sh shell) {
			out := check(t, starved{sh, limits}, fleet)
			tried++
			if got := out.Results[0]; got.Status != state.Unknown {
				assert.Equal(t, brief(want.Mismatches), brief(got.Mismatches), "%v", limits)
				return
			}
			unknown++
			assert.NotEmpty(t, out.Failure.Message)
		})
	}
	t.Logf("%d of %d gave no verdict", unknown, tried)
	require.Positive(t, unknown, "no limit was felt")
	testfaults.Survived(t, "a machine has run out of disk, memory or open files", tried)
}
