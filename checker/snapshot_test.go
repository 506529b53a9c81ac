package checker

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// bareMachine is a fleet of one machine without any pack.
func bareMachine(t testing.TB) *Fleet {
	return fleetOf(t, nil, nil)
}

// snapshot describes a machine, which must be reached.
func snapshot(t testing.TB, transport Transport, what ...Selection) *Snapshot {
	t.Helper()
	c := New(map[config.Transport]Transport{config.TransportSSH: transport}, slog.New(slog.DiscardHandler),
		clockwork.NewFakeClockAt(time.Date(2026, 1, 29, 6, 0, 0, 0, time.UTC)))
	s, failure := c.Snapshot(t.Context(), bareMachine(t), "m1", what)
	require.Nil(t, failure)
	return s
}

// complies checks a machine with a snapshot of it: the pack loads as it is, and the machine complies.
func complies(t testing.TB, transport Transport, s *Snapshot) {
	t.Helper()
	packs, problems := pack.Load(fstest.MapFS{"p.yaml": {Data: s.Pack}}, "packs", Kinds())
	require.Empty(t, problems, "%s", s.Pack)
	require.Len(t, packs["p"].Entries, s.Items)
	f := bareMachine(t)
	f.Packs = packs
	m, _ := f.Machine("m1")
	m.Packs = []string{"p"}
	out := check(t, transport, f)
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Empty(t, out.Results[0].Mismatches, "%s", s.Pack)
}

func TestSnapshotOfSettings(t *testing.T) {
	eachShell(t, func(t *testing.T, sh shell) {
		c := &counting{Transport: sh}
		s := snapshot(t, c, Selection{"env_var", "HOME"}, Selection{"sysctl", "kernel.ostype"}, Selection{"sysctl", "net.ipv4.tcp_rmem"}, Selection{"sysctl", "kernel.ostype"})
		assert.Empty(t, s.Errors)
		assert.Equal(t, 3, s.Items, "what is named twice is there once")
		assert.Equal(t, 1, c.sessions)
		assert.Contains(t, string(s.Pack), "name: Snapshot of m1\ndescription: What m1 was like on 2026-01-29 06:00 UTC (")
		assert.Contains(t, string(s.Pack), "- key: kernel.ostype\n      expected: Linux\n      type: sysctl\n")
		assert.NotContains(t, string(s.Pack), "#")
		complies(t, sh, s)
	})
}

func TestSnapshotOfTwoHundredItemsTakesOneSession(t *testing.T) {
	dir := longFiles(t, 200, 1000)
	c := &counting{Transport: shells(t)[0]}
	s := snapshot(t, c, Selection{"file", filepath.Join(dir, "*")}, Selection{"package", "dpkg"}, Selection{"user", "root"}, Selection{"sysctl", "kernel.ostype"})
	assert.Empty(t, s.Errors)
	assert.Equal(t, 203, s.Items)
	assert.Equal(t, 1, c.sessions)
	complies(t, c, s)
	assert.Equal(t, 2, c.sessions, "and so does its check")
}

func TestSnapshotSaysWhatItDoesNotHold(t *testing.T) {
	s := snapshot(t, shells(t)[0], Selection{"sysctl", "nope.nope"}, Selection{"sysctl", "../x"}, Selection{"env_var", "NOPE"}, Selection{"sysctl", "kernel.ostype"}, Selection{"sysctl", "a\nb"})
	assert.Equal(t, []state.ItemError{
		{Kind: "env_var", Item: "NOPE", Error: "is not set"},
		{Kind: "sysctl", Item: "nope.nope", Error: "the kernel has no such parameter"},
		{Kind: "sysctl", Item: "../x", Error: "key must be the name of a kernel parameter, such as net.ipv4.ip_forward"},
		{Kind: "sysctl", Item: `a\nb`, Error: "key must not contain a newline or a NUL"},
	}, s.Errors)
	assert.Equal(t, 4, bytes.Count(s.Pack, []byte("# Not described: ")))
	assert.True(t, strings.HasPrefix(string(s.Pack), "# Not described: env_var NOPE: is not set\n"))
	complies(t, shells(t)[0], s)
}

func TestSnapshotRefusesWhatItMustNotTouch(t *testing.T) {
	f := fleetOf(t, nil, func(m *config.Machine) { m.Enabled = false })
	what := []Selection{{"sysctl", "kernel.ostype"}}
	_, failure := checkerOf(unused{t}).Snapshot(t.Context(), f, "m1", what)
	assert.Equal(t, "internal: drift detection is disabled for the machine", failure.Error())
	_, failure = checkerOf(unused{t}).Snapshot(t.Context(), f, "m2", what)
	assert.Equal(t, "internal: the machine is not in the fleet", failure.Error())
	_, failure = checkerOf(unused{t}).Snapshot(t.Context(), bareMachine(t), "m1", []Selection{{"nope", "x"}})
	assert.Equal(t, `internal: kind "nope" cannot be described`, failure.Error())
}

func TestSnapshotThatWasCutOffIsNone(t *testing.T) {
	for _, s := range []scripted{{}, {output: "\n" + readyLine + "\n"}, {output: "\n" + readyLine + "\n" + testNonce + " facts\n" + testNonce + " 1 val =x\n"}} {
		c := checkerOf(s)
		c.nonce = func() string { return testNonce }
		got, failure := c.Snapshot(t.Context(), bareMachine(t), "m1", []Selection{{"sysctl", "kernel.ostype"}})
		require.NotNil(t, failure)
		assert.Nil(t, got)
	}
}
