package simfleet

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// maxLine bounds a line of what follows the script, in bytes.
const maxLine = 1 << 20

// introduction is how many lines come before the first question: they are no paths.
const introduction = 3

var (
	errOtherScript = errors.New("only the script of drift_exporter runs here")
	errCommand     = errors.New("simulated machines run no commands")
	errLongLine    = errors.New("a line is too long")
)

// readScript reads the script, and nothing beyond it. Whatever else is sent instead never reaches a shell.
func readScript(in io.Reader, script string) error {
	sent := make([]byte, len(script))
	if _, err := io.ReadFull(in, sent); err != nil || string(sent) != script {
		return errOtherScript
	}
	return nil
}

// passQuestions copies what follows the script, line by line: paths that are asked for are placed below root. Of a
// question "=…" only how it begins is a path; what may follow is text to look for. A line that has no end is left out,
// as the script would not take it.
func passQuestions(to io.Writer, from io.Reader, root string) error {
	in := bufio.NewReaderSize(from, maxLine)
	op := ""
	for n := 0; ; n++ {
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
		case n < introduction:
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
