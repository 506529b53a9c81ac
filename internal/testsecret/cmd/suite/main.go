// The suite runs `go test -json` with the arguments that it is given, prints what `go test` would print, and fails, too, if
// anything that any test has printed, one that passed included, holds a secret that tests plant: see testsecret.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs a command that prints the events of test2json.
func run(argv []string, out io.Writer) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	leaks, err := report(events, out)
	if ended := cmd.Wait(); ended != nil {
		return fmt.Errorf("go test: %w", ended)
	}
	if err == nil && leaks > 0 {
		err = fmt.Errorf("%d lines of the tests' output hold planted secrets", leaks)
	}
	return err
}

// report prints what there is to say of each package once its tests have ended, and counts lines that hold secrets.
func report(events io.Reader, out io.Writer) (leaks int, err error) {
	packages := map[string]*record{}
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			leaks += take(line, packages, out)
		}
		switch {
		case err == io.EOF: //nolint:errorlint // a reader's end is never wrapped
			return leaks, nil
		case err != nil:
			return leaks, err
		}
	}
}

// take is told of one event.
func take(line []byte, packages map[string]*record, out io.Writer) (leaks int) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil { // what go itself has to say
		e = event{Action: "build-output", Output: string(line)}
	}
	if e.Package == "" {
		fmt.Fprint(out, e.Output)
		return searched(out, e)
	}
	p := packages[e.Package]
	if p == nil {
		p = &record{ended: map[string]bool{}}
		packages[e.Package] = p
	}
	p.take(e)
	if e.Test == "" && (e.Action == "pass" || e.Action == "fail" || e.Action == "skip") {
		p.print(out, e.Action == "fail")
		delete(packages, e.Package)
	}
	return searched(out, e)
}
