package checker

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// authorizedKeysKind checks which keys let somebody in.
type authorizedKeysKind struct{}

func (authorizedKeysKind) Name() string              { return "authorized_keys" }
func (authorizedKeysKind) Section() (string, string) { return "authorized_keys", "" }
func (authorizedKeysKind) Fields() any               { return authorizedKeysFields{} }

// Shell is empty: what it asks is answered for users and files.
func (authorizedKeysKind) Shell() string { return "" }

// authorizedKeysFields is an item of the section authorized_keys.
type authorizedKeysFields struct {
	User        yamlfile.Scalar `yaml:"user" show:"always"`
	Path        yamlfile.Scalar `yaml:"path" show:"always"`
	Keys        yamlfile.Texts  `yaml:"keys" show:"asked"`
	pack.Common `yaml:",inline"`
}

// authorizedKeysItem is the keys that a user, or a file, must have, and no others.
type authorizedKeysItem struct {
	user string // empty: there is a path
	path string
	keys []authorizedKey
}

func (k *authorizedKeysItem) Identity() string {
	if k.user != "" {
		return k.user
	}
	return k.path
}

func (k *authorizedKeysItem) Definition() string {
	var keys []string
	for _, key := range k.keys {
		keys = append(keys, key.id())
	}
	slices.Sort(keys)
	return definition("user", k.user, "path", k.path, "keys", "="+strings.Join(keys, "\n"))
}

func (authorizedKeysKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in authorizedKeysFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	k := &authorizedKeysItem{user: d.accountName("user", in.User)}
	if in.User.Set == in.Path.Set {
		d.problem(0, "either user or path must be given")
	}
	if in.Path.Set {
		k.path = d.path("path", in.Path)
	}
	if !in.Keys.Set {
		d.problem(in.Keys.Line, "keys is required; [] is none")
	}
	seen := map[string]bool{}
	for _, s := range in.Keys.Values {
		key, err := parseAuthorizedKey(d.text("keys", s))
		switch {
		case err != nil:
			d.problem(s.Line, "keys: is %s: options, type, key and comment in one line", err)
		case seen[key.id()]:
			d.problem(s.Line, "keys has a key twice")
		}
		seen[key.id()] = true
		k.keys = append(k.keys, key)
	}
	return k, d.problems
}

func (authorizedKeysKind) Ops(pack.Item) []string {
	return append(contentOps(), "user")
}

func (authorizedKeysKind) Ask(facts Facts, item pack.Item) ([]Question, error) {
	k := item.(*authorizedKeysItem)
	if k.user != "" {
		return []Question{{Op: "user", Arg: k.user}}, nil
	}
	path, err := onMachine(k.path, facts)
	return []Question{{Op: "file", Arg: path}}, err
}

// files are those that hold the keys. sshd reads both files of a home where its configuration does not say otherwise.
func (k *authorizedKeysItem) files(facts Facts, answers Answers) ([]string, error) {
	if k.user == "" {
		path, err := onMachine(k.path, facts)
		return []string{path}, err
	}
	user, err := accountOf(answers, k.user)
	switch {
	case err != nil || user == nil:
		return nil, err
	case !strings.HasPrefix(user.home, "/"):
		return nil, errors.New("the user's home is no absolute path")
	}
	home := strings.TrimSuffix(user.home, "/")
	return []string{home + "/.ssh/authorized_keys", home + "/.ssh/authorized_keys2"}, nil
}

// Compare takes a user who is not there for one without keys.
func (authorizedKeysKind) Compare(facts Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	k := item.(*authorizedKeysItem)
	files, err := k.files(facts, answers)
	if err != nil {
		return nil, nil, err
	}
	var there []placedKey
	var more []Question
	for _, path := range files {
		keys, question, err := keysIn(path, answers)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		more = append(more, question...)
		there = append(there, keys...)
	}
	if len(more) > 0 {
		return nil, more, errUndecided
	}
	return k.compare(there), nil, nil
}

// keysIn reads the keys of a file, or says what to ask to know them.
func keysIn(path string, answers Answers) ([]placedKey, []Question, error) {
	question := Question{Op: "file", Arg: path}
	if !answers.has(question) {
		return nil, []Question{question}, nil
	}
	got, there, err := regularFile(answers, path)
	if err != nil || !there {
		return nil, nil, err
	}
	content, more, err := readWhole(got, answers, path)
	if errors.Is(err, errUndecided) {
		return nil, more, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return keysOf(content, path), nil, nil
}

// keysOf reads what a file holds: every line that is neither empty nor a comment counts, be it a key or not.
func keysOf(content, path string) []placedKey {
	var keys []placedKey
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimLeft(strings.TrimRight(line, " \t\r\n"), " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		key, err := parseAuthorizedKey(line)
		keys = append(keys, placedKey{authorizedKey: key, broken: err != nil, place: fmt.Sprintf("line %d of %s", number, path)})
	}
	return keys
}

// compare pairs what is demanded with what is there. A key that has other options is one mismatch, not two.
func (k *authorizedKeysItem) compare(there []placedKey) []state.Mismatch {
	demanded, found := map[string]bool{}, map[string]bool{}
	for _, key := range k.keys {
		demanded[key.id()] = true
	}
	var beyond []placedKey
	for _, key := range there {
		found[key.id()] = !key.broken
		if key.broken || !demanded[key.id()] {
			beyond = append(beyond, key)
		}
	}
	var mismatches []state.Mismatch
	for _, key := range k.keys {
		if found[key.id()] {
			continue
		}
		same := slices.IndexFunc(beyond, func(other placedKey) bool { return !other.broken && other.blob == key.blob })
		if same < 0 {
			mismatches = append(mismatches, state.Mismatch{Type: "missing_key", Expected: key.String(), Actual: "absent"})
			continue
		}
		actual := beyond[same].String()
		if key.shownOptions() == beyond[same].shownOptions() {
			actual += ", with other values of its options, or in another order"
		}
		mismatches = append(mismatches, state.Mismatch{Type: "wrong_key", Expected: key.String(), Actual: actual})
		beyond = slices.Delete(beyond, same, same+1)
	}
	for _, key := range beyond {
		mismatches = append(mismatches, state.Mismatch{Type: "unexpected_key", Expected: "absent", Actual: key.String()})
	}
	return mismatches
}
