package checker

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// configFormat is a format of configuration files.
type configFormat struct {
	parse func(content []byte) (configDocument, error) // nil: it takes more than one file
	nests bool                                         // keys are paths
	lists bool                                         // values may be lists
}

// configDocument is a file that was read. It is only held while the keys that are wanted of it are looked up.
type configDocument interface {
	value(c *configItem) (configValue, error)
}

// configFormats are the formats by their names in packs. What the errors of their parsers say is never passed on, since
// it may hold content: only the line is.
var configFormats = map[string]configFormat{
	"env":        {parse: parseEnv},
	"ini":        {parse: parseINI, nests: true},
	"json":       {parse: parseJSON, nests: true, lists: true},
	"properties": {parse: parseProperties},
	"sshd":       {lists: true},
	"toml":       {parse: parseTOML, nests: true, lists: true},
	"yaml":       {parse: parseYAML, nests: true, lists: true},
}

// configFormatOf is the format of a name in a pack, or of a path if it is empty.
func configFormatOf(name, file string) string {
	aliases := map[string]string{"yml": "yaml", "sshd_config": "sshd", "dotenv": "env"}
	if name == "" {
		name = strings.TrimPrefix(path.Ext(file), ".")
		if path.Base(file) == "sshd_config" || path.Base(path.Dir(file)) == "sshd_config.d" {
			name = "sshd"
		}
	}
	if format, ok := aliases[name]; ok {
		return format
	}
	return name
}

// configValue is what a file says of a key.
type configValue struct {
	set    bool
	isList bool
	texts  []string // of a scalar its one text as it is written, of a list of scalars all of them
	what   string   // what it is if it is neither, or why it is not set
}

func scalarValue(text string) configValue { return configValue{set: true, texts: []string{text}} }

// maxConfigValue bounds a value in bytes, as it is shown: so what is kept of a file is no more than that for each key,
// even where the file says the same long text over and over.
const maxConfigValue = 64 << 10

var errLongValue = errors.New("the value is longer than 64 KiB")

// scalarRead is a scalar as a file has it.
func scalarRead(text string) (configValue, error) {
	if len(text) > maxConfigValue {
		return configValue{}, errLongValue
	}
	return scalarValue(text), nil
}

// configList gathers the scalars of a list as long as they are no longer than a value may be.
type configList struct {
	texts []string
	size  int
}

func (l *configList) add(texts ...string) error {
	for _, text := range texts {
		if l.size += len(text) + len(listComma); l.size > maxConfigValue {
			return errLongValue
		}
		l.texts = append(l.texts, text)
	}
	return nil
}

func (l *configList) value() configValue { return configValue{set: true, isList: true, texts: l.texts} }

// listComma parts the entries of a list where it is shown.
const listComma = ", "

// clone is the value without the content that it may be a part of, which need not be kept for it.
func (v configValue) clone() configValue {
	v.texts = slices.Clone(v.texts)
	for i, text := range v.texts {
		v.texts[i] = strings.Clone(text)
	}
	return v
}

func (v configValue) equal(other configValue) bool {
	if v.set != other.set || v.isList != other.isList || len(v.texts) != len(other.texts) {
		return false
	}
	for i, text := range v.texts {
		if text != other.texts[i] {
			return false
		}
	}
	return !v.set || v.what == other.what
}

func (v configValue) String() string {
	switch {
	case v.what != "":
		return v.what
	case !v.set:
		return "(unset)"
	case v.isList:
		return "[" + strings.Join(v.texts, listComma) + "]"
	}
	return v.texts[0]
}

// atLine is an error in a line of a file. It says nothing of what the line holds.
func atLine(line int, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
}

// lineAt is the number of the line that holds the byte at an offset.
func lineAt(content []byte, offset int) int {
	return 1 + bytes.Count(content[:min(max(offset, 0), len(content))], []byte("\n"))
}

// configReads answers all items about a file when the first asks: so a file is parsed once in a check however many
// keys of it are demanded, and no parsed file is kept.
type configReads struct {
	wanted map[string][]*configItem // by path on the machine
	found  map[*configItem]configFound
}

// configFound is what an item's file said, and the content that it was.
type configFound struct {
	sum   string
	value configValue
	err   error
}

// want notes that an item will ask about a file.
func (r *configReads) want(path string, c *configItem) {
	if r.wanted == nil {
		r.wanted, r.found = map[string][]*configItem{}, map[*configItem]configFound{}
	}
	r.wanted[path] = append(r.wanted[path], c)
}

// known is what the file of that hash says of an item's key, if it was read before.
func (r *configReads) known(c *configItem, sum string) (value configValue, known bool, err error) {
	found, ok := r.found[c]
	if !ok || found.sum != sum || sum == "" {
		return configValue{}, false, nil
	}
	return found.value, true, found.err
}

// value is what a file says of an item's key; sum is the hash of its content.
func (r *configReads) value(path, sum, content string, c *configItem) (configValue, error) {
	document, err := configFormats[c.format].parse([]byte(content))
	for _, other := range r.wanted[path] {
		if other.format != c.format {
			continue
		}
		found := configFound{sum: sum, err: err}
		if err == nil {
			found.value, found.err = document.value(other)
			found.value = found.value.clone()
		}
		r.found[other] = found
	}
	found := r.found[c]
	return found.value, found.err
}

// configReading is the look of one item at its files.
type configReading struct {
	answers Answers
	more    []Question // what must be answered first
	secret  bool       // others may not read one of the files
}

// file is the content of a file; there is false if the machine has none. With errUndecided it is not known yet.
func (r *configReading) file(path string) (content string, there bool, err error) {
	got, there, err := r.status(path)
	if err != nil || !there {
		return "", false, err
	}
	content, more, err := readWhole(got, r.answers, path)
	r.more = append(r.more, more...)
	return content, true, err
}

// sum is the hash of a file as the machine says it; empty if it was not asked or does not know.
func (r *configReading) sum(path string) string {
	sum, err := r.answers.to("sum", path)
	if err != nil {
		return ""
	}
	return sum
}

// status is what a machine says of a file, and notes whether others may read it.
func (r *configReading) status(path string) (got observed, there bool, err error) {
	got, there, err = regularFile(r.answers, path)
	r.secret = r.secret || there && got.reached.permissions()&othersRead == 0
	return got, there, err
}
