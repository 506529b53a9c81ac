package checker

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// sshdReading looks for one keyword in a configuration of sshd as sshd does: the first line that sets a keyword
// counts, except for the few that collect, and included files are read where Include stands.
type sshdReading struct {
	*configReading
	keyword string
	collect bool
	words   configList
	set     bool
	waiting bool // for an included file: what comes after it cannot decide
	// What Include led to so far.
	patterns, files int
	size            int64
}

// sshdAliases are keywords that sshd takes for another.
var sshdAliases = map[string]string{
	"challengeresponseauthentication": "kbdinteractiveauthentication",
	"skeyauthentication":              "kbdinteractiveauthentication",
	"dsaauthentication":               "pubkeyauthentication",
	"hostdsakey":                      "hostkey",
	"hostbasedacceptedkeytypes":       "hostbasedacceptedalgorithms",
	"pubkeyacceptedkeytypes":          "pubkeyacceptedalgorithms",
	"keepalive":                       "tcpkeepalive",
}

// sshdCollecting are the keywords of which every line adds to those before.
var sshdCollecting = []string{
	"acceptenv", "allowgroups", "allowusers", "denygroups", "denyusers", "hostcertificate", "hostkey", "listenaddress", "port", "subsystem",
}

func sshdKeyword(word string) string {
	word = strings.ToLower(word)
	if other, ok := sshdAliases[word]; ok {
		return other
	}
	return word
}

// sshd is what sshd takes for the value of a keyword outside of Match: its words, parted by a blank.
func (r *configReading) sshd(key, content string) (configValue, error) {
	s := sshdReading{configReading: r, keyword: sshdKeyword(key)}
	s.collect = slices.Contains(sshdCollecting, s.keyword)
	if err := s.read(content, 0); err != nil {
		return configValue{}, err
	}
	switch {
	case s.waiting:
		return configValue{}, errUndecided
	case !s.set:
		return configValue{}, nil
	}
	return scalarValue(strings.Join(s.words.texts, " ")), nil
}

// read goes through the lines of a file. A Match lasts to the file's end or to the next.
func (s *sshdReading) read(content string, depth int) error {
	number, block := 0, sshdGlobal
	for line := range strings.Lines(content) {
		number++
		keyword, rest := sshdSplit(line)
		if keyword != s.keyword && keyword != "include" && keyword != "match" && keyword != "host" {
			continue
		}
		words, err := sshdWords(rest)
		if keyword == "forcecommand" || keyword == "versionaddendum" {
			words, err = []string{rest}, nil // the line as it is
		}
		switch {
		case err != nil:
		case len(words) == 0:
			err = errors.New("has no value")
		case keyword == "match" || keyword == "host":
			block = sshdBlockOf(keyword, words)
		case block == sshdForAll:
			err = errors.New("stands in a block for all connections: what counts then is not judged")
		case block == sshdForSome:
		case keyword == "include":
			err = s.include(words, depth)
		case !s.set || s.collect:
			s.set = true
			err = s.words.add(words...)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}

// Where a line stands: outside of Match, in one for some connections, or in one for all.
const (
	sshdGlobal = iota
	sshdForSome
	sshdForAll
)

// sshdBlockOf is what a Match begins; Host is its like in files of ssh.
func sshdBlockOf(keyword string, words []string) int {
	if len(words) == 1 && (strings.EqualFold(words[0], "all") || keyword == "host" && words[0] == "*") {
		return sshdForAll
	}
	return sshdForSome
}

// What an item follows of Include, in all that it reads: a file may name others without end.
const (
	maxIncludes      = 2       // how deep
	maxIncluded      = 100     // files, and as many patterns; one that is named twice counts twice
	maxIncludedBytes = 8 << 20 // what the files hold
)

// include reads the files that a line names, or asks for them.
func (s *sshdReading) include(patterns []string, depth int) error {
	if depth == maxIncludes {
		return fmt.Errorf("files that are included by more than %d others are not followed", maxIncludes)
	}
	for _, pattern := range patterns {
		if !strings.HasPrefix(pattern, "/") {
			pattern = "/etc/ssh/" + pattern
		}
		names, err := s.matching(pattern)
		if errors.Is(err, errUndecided) {
			s.waiting = true
			continue
		}
		if s.files += len(names); err == nil && s.files > maxIncluded {
			err = fmt.Errorf("more than %d files are included", maxIncluded)
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			content, there, err := s.included(name)
			if err == nil && there {
				err = s.read(content, depth+1)
			}
			if errors.Is(err, errUndecided) {
				s.waiting, err = true, nil
			}
			if err != nil {
				return fmt.Errorf("an included file: %w", err)
			}
		}
	}
	return nil
}

// matching are the files that a pattern of Include means.
func (s *sshdReading) matching(pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return []string{pattern}, nil
	}
	if s.patterns++; s.patterns > maxIncluded {
		return nil, fmt.Errorf("files are included by more than %d patterns", maxIncluded)
	}
	g, err := parseGlob(pattern)
	if err != nil {
		return nil, errors.New("a pattern is not one that can be followed")
	}
	asked, err := g.ask(Facts{})
	if err != nil {
		return nil, err
	}
	if !s.answers.has(asked[0]) {
		s.more = append(s.more, asked...)
		return nil, errUndecided
	}
	return g.names(Facts{}, s.answers)
}

// included is the content of an included file. How large it is must be known before it is asked for.
func (s *sshdReading) included(name string) (content string, there bool, err error) {
	status := Question{Op: "file", Arg: name}
	if !s.answers.has(status) {
		s.more = append(s.more, status)
		return "", false, errUndecided
	}
	got, there, err := s.status(name)
	if err != nil || !there {
		return "", false, err
	}
	if s.size += max(got.reached.size, 0); s.size > maxIncludedBytes {
		return "", false, fmt.Errorf("the included files hold more than %d bytes", maxIncludedBytes)
	}
	content, more, err := readWhole(got, s.answers, name)
	s.more = append(s.more, more...)
	return content, true, err
}

const sshdBlanks = " \t\r\n"

// sshdSplit takes a line apart: the keyword in lower case, and what follows it and one = at most.
func sshdSplit(line string) (keyword, rest string) {
	line = strings.TrimRight(strings.TrimLeft(line, sshdBlanks), sshdBlanks+"\f")
	if line == "" || line[0] == '#' {
		return "", ""
	}
	end := strings.IndexAny(line, sshdBlanks+`="`)
	if end < 0 {
		return sshdKeyword(line), ""
	}
	rest = strings.TrimLeft(line[end:], sshdBlanks)
	if rest = strings.TrimPrefix(rest, "="); line[end] == '"' { // a keyword between quotes
		keyword, rest, _ = strings.Cut(line[end+1:], `"`)
		return sshdKeyword(line[:end] + keyword), strings.TrimLeft(rest, sshdBlanks+"=")
	}
	return sshdKeyword(line[:end]), strings.TrimLeft(rest, sshdBlanks)
}

var errQuote = errors.New("a quote is not closed")

// sshdWords takes arguments apart as sshd does: words parted by blanks, single and double quotes, a backslash before a
// quote, a backslash or a blank, and a comment from a word that begins with #.
func sshdWords(text string) ([]string, error) {
	var words []string
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" || text[0] == '#' {
			return words, nil
		}
		var word strings.Builder
		quote, i := byte(0), 0
		for ; i < len(text) && (quote != 0 || text[i] != ' ' && text[i] != '\t'); i++ {
			switch c := text[i]; {
			case c == '\\' && i+1 < len(text) && (strings.IndexByte(`'"\`, text[i+1]) >= 0 || quote == 0 && text[i+1] == ' '):
				i++
				word.WriteByte(text[i])
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case quote != 0 && c == quote:
				quote = 0
			default:
				word.WriteByte(c)
			}
		}
		if quote != 0 {
			return nil, errQuote
		}
		words = append(words, word.String())
		text = text[i:]
	}
}
