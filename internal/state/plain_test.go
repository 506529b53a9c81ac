package state

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainRecords are records as most are, by what is in them.
func plainRecords() map[string]*Record {
	full := drifted(pair, 3)
	full.Verdict.Waived, full.Verdict.Cause, full.Verdict.PackDigest = 2, CauseMachineChanged, "0123456789abcdef"
	full.Verdict.WaiverExpires, full.Retired = t0, t0
	full.Attempt.Status, full.Attempt.Reason, full.Attempt.Message, full.Attempt.Errors = Unknown, ReasonUnreadable, "1 item", 1
	full.Recent = fullStrip().Pack()
	full.DetailRevision, full.DetailDigest, full.HistoryRevision = 7, digestOf([]byte("x")), 9
	return map[string]*Record{
		"compliant": compliant(pair), "drifted": drifted(pair, 2), "all that there may be": full,
		"never judged": {Key: pair, Attempt: Attempt{Status: Unknown, At: t0, Reason: ReasonConnect, Message: "refused"}},
	}
}

func plainMachines() map[string]*Machine {
	return map[string]*Machine{
		"without facts": {Name: "m", Run: testRun, At: t0},
		"one fact":      {Name: "m", Run: testRun, At: t0, Facts: Facts{Kernel: "6.1"}},
		"all facts": {Name: "m", Run: testRun, At: t0, Duration: time.Second, Facts: Facts{
			OS: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)", Kernel: "6.1.0-18-amd64", Arch: "x86_64",
			Hostname: "m", PackageManager: "dpkg", Init: "systemd", User: "root", Home: "/root",
		}},
	}
}

func TestMostEntriesArePlain(t *testing.T) {
	for name, r := range plainRecords() {
		value, err := encode(r)
		require.NoError(t, err)
		s := plainScanner{rest: value, texts: &newPlainDecoder().texts}
		got := s.record(pair)
		require.True(t, s.whole(), name)
		want := *r
		want.Detail = nil
		assert.Equal(t, &want, got, name)
	}
	for name, m := range plainMachines() {
		value, err := encode(m)
		require.NoError(t, err)
		s := plainScanner{rest: value, texts: &newPlainDecoder().texts}
		got := s.machine("m")
		require.True(t, s.whole(), name)
		assert.Equal(t, m, got, name)
	}
}

func TestOtherEntriesAreDecodedAllTheSame(t *testing.T) {
	d := newPlainDecoder()
	large := largeRecord()
	value, err := encode(large)
	require.NoError(t, err)
	r, err := d.record(large.Key, value)
	require.NoError(t, err)
	assert.Equal(t, large.Alert, r.Alert)

	_, err = d.record(Key{"other", "base"}, value)
	require.ErrorContains(t, err, "it is ")
	_, err = d.machine("m", []byte(`{"name":"other"}`))
	require.EqualError(t, err, "it is other's")

	corrupt := compliant(pair)
	corrupt.Recent = "no checks"
	value, err = encode(corrupt)
	require.NoError(t, err)
	r, err = d.record(pair, value)
	require.ErrorContains(t, err, "recent checks")
	assert.Equal(t, corrupt.Verdict, r.Verdict, "a verdict counts for more than the checks before it")
	assert.Empty(t, r.Recent)
}

func FuzzPlainAsDecoded(f *testing.F) {
	for _, r := range plainRecords() {
		value, err := encode(r)
		require.NoError(f, err)
		f.Add(value)
	}
	for _, m := range plainMachines() {
		value, err := encode(m)
		require.NoError(f, err)
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		d := newPlainDecoder()
		wantRecord, errWant := decodeRecord(pair, value)
		gotRecord, errGot := d.record(pair, value)
		require.Equal(t, errWant == nil, errGot == nil, "%v, %v", errWant, errGot)
		require.Equal(t, wantRecord, gotRecord)
		wantMachine, errWant := decodeMachine("m", value)
		gotMachine, errGot := d.machine("m", value)
		require.Equal(t, errWant == nil, errGot == nil, "%v, %v", errWant, errGot)
		require.Equal(t, wantMachine, gotMachine)
	})
}
