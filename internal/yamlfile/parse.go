package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Parse reads the one YAML document of a file and returns its top node, to be decoded by DecodeNode. Problems carry
// a line; their file is left for the caller to fill in. Without a fatal problem the node is not nil.
func Parse(data []byte) (*yaml.Node, Problems) {
	root, problems := ParseAny(data)
	if root != nil && IsNull(root) {
		return nil, Problems{{Line: 1, Message: "the file is empty"}}
	}
	return root, problems
}

// ParseAny is Parse for files that may hold nothing: the node is null then.
func ParseAny(data []byte) (*yaml.Node, Problems) {
	document, second, err := parse(data)
	switch {
	case errors.Is(err, io.EOF):
		return &yaml.Node{}, nil
	case err != nil:
		return nil, Problems{syntaxProblem(data, err)}
	case second > 0:
		return nil, Problems{{Line: second, Message: "a second YAML document starts here: a file holds only one"}}
	case len(document.Content) != 1:
		return &yaml.Node{}, nil
	}
	root := document.Content[0]
	if ps := checkAliases(root); len(ps) > 0 {
		return nil, ps
	}
	return root, nil
}

// parse returns the first document and the line of the second, 0 if there is none.
func parse(data []byte) (document *yaml.Node, second int, err error) {
	defer func() { // the parser is known to panic on some malformed input
		if r := recover(); r != nil {
			err = errors.New("yaml: cannot be parsed as YAML")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, next yaml.Node
	if err := decoder.Decode(&first); err != nil {
		return nil, 0, err
	}
	switch err := decoder.Decode(&next); {
	case errors.Is(err, io.EOF):
		return &first, 0, nil
	case err != nil:
		return nil, 0, err
	}
	return &first, max(next.Line, 1), nil
}

var reportedLine = regexp.MustCompile(`^line (\d+): `)

// aliasOfNothing is said in place of the parser's message, which quotes what may be a password that begins with a star.
const aliasOfNothing = "found an alias without an anchor"

// syntaxProblem tells where the YAML is malformed. The parser's own line is that of the construct around the
// mistake, or missing, unless its scanner found it.
func syntaxProblem(data []byte, err error) Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if match := reportedLine.FindStringSubmatch(message); match != nil {
		message = message[len(match[0]):]
		line, _ = strconv.Atoi(match[1])
	}
	if line == 0 || strings.HasPrefix(message, "did not find expected") || strings.HasPrefix(message, "found a tab") {
		line = failingLine(data, err)
	}
	if strings.HasPrefix(message, "unknown anchor ") {
		message = aliasOfNothing
	}
	return Problem{Line: line, Message: fmt.Sprintf("not valid YAML: %s%s", message, hint(message))}
}

// failingLine is the first line with which the file fails as it does as a whole: the parser reads from top to
// bottom and stops at the first mistake, whatever follows.
func failingLine(data []byte, whole error) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	ends := make([]int, len(lines)) // of each line in data
	end := 0
	for i, line := range lines {
		end += len(line)
		ends[i] = end
	}
	failing := sort.Search(len(lines), func(i int) bool {
		_, _, err := parse(data[:ends[i]])
		return err != nil && err.Error() == whole.Error()
	})
	return min(failing+1, len(lines))
}

// hint adds what usually lies behind a message of the parser.
func hint(message string) string {
	switch {
	case message == aliasOfNothing:
		return " (put text that begins with * in quotes)"
	case strings.Contains(message, "cannot start any token") && strings.Contains(message, "character"):
		return " (indent with spaces, and put text that begins with @, %, ` or a tab in quotes)"
	case strings.Contains(message, "did not find expected key"), strings.Contains(message, "expected '-' indicator"):
		return " (is this line indented like its neighbours?)"
	case strings.Contains(message, "found a tab character"):
		return " (indent with spaces)"
	case strings.Contains(message, "did not find expected ','"):
		return " (is a bracket or brace not closed?)"
	case strings.Contains(message, "mapping values are not allowed"):
		return " (is this line indented like its neighbours? text that holds a colon and a space needs quotes)"
	case strings.Contains(message, "could not find expected ':'"):
		return " (is there a line without a colon, or a quote that is not closed?)"
	case strings.Contains(message, "unexpected end of stream"), strings.Contains(message, "found unexpected document indicator"):
		return " (is a quote not closed?)"
	}
	return ""
}
