package checker

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestWaivers(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later, latest := now.Add(time.Hour), now.Add(2*time.Hour)
	files := map[string]string{"p.yaml": "items:\n  files: [{path: /nope}, {path: /etc/passwd, mode: 0, owner: nobody}]\n"}
	waiver := func(pack, item string, expires time.Time) config.Waiver {
		return config.Waiver{Pack: pack, Kind: "file", Item: item, Reason: "because", Expires: expires}
	}
	cases := []struct {
		name               string
		waivers            []config.Waiver
		mismatches, waived int
		status             state.Status
		expires            time.Time
	}{
		{"none", nil, 3, 0, state.Drifted, time.Time{}},
		{"of one item", []config.Waiver{waiver("p", "/etc/passwd", time.Time{})}, 1, 2, state.Drifted, time.Time{}},
		{"of all", []config.Waiver{waiver("p", "/etc/passwd", latest), waiver("p", "/nope", later)}, 0, 3, state.Compliant, later},
		{"expired", []config.Waiver{waiver("p", "/nope", now), waiver("p", "/etc/passwd", latest)}, 1, 2, state.Drifted, latest},
		{"of another pack", []config.Waiver{waiver("q", "/nope", later)}, 3, 0, state.Drifted, time.Time{}},
		{"of another kind", []config.Waiver{{Pack: "p", Kind: "package", Item: "/nope"}}, 3, 0, state.Drifted, time.Time{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, Packs: []string{"p"}, Waivers: c.waivers}
			f := &Fleet{Config: &config.Config{Machines: []config.Machine{m}}, Packs: loadPacks(t, files)}
			checker := checkerOf(shells(t)[0])
			checker.clock = clockwork.NewFakeClockAt(now)
			r := checker.Check(t.Context(), f, "m1", "").Results[0]
			require.Nil(t, r.Failure)
			assert.Len(t, r.Mismatches, c.mismatches)
			assert.Len(t, r.Waived, c.waived)
			assert.Equal(t, c.status, r.Status)
			assert.Equal(t, c.expires, r.WaiverExpires)
			for _, w := range r.Waived {
				assert.Equal(t, "because", w.Waiver)
			}
		})
	}
}

func TestOneErrorMakesItsPackUnknownAndNoOther(t *testing.T) {
	f := fleetOf(t, map[string]string{
		"bad.yaml": "items: {files: [{path: /nope}], settings: [{key: x, expected: y, type: config}]}", "good.yaml": "items:\n" + passwdOwner,
	}, nil)
	var logged bytes.Buffer
	c := checkerOf(shells(t)[0])
	c.log = slog.New(slog.NewTextHandler(&logged, nil))
	out := c.Check(t.Context(), f, "m1", "r1")
	bad, good := out.Results[0], out.Results[1]
	assert.Equal(t, state.Unknown, bad.Status)
	assert.Equal(t, state.ReasonUnreadable, bad.Failure.Reason)
	assert.Equal(t, "1 of 2 items could not be observed: config x: unsupported: a setting of type config without a path", bad.Failure.Message)
	assert.Len(t, bad.Mismatches, 1)
	assert.Equal(t, state.Compliant, good.Status)
	assert.Nil(t, good.Failure)
	require.NotNil(t, out.Failure)
	assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason)
	assert.Equal(t, 1, bytes.Count(logged.Bytes(), []byte("\n")), "%s", &logged)
	assert.Contains(t, logged.String(), "machine=m1 run=r1 pack=bad err=")
}

// panicking is an item whose kind has a bug.
type panicking struct{ pack.Item }

func (panicking) Identity() string { return "/x" }

func TestPanicOfAKindIsThisMachinesFailure(t *testing.T) {
	f := onePack(t, passwdOwner, nil)
	f.Packs["p"].Entries = append(f.Packs["p"].Entries, pack.Entry{Kind: "file", Item: panicking{}})
	var logged bytes.Buffer
	c := checkerOf(shells(t)[0])
	c.log = slog.New(slog.NewTextHandler(&logged, nil))
	out := c.Check(t.Context(), f, "m1", "")
	require.NotNil(t, out.Failure)
	assert.Equal(t, state.ReasonInternal, out.Failure.Reason)
	assert.Equal(t, state.Unknown, out.Results[0].Status)
	assert.Contains(t, logged.String(), "stack=")
	assert.Contains(t, logged.String(), "machine=m1")
}

func TestWhatFailsIsLoggedOnce(t *testing.T) {
	f := onePack(t, passwdOwner, nil)
	for _, c := range []struct {
		transport Transport
		want      string
	}{
		{failing{&state.Failure{Reason: state.ReasonConnect, Message: "refused"}}, `level=WARN msg="machine cannot be reached" machine=m1 run=r1 err="connect: refused"`},
		{failing{&state.Failure{Reason: state.ReasonTimeout, Message: "silent"}}, `level=ERROR msg="machine could not be checked" machine=m1 run=r1 err="timeout: silent"`},
		{failing{errors.New("surprise")}, `level=ERROR msg="machine could not be checked" machine=m1 run=r1 err="internal: surprise"`},
		{shells(t)[0], ""},
	} {
		var logged bytes.Buffer
		checker := checkerOf(c.transport)
		checker.log = slog.New(slog.NewTextHandler(&logged, nil))
		checker.Check(t.Context(), f, "m1", "r1")
		assert.Contains(t, logged.String(), c.want)
		assert.LessOrEqual(t, bytes.Count(logged.Bytes(), []byte("\n")), 1)
		assert.Equal(t, c.want == "", logged.Len() == 0)
	}
}

func TestShutDownIsNotLoggedAsAFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var logged bytes.Buffer
	c := checkerOf(failing{context.Canceled})
	c.log = slog.New(slog.NewTextHandler(&logged, nil))
	c.Check(ctx, onePack(t, passwdOwner, nil), "m1", "")
	assert.Empty(t, logged.String())
}

func TestIdentitiesThatDoNotPrintAreShownAlikeEverywhere(t *testing.T) {
	item := "/nope\x1b[31m\xff"
	f := onePack(t, "  files: [{path: "+yamlBytes(item)+"}]", func(m *config.Machine) {
		m.Waivers = []config.Waiver{{Pack: "p", Kind: "file", Item: item, Reason: "because"}}
	})
	r := check(t, shells(t)[0], f).Results[0]
	require.Len(t, r.Waived, 1)
	assert.Equal(t, `/nope\x1b[31m\xff`, r.Waived[0].Item)
	assert.Contains(t, r.Definitions, r.Waived[0].ID())
}
