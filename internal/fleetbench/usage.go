package fleetbench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Usage is what a process has used, with all processes that it has started and waited for.
type Usage struct {
	Wall   time.Duration
	CPU    time.Duration // user and system
	Memory int64         // bytes resident at the same time at most, as sampled, of its process group
}

// sampleEvery is how often memory is looked at: seldom enough to cost nobody anything.
const sampleEvery = 100 * time.Millisecond

// Run runs a command to its end, in a process group of its own. The error is that of starting it: how it ends is for the
// caller to judge, by its output and its status.
func Run(cmd *exec.Cmd) (Usage, string, error) {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // Pdeathsig is about the thread that starts it
	defer runtime.UnlockOSThread()
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return Usage{}, "", err
	}
	var u Usage
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			u.Memory = max(u.Memory, GroupMemory(cmd.Process.Pid))
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	_ = cmd.Wait() // ProcessState tells
	wall := time.Since(started)
	close(done)
	work.Wait()
	u.Wall, u.CPU = wall, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	return u, output.String(), nil
}

// GroupMemory is what the processes of a group have resident, in bytes. What several of them share counts several times.
func GroupMemory(group int) int64 {
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	var sum int64
	for _, file := range processes {
		if s, err := readStat(file); err == nil && s.group == group {
			sum += s.resident
		}
	}
	return sum
}

// ProcessUsage is the processor time that a running process has used so far, and what it has resident.
func ProcessUsage(pid int) (Usage, error) {
	s, err := readStat(fmt.Sprintf("/proc/%d/stat", pid))
	return Usage{CPU: s.cpu, Memory: s.resident}, err
}

// stat is what is needed of /proc/PID/stat, see proc_pid_stat(5).
type stat struct {
	group    int
	cpu      time.Duration
	resident int64
}

// tick is the unit of processor time there. It is the same on every Linux: USER_HZ is fixed.
const tick = 10 * time.Millisecond

func readStat(file string) (stat, error) {
	f, err := os.Open(file)
	if err != nil {
		return stat{}, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(f)
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(data))
}

// parseStat reads a line of /proc/PID/stat. Its second field is the name in parentheses, which may hold anything.
func parseStat(line string) (stat, error) {
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return stat{}, fmt.Errorf("no process name in %q", line)
	}
	fields := strings.Fields(line[end+1:]) // the first of them is field 3
	if len(fields) < 22 {
		return stat{}, fmt.Errorf("%d fields after the process name", len(fields))
	}
	var n [4]int64
	for i, field := range []int{5, 14, 15, 24} { // pgrp, utime, stime, rss
		var err error
		if n[i], err = strconv.ParseInt(fields[field-3], 10, 64); err != nil {
			return stat{}, err
		}
	}
	return stat{group: int(n[0]), cpu: time.Duration(n[1]+n[2]) * tick, resident: n[3] * int64(os.Getpagesize())}, nil
}
