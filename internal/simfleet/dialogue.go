package simfleet

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// maxLine bounds a line of what follows the script, in bytes.
const maxLine = 1 << 20

var (
	errOtherScript = errors.New("only the script of drift_exporter runs here")
	errCommand     = errors.New("simulated machines run no commands")
	errLongLine    = errors.New("a line is too long")
)

// scriptEnd is how the script ends, and nothing in it does.
const scriptEnd = "\nexit\n}\n"

// ReadScript reads a script up to its end, and nothing beyond it.
func ReadScript(in *bufio.Reader) (string, error) {
	var script strings.Builder
	for script.Len() < maxLine {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", errOtherScript
		}
		script.Write(line)
		if string(line) == "}\n" && strings.HasSuffix(script.String(), scriptEnd) {
			return script.String(), nil
		}
	}
	return "", errOtherScript
}

// passQuestions copies what follows the script, line by line: paths that are asked for are placed below root. Of a
// question "=…" only how it begins is a path; what may follow is text to look for. All else is as it was sent, also what some
// scripts read before the first question. A line that has no end is left out, as the script would not take it.
func passQuestions(to io.Writer, in *bufio.Reader, root string) error {
	op := ""
	for {
		read, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return errLongLine
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		line := string(read)
		path, question := strings.CutPrefix(line, "=")
		switch {
		case !question && line == "command\n":
			return errCommand
		case !question:
			op = line
		case op != "mount\n" && own(path): // what is mounted is this machine's
			line = "=" + root + path
		}
		if _, err := io.WriteString(to, line); err != nil {
			return err
		}
	}
}
