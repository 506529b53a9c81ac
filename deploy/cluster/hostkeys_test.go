package cluster_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// acceptedHostKeys are known to all: what one replica has accepted as a machine's is what every other expects, one that
// never saw the machine before included.
func acceptedHostKeys(t *testing.T) {
	w := newWorld(t, 3, natsOfThree)
	swapped := newForwarder(t, w.machines[0].port)
	fleet := entries(w.machines[:2])
	fleet[0].port = swapped.port()
	accepting := func() *replica {
		r := w.add(fleet)
		r.config.policy = "accept-new"
		r.configure(fleet)
		r.knows()
		r.start()
		return r
	}
	first := accepting()
	w.checkedFirst()
	assert.Equal(t, runCounts{2, 2, 0}, countsOf(first.lastRun()))

	swapped.turn(w.machines[2].port) // another machine, with another key, answers there
	second := accepting()
	for _, r := range []*replica{second, first} { // the second has never been there before
		for _, other := range w.others(r) {
			other.Terminate()
			other.dead = true
		}
		run := w.ends(w.startRun(r, w.machines[:2]...))
		assert.Equal(t, runCounts{2, 1, 1}, countsOf(run), r.name)
		attempt := r.pair(w.machines[0]).Attempt
		require.NotNil(t, attempt)
		assert.Equal(t, "host_key", attempt.Reason, attempt.Message)
		assert.Equal(t, "compliant", r.pair(w.machines[0]).Verdict, "the last verdict stands")
		if r == second {
			first.launch()
		}
	}
	assert.Zero(t, w.machines[2].checks())

	swapped.turn(w.machines[0].port)
	w.check(first, w.machines[:2]...)
}

// forwarder is an address behind which one machine can be put in another's place.
type forwarder struct {
	listener net.Listener

	mu   sync.Mutex
	to   int
	work sync.WaitGroup
}

func newForwarder(t *testing.T, to int) *forwarder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &forwarder{listener: listener, to: to}
	f.work.Go(f.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		f.work.Wait()
	})
	return f
}

func (f *forwarder) port() int { return f.listener.Addr().(*net.TCPAddr).Port }

func (f *forwarder) turn(to int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to = to
}

func (f *forwarder) accept() {
	for {
		client, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		to := f.to
		f.mu.Unlock()
		f.work.Go(func() { forward(client, to) })
	}
}

func forward(client net.Conn, to int) {
	defer func() { _ = client.Close() }()
	machine, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: to})
	if err != nil {
		return
	}
	defer func() { _ = machine.Close() }()
	var work sync.WaitGroup
	work.Go(func() {
		_, _ = io.Copy(machine, client)
		_ = machine.CloseWrite()
	})
	_, _ = io.Copy(client, machine)
	_ = client.Close()
	work.Wait()
}
