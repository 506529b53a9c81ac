package testtruth

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

// Machine is one of the fleet. What of it is exported may be changed while no run is on; a run must follow for the truth to
// be known again.
type Machine struct {
	Name        string
	DisplayName string
	Packs       []string
	Disabled    bool
	Removed     bool // not in the configuration
	Waived      bool // the first file of the pack base
	Reach       Reach
	Files       Files

	world   *World
	address string
	port    int
	key     string // its line in known_hosts
	door    *door

	mu   sync.Mutex
	plan plan // what sessions go by
}

// Files are how a machine's files are. Machines whose Files are equal have the same files.
type Files struct {
	Base  int  // how many of the files of the pack base have a wrong mode
	App   int  // how many of the files of the pack app have a wrong content
	Web   int  // which version of the pack web its file complies with
	Blind bool // contents cannot be read: the pack app cannot be judged
}

// Reach is how far one gets with a machine.
type Reach int

// The ways in which a machine can be out of reach.
const (
	Up      Reach = iota
	Refuses       // nobody listens
	HangsUp       // connections are dropped before a word is said
	Babbles       // what answers is no shell
	reaches       // how many there are
)

// Down is some way to be out of reach, the nth.
func Down(n int) Reach { return 1 + Reach(n)%(reaches-1) }

// plan is what a machine does in a run.
type plan struct {
	reach Reach
	files Files
}

// settle lets sessions go by what is exported from now on.
func (m *Machine) settle() {
	m.mu.Lock()
	m.plan = plan{m.Reach, m.Files}
	m.mu.Unlock()
	m.door.set(m.Reach)
}

// exec is a simfleet.Exec.
func (m *Machine) exec(ctx context.Context, stdin io.ReadCloser, stdout, stderr io.Writer) int {
	m.world.sessions.Add(1)
	defer m.world.sessions.Add(-1)
	m.mu.Lock()
	p := m.plan
	m.mu.Unlock()
	if p.reach == Babbles {
		_, _ = fmt.Fprintln(stdout, "no such command, type ? for help")
		_ = stdin.Close()
		return 2
	}
	shell, err := m.world.shells.of(p.files)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		_ = stdin.Close()
		return 1
	}
	return shell(ctx, stdin, stdout, stderr)
}

var _ simfleet.Exec = (&Machine{}).exec
