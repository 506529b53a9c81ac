package ssh

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	maxIncludeDepth = 16   // as OpenSSH's
	maxIncluded     = 1000 // files, so that files that include each other come to an end
)

// configLine is a line of an ssh_config.
type configLine struct {
	file     string
	number   int
	keyword  string // lower case
	args     []string
	included []configLine // of an Include: the lines of all its files
}

func (l configLine) String() string { return fmt.Sprintf("%s:%d", l.file, l.number) }

// arg is the first argument.
func (l configLine) arg() string {
	if len(l.args) == 0 {
		return ""
	}
	return l.args[0]
}

// configReader reads an ssh_config with what it includes. The grammar is that of OpenSSH's readconf.c. It is read
// here because what decides about where a check connects must be read as OpenSSH reads it: all of Match, patterns
// and quotes, and no condition that is mistaken for the name of a host.
type configReader struct {
	home string
	read int // files so far
}

func (r *configReader) file(path string, depth int) ([]configLine, error) {
	if r.read++; r.read > maxIncluded || depth > maxIncludeDepth {
		return nil, errors.New("too many files include each other")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines, err := parseConfigLines(path, data)
	if err != nil {
		return nil, err
	}
	for i := range lines {
		if lines[i].keyword != "include" {
			continue
		}
		if lines[i].included, err = r.include(lines[i], depth); err != nil {
			return nil, fmt.Errorf("%s: %w", lines[i], err)
		}
	}
	return lines, nil
}

// include reads the files that an Include names, by patterns too. As in OpenSSH, one that is missing says nothing.
func (r *configReader) include(l configLine, depth int) ([]configLine, error) {
	var all []configLine
	for _, pattern := range l.args {
		path, err := r.absolute(pattern, l.file)
		if err != nil {
			return nil, err
		}
		names, err := filepath.Glob(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", quote(pattern), err)
		}
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				continue
			}
			lines, err := r.file(name, depth+1)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			// A block ends with its file.
			all = append(all, configLine{keyword: "file", included: lines})
		}
	}
	return all, nil
}

const systemConfigDir = "/etc/ssh"

// absolute is where an included file is: relative ones are in ~/.ssh, or in /etc/ssh where the file that includes
// them is.
func (r *configReader) absolute(path, from string) (string, error) {
	rest, inHome := strings.CutPrefix(path, "~/")
	switch {
	case filepath.IsAbs(path):
		return path, nil
	case !inHome && strings.HasPrefix(filepath.Clean(from), systemConfigDir+"/"):
		return filepath.Join(systemConfigDir, path), nil
	case r.home == "":
		return "", fmt.Errorf("%s: the home directory is not known", quote(path))
	case inHome:
		return filepath.Join(r.home, rest), nil
	}
	return filepath.Join(r.home, ".ssh", path), nil
}

// parseConfigLines splits a file into its lines, without those that say nothing.
func parseConfigLines(file string, data []byte) ([]configLine, error) {
	var lines []configLine
	number := 0
	for text := range bytes.SplitSeq(data, []byte("\n")) {
		number++
		keyword, rest := cutKeyword(strings.Trim(string(text), configSpace))
		if keyword == "" || keyword[0] == '#' {
			continue
		}
		l := configLine{file: file, number: number, keyword: strings.ToLower(keyword)}
		var err error
		if l.args, err = splitArgs(rest); err != nil {
			return nil, fmt.Errorf("%s: %w", l, err)
		}
		if len(l.args) == 0 {
			return nil, fmt.Errorf("%s: %s without a value", l, quote(keyword))
		}
		lines = append(lines, l)
	}
	return lines, nil
}

const configSpace = " \t\r\f"

// cutKeyword cuts a line after its keyword, which spaces or one = end.
func cutKeyword(line string) (keyword, rest string) {
	end := strings.IndexAny(line, configSpace+"=")
	if end < 0 {
		return line, ""
	}
	rest = strings.TrimLeft(line[end:], configSpace)
	rest = strings.TrimPrefix(rest, "=")
	return line[:end], rest
}

// splitArgs splits what follows a keyword into words, which quotes keep together. A # at the beginning of a word
// ends the line.
func splitArgs(s string) ([]string, error) {
	var args []string
	for {
		s = strings.TrimLeft(s, configSpace)
		if s == "" || s[0] == '#' {
			return args, nil
		}
		word, rest, err := cutWord(s)
		if err != nil {
			return nil, err
		}
		args, s = append(args, word), rest
	}
}

func cutWord(s string) (word, rest string, err error) {
	var b strings.Builder
	var quoted byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (strings.IndexByte(`"'\`, s[i+1]) >= 0 || quoted == 0 && s[i+1] == ' '):
			i++
			b.WriteByte(s[i])
		case quoted != 0 && c == quoted:
			quoted = 0
		case quoted == 0 && (c == '"' || c == '\''):
			quoted = c
		case quoted == 0 && strings.IndexByte(configSpace, c) >= 0:
			return b.String(), s[i:], nil
		default:
			b.WriteByte(c)
		}
	}
	if quoted != 0 {
		return "", "", errors.New("a quote is not closed")
	}
	return b.String(), "", nil
}
