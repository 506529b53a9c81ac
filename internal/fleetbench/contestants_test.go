package fleetbench

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// contestant is a program that checks a fleet and ends.
type contestant struct {
	name     string // in BENCH_CONTESTANTS
	shown    string
	packages map[string]string // Debian's, of its programs
	command  func(p programs, f Fleet) *exec.Cmd
	agrees   func(f Fleet, status int, output string) bool // all machines were checked, and are as wanted
	finds    func(f Fleet, status int, output string) bool // all machines were checked, and the planted drift was found on each
	after    func(t testing.TB, f Fleet)                   // cleans up, if it is not nil
}

var floor = contestant{
	name: "floor", shown: "the floor",
	command: func(p programs, f Fleet) *exec.Cmd {
		return clean(exec.Command(p.floor, "-hosts="+f.hostsFile(), "-port="+strconv.Itoa(f.Port), "-user="+f.User, "-key="+f.KeyFile,
			"-host-key="+f.hostKeyFile(), "-command="+f.scriptFile(), "-output="+f.OutputFile, "-concurrency="+strconv.Itoa(Concurrency)), f.Dir)
	},
	agrees: func(f Fleet, status int, output string) bool {
		return status == 0 && output == fmt.Sprintf("%d of %[1]d as wanted\n", f.Machines)
	},
	finds: func(f Fleet, status int, output string) bool {
		return status == 1 && strings.Count(output, "drift:\n") == f.Machines && strings.Count(output, "  "+planted(f.Items)+"\n") == f.Machines &&
			strings.HasSuffix(output, fmt.Sprintf("0 of %d as wanted\n", f.Machines))
	},
}

var check = contestant{
	name: "check", shown: "`drift_exporter check`",
	command: checkCommand,
	agrees: func(f Fleet, status int, output string) bool {
		return status == 0 && strings.Contains(output, fmt.Sprintf("%d machine", f.Machines)) && strings.Contains(output, fmt.Sprintf(" %d compliant", f.Machines))
	},
	finds: func(f Fleet, status int, output string) bool {
		return status == 1 && strings.Count(output, "wrong_content") == f.Machines && strings.Contains(output, planted(f.Items)) &&
			strings.Contains(output, fmt.Sprintf(" %d drifted", f.Machines))
	},
}

func checkCommand(p programs, f Fleet) *exec.Cmd {
	return clean(exec.Command(p.exporter, "check", "--quiet", "--config.file="+f.configFile()), f.Dir)
}

// run runs a contestant on a fleet that is as wanted.
func (c contestant) run(t testing.TB, p programs, f Fleet) Usage {
	t.Helper()
	return c.judged(t, p, f, c.agrees, "not all machines were checked and are as wanted")
}

// detects has a contestant find the planted drift: who does not is timed for nothing.
func (c contestant) detects(t testing.TB, p programs, f Fleet) {
	t.Helper()
	c.judged(t, p, f, c.finds, "not all machines were checked and have drifted")
}

func (c contestant) judged(t testing.TB, p programs, f Fleet, by func(Fleet, int, string) bool, otherwise string) Usage {
	t.Helper()
	cmd := c.command(p, f)
	usage, output, err := Run(cmd)
	require.NoError(t, err)
	if c.after != nil {
		c.after(t, f)
	}
	require.True(t, by(f, status(cmd), output), "%s: %s: status %d\n%s", c.name, otherwise, status(cmd), tail(output))
	return usage
}

func tail(text string) string { return text[max(0, len(text)-4000):] }
