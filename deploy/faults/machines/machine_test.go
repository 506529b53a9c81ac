package machines_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

// machine runs the real shell in a directory of its own, behind a link. Its two packs look at a file each.
type machine struct {
	name string
	root string
	link *link

	mu    sync.Mutex
	shell simfleet.Exec
	lies  exec // nil: it does what it should

	// What a check would find now, and what the last one that gave a verdict has found: whether each pack is complied with.
	truth, judged map[string]bool
}

// exec is what a machine does in place of running the shell, which it may run.
type exec func(ctx context.Context, shell simfleet.Exec, stdin io.ReadCloser, stdout, stderr io.Writer) int

var packs = []string{"app", "calm"}

func newMachine(t testing.TB, sim *simfleet.Fleet, name string) *machine {
	t.Helper()
	m := &machine{name: name, root: filepath.Join(t.TempDir(), name), truth: map[string]bool{}, judged: map[string]bool{}}
	require.NoError(t, os.MkdirAll(filepath.Join(m.root, "etc"), 0o755))
	for _, pack := range packs {
		m.complies(t, pack, true)
	}
	shell, err := simfleet.Shell(m.root, checker.IsScript)
	require.NoError(t, err)
	m.shell = shell
	played, err := sim.Add(m.run)
	require.NoError(t, err)
	m.link = newLink(t, "127.0.0.1:"+strconv.Itoa(played.Port()))
	return m
}

// complies breaks or repairs what a pack looks at.
func (m *machine) complies(t testing.TB, pack string, yes bool) {
	t.Helper()
	content := "good\n"
	if !yes {
		content = "bad\n"
	}
	require.NoError(t, os.WriteFile(filepath.Join(m.root, "etc", pack+".conf"), []byte(content), 0o644))
	m.truth[pack] = yes
}

func (m *machine) lie(e exec) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lies = e
}

// run is a simfleet.Exec.
func (m *machine) run(ctx context.Context, stdin io.ReadCloser, stdout, stderr io.Writer) int {
	m.mu.Lock()
	lies := m.lies
	m.mu.Unlock()
	if lies == nil {
		return m.shell(ctx, stdin, stdout, stderr)
	}
	return lies(ctx, m.shell, stdin, stdout, stderr)
}

// cutAfter prints only so many bytes of what the shell prints, and then ends as told, whatever the shell is doing.
func cutAfter(bytes int, end func(ctx context.Context, status int) int) exec {
	return func(ctx context.Context, shell simfleet.Exec, stdin io.ReadCloser, stdout, stderr io.Writer) int {
		until, kill := context.WithCancel(ctx)
		defer kill()
		return end(ctx, shell(until, stdin, &cut{to: stdout, left: bytes, done: kill}, stderr))
	}
}

// whole is more than any check prints.
const whole = 1 << 30

func well(context.Context, int) int { return 0 }

func badly(context.Context, int) int { return 3 }

func never(ctx context.Context, _ int) int {
	<-ctx.Done()
	return 0
}

// cut passes on so many bytes, and says when there are more.
type cut struct {
	to   io.Writer
	left int
	done func()
}

func (c *cut) Write(p []byte) (int, error) {
	n := min(c.left, len(p))
	if n < len(p) {
		defer c.done()
	}
	if _, err := c.to.Write(p[:n]); err != nil {
		return 0, err
	}
	c.left -= n
	return len(p), nil
}

// floods writes without end; what is repeated depends on the session's nonce. sent is told of each write.
func floods(text func(nonce string) string, toStderr bool, sent func(bytes int)) exec {
	return func(ctx context.Context, _ simfleet.Exec, stdin io.ReadCloser, stdout, stderr io.Writer) int {
		defer func() { _ = stdin.Close() }()
		script, err := simfleet.ReadScript(bufio.NewReader(stdin))
		if err != nil {
			return 1
		}
		to := stdout
		if toStderr {
			to = stderr
		}
		repeated := []byte(text(checker.Introduction(script)))
		for len(repeated) < 32<<10 {
			repeated = append(repeated, repeated...)
		}
		for ctx.Err() == nil {
			n, err := to.Write(repeated)
			sent(n)
			if err != nil {
				return 1
			}
		}
		return 1
	}
}

// entry is the machine in a configuration.
func (m *machine) entry() string {
	return fmt.Sprintf("  - {name: %s, address: 127.0.0.1, packs: [app, calm], ssh: {port: %d}}\n", m.name, m.link.port())
}
