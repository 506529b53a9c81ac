package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunsNameAsManyMachinesAsTheServerTakes(t *testing.T) {
	s := join(t, natsServer(t, nil), "r1")
	var names []string
	for i := range 40_000 {
		names = append(names, fmt.Sprintf("machine-%05d.%s", i, strings.Repeat("x", 40)))
	}
	n := s.RunFits(names)
	assert.Greater(t, n, 15_000, "of about 60 bytes each in 1 MiB")
	assert.Less(t, n, len(names))
	assert.Equal(t, 3, s.RunFits(names[:3]))
	assert.Equal(t, 0, s.RunFits(nil))
	require.NoError(t, s.CreateRun(t.Context(), Run{ID: testRun, Phase: RunEnqueuing, Machines: names[:n], StartedAt: t0}))
	_, err := s.UpdateRun(t.Context(), testRun, func(r *Run) bool {
		r.Phase, r.Total, r.Failed, r.Error, r.EndedAt = RunFailed, n, n, strings.Repeat("x", maxMessage), t0
		return true
	})
	require.NoError(t, err, "there is room for how it ends")

	err = s.CreateRun(t.Context(), Run{ID: "2026-01-30T06:00:00Z", Phase: RunEnqueuing, Machines: names})
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = s.Run(t.Context(), "2026-01-30T06:00:00Z")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestDetailsAreCutToWhatTheServerTakes(t *testing.T) {
	s := join(t, natsServer(t, func(o *server.Options) { o.MaxPayload = minPayload }), "r1")
	r := drifted(pair, 1000)
	for i := range r.Detail.Mismatches {
		r.Detail.Mismatches[i].Diff = strings.Repeat("+line\n", 100)
	}
	store(t, s, r)
	got, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.True(t, got.Detail.Cut)
	assert.Equal(t, 1000, got.Verdict.Mismatches, "the count is whole")
	assert.NotEmpty(t, got.Detail.Mismatches)
}

func TestServersThatTakeTooLittleAreRefused(t *testing.T) {
	_, err := Open(t.Context(), clustered(natsServer(t, func(o *server.Options) { o.MaxPayload = minPayload - 1 }), "r1"))
	require.ErrorIs(t, err, errSmallPayload)
}
