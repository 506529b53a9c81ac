package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

// machine is one that answers what a real shell once answered, so that hundreds cost little. What the test changes is
// whether it complies.
type machine struct {
	name string
	port int
	key  []byte // its line in known_hosts
	gate *gate
	said *answers

	mu      sync.Mutex
	drifted bool
	checked int // times that a check of it came to its end
}

// drift makes it differ from its pack; repair undoes that.
func (m *machine) drift()  { m.set(true) }
func (m *machine) repair() { m.set(false) }

func (m *machine) set(drifted bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drifted = drifted
}

func (m *machine) checks() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.checked
}

// exec is a simfleet.Exec: line by line as the script reads it, with what was recorded in place of what it would find.
func (m *machine) exec(ctx context.Context, stdin io.ReadCloser, stdout, _ io.Writer) int {
	defer func() { _ = stdin.Close() }()
	defer context.AfterFunc(ctx, func() { _ = stdin.Close() })()
	in := bufio.NewReader(stdin)
	script, err := simfleet.ReadScript(in)
	if err != nil {
		return 1
	}
	nonce := checker.Introduction(script)
	// The reader may be gone; then the next read says so.
	say := func(text string) { _, _ = io.WriteString(stdout, strings.ReplaceAll(text, recordedNonce, nonce)) }
	say(m.said.facts)
	if !m.gate.pass(ctx) {
		return 1
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return 1
		}
		switch line {
		case "stage\n":
			m.mu.Lock()
			answer := m.said.compliant
			if m.drifted {
				answer = m.said.drifted
			}
			m.mu.Unlock()
			say(answer)
		case "bye\n":
			say(m.said.bye)
			m.mu.Lock()
			m.checked++
			m.mu.Unlock()
			return 0
		}
	}
}

// gate is what all checks pass, until it is shut: then those that come are held in their middle.
type gate struct {
	mu   sync.Mutex
	left int           // how many may still pass; negative: all
	held int           // how many wait
	open chan struct{} // closed when those that wait may go on
}

func newGate() *gate { return &gate{left: -1, open: make(chan struct{})} }

// shutAfter lets so many more pass.
func (g *gate) shutAfter(checks int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = checks
}

// release lets go on those that wait, and all that come.
func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = -1
	close(g.open)
	g.open = make(chan struct{})
}

func (g *gate) waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}

// pass is false if ctx ended before it let pass.
func (g *gate) pass(ctx context.Context) bool {
	g.mu.Lock()
	if g.left != 0 {
		g.left--
		g.mu.Unlock()
		return true
	}
	g.held++
	open := g.open
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.held--
	}()
	select {
	case <-open:
		return true
	case <-ctx.Done():
		return false
	}
}

// startMachines makes a fleet of machines, m001 first.
func startMachines(t *testing.T, count int, said *answers, g *gate) (sim *simfleet.Fleet, machines []*machine) {
	t.Helper()
	sim, err := simfleet.New()
	require.NoError(t, err)
	t.Cleanup(sim.Close)
	known := 0
	for i := range count {
		m := &machine{name: fmt.Sprintf("m%03d", i+1), gate: g, said: said}
		listening, err := sim.Add(m.exec)
		require.NoError(t, err)
		m.port = listening.Port()
		all := sim.KnownHosts()
		m.key, known = all[known:], len(all)
		machines = append(machines, m)
	}
	return sim, machines
}
