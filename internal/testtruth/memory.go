package testtruth

import (
	"bufio"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

// memory answers what a real shell answered before to the same dialogue, and asks a real shell for the rest: a fleet that is
// checked thousands of times costs little, and still says nothing that no shell has said.
type memory struct {
	shell   simfleet.Exec
	nonceOf func(script string) string

	mu   sync.Mutex
	said map[string]string // by all that was sent up to there
}

// nonceInMemory stands for a session's own.
const nonceInMemory = "@nonce@"

// stepEnd is the last line of what the script says before it waits for more.
var stepEnd = regexp.MustCompile(` (facts|stage \d+|bye \d+)$`)

func (m *memory) exec(ctx context.Context, stdin io.ReadCloser, stdout, stderr io.Writer) int {
	defer func() { _ = stdin.Close() }()
	defer context.AfterFunc(ctx, func() { _ = stdin.Close() })()
	in := bufio.NewReaderSize(stdin, 1<<20)
	script, err := simfleet.ReadScript(in)
	if err != nil {
		return 1
	}
	nonce := m.nonceOf(script)
	sent := []string{script}
	for {
		said, err := m.answer(sent, nonce)
		if err != nil {
			_, _ = io.WriteString(stderr, err.Error())
			return 1
		}
		if _, err := io.WriteString(stdout, said); err != nil {
			return 1
		}
		if strings.HasSuffix(sent[len(sent)-1], "bye\n") {
			return 0
		}
		next, err := nextStep(in)
		if err != nil {
			return 1
		}
		sent = append(sent, next)
	}
}

// nextStep reads what is sent up to where an answer is waited for.
func nextStep(in *bufio.Reader) (string, error) {
	var step strings.Builder
	for {
		line, err := in.ReadString('\n')
		step.WriteString(line)
		if err != nil || line == "stage\n" || line == "bye\n" {
			return step.String(), err
		}
	}
}

// answer is what is said to the last step of a dialogue.
func (m *memory) answer(sent []string, nonce string) (string, error) {
	key := strings.ReplaceAll(strings.Join(sent, ""), nonce, nonceInMemory)
	m.mu.Lock()
	defer m.mu.Unlock()
	said, ok := m.said[key]
	if !ok {
		var err error
		if said, err = m.ask(sent); err != nil {
			return "", err
		}
		said = strings.ReplaceAll(said, nonce, nonceInMemory)
		m.said[key] = said
	}
	return strings.ReplaceAll(said, nonceInMemory, nonce), nil
}

// ask has the real shell answer a dialogue and returns what it says to the last step.
func (m *memory) ask(sent []string) (said string, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	fromUs, toShell := io.Pipe()
	fromShell, toUs := io.Pipe()
	var work sync.WaitGroup
	work.Go(func() {
		m.shell(ctx, fromUs, toUs, io.Discard)
		_ = toUs.Close()
	})
	defer work.Wait()
	defer cancel()
	defer func() { _, _ = toShell.Close(), fromShell.Close() }()
	out := bufio.NewReader(fromShell)
	for _, step := range sent {
		if _, err := io.WriteString(toShell, step); err != nil {
			return "", err
		}
		if said, err = untilStepEnd(out); err != nil {
			return "", err
		}
	}
	return said, nil
}

func untilStepEnd(out *bufio.Reader) (string, error) {
	var said strings.Builder
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			return "", errors.Join(errors.New("the shell ended early: "+said.String()), err)
		}
		said.WriteString(line)
		if stepEnd.MatchString(strings.TrimSuffix(line, "\n")) {
			return said.String(), nil
		}
	}
}
