package checker

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// authorizedKey is a line of a file of authorized keys, see AUTHORIZED_KEYS FILE FORMAT in sshd(8).
type authorizedKey struct {
	typ     string
	blob    string   // the key itself
	options []string // as they compare
	comment string
}

var errNoKey = errors.New("no public key of authorized_keys")

// parseAuthorizedKey reads a line that is neither empty nor a comment. As in sshd, what does not begin with a key
// must begin with options.
func parseAuthorizedKey(line string) (authorizedKey, error) {
	line = strings.TrimRight(strings.TrimLeft(line, " \t"), " \t\r")
	if strings.Contains(line, "\x00") {
		return authorizedKey{}, errNoKey // sshd reads up to it, others further
	}
	if key, ok := parsePublicKey(line); ok {
		return key, nil
	}
	options, rest, ok := cutOptions(line)
	if !ok {
		return authorizedKey{}, errNoKey
	}
	key, ok := parsePublicKey(strings.TrimLeft(rest, " \t"))
	if !ok {
		return authorizedKey{}, errNoKey
	}
	key.options = canonicalOptions(options)
	return key, nil
}

// parsePublicKey reads "TYPE BASE64 COMMENT". The blob says its type once more: so a type that is not known here is
// told from an option.
func parsePublicKey(line string) (authorizedKey, bool) {
	typ, rest, _ := cutBlank(line)
	encoded, comment, _ := cutBlank(strings.TrimLeft(rest, " \t"))
	blob, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if typ == "" || err != nil || len(blob) < 4 {
		return authorizedKey{}, false
	}
	length := uint64(binary.BigEndian.Uint32(blob))
	if length >= uint64(len(blob)-4) || string(blob[4:4+length]) != typ {
		return authorizedKey{}, false
	}
	return authorizedKey{typ: typ, blob: string(blob), comment: strings.TrimLeft(comment, " \t")}, true
}

func cutBlank(s string) (before, after string, found bool) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i:], true
}

// cutOptions splits the options off a line: they end at the first blank that is not quoted. Within quotes \" is a
// quote. False if a quote is not closed.
func cutOptions(line string) (options []string, rest string, ok bool) {
	quoted, from := false, 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && line[i+1] == '"':
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			options = append(options, line[from:i])
			from = i + 1
		case (c == ' ' || c == '\t') && !quoted:
			return append(options, line[from:i]), line[i:], true
		}
	}
	return append(options, line[from:]), "", !quoted
}

// canonicalOptions brings options into a form in which those that mean the same are the same: names are in lower case, and
// the order is that of the names, except where it has a meaning: "restrict,pty" allows what "pty,restrict" does not.
func canonicalOptions(options []string) []string {
	grants := false
	out := make([]string, len(options))
	for i, option := range options {
		name, value, has := strings.Cut(option, "=")
		if out[i] = strings.ToLower(name); has {
			out[i] += "=" + value
		}
		grants = grants || slices.Contains([]string{"pty", "agent-forwarding", "port-forwarding", "x11-forwarding", "user-rc"}, out[i])
	}
	if !grants {
		slices.SortStableFunc(out, func(a, b string) int { return strings.Compare(optionName(a), optionName(b)) })
	}
	return out
}

func optionName(option string) string {
	name, _, _ := strings.Cut(option, "=")
	return name
}

// id tells keys apart by what they are and what they may do, and not by their comment.
func (k authorizedKey) id() string {
	return definition("blob", k.blob, "options", strings.Join(k.options, ","))
}

// String shows type, fingerprint as ssh-keygen -l does, comment, and options.
func (k authorizedKey) String() string {
	sum := sha256.Sum256([]byte(k.blob))
	text := k.typ + " SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	if k.comment != "" {
		text += " " + k.comment
	}
	if len(k.options) > 0 {
		text += ", options " + k.shownOptions()
	}
	return text
}

// shownOptions has only those values that cannot well be secret: a command or an environment may hold one.
func (k authorizedKey) shownOptions() string {
	var options []string
	for _, option := range k.options {
		name, _, has := strings.Cut(option, "=")
		if has && !slices.Contains([]string{"expiry-time", "from", "permitlisten", "permitopen", "principals", "tunnel"}, name) {
			option = name + "=…"
		}
		options = append(options, option)
	}
	return strings.Join(options, ",")
}

// placedKey is a line of a file, with its place.
type placedKey struct {
	authorizedKey
	broken bool // it is no key
	place  string
}

// String is the key, or that there is none, and where that is.
func (k placedKey) String() string {
	if k.broken {
		return "no key that can be read, " + k.place
	}
	return k.authorizedKey.String() + ", " + k.place
}
