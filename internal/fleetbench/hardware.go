package fleetbench

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// Hardware is what the figures were measured on.
func Hardware(now time.Time) string {
	cpu := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		cpu = cpuModel(string(info))
	}
	return fmt.Sprintf("%s, %d cores, Linux %s, %s, %s, commit %s, %s.",
		cpu, runtime.NumCPU(), output("uname", "-r"), opensshVersion(output("ssh", "-V")), runtime.Version(),
		cmp.Or(output("git", "rev-parse", "--short", "HEAD"), "unknown"), now.UTC().Format(time.DateOnly))
}

// cpuModel is the name of the processor in /proc/cpuinfo; not all kinds have one.
func cpuModel(info string) string {
	for line := range strings.Lines(info) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return "unknown processor"
}

var opensshPattern = regexp.MustCompile(`OpenSSH_[^ ,]+`)

func opensshVersion(said string) string { return cmp.Or(opensshPattern.FindString(said), "no OpenSSH") }

// output is what a program prints, to either stream; empty if it cannot be run.
func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
