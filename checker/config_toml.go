package checker

import (
	"errors"

	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlTree builds a tree from the expressions of a TOML document. The library's decoder would do so, too, but its
// numbers are no longer as they were written, and it takes time by the square of the number of keys.
type tomlTree struct {
	root, current *tomlTable // current is where keys go
}

// tomlTable is a table, and how it came to be: that decides what may be added to it later.
type tomlTable struct {
	fields map[string]any // string, *tomlTable, *tomlTables or []any
	origin int
}

const (
	tomlImplicit = iota // by the header of a table below it
	tomlHeader          // by its own
	tomlDotted          // by a key with dots
	tomlInline          // between braces: it is complete
)

// tomlTables is a list made by [[…]].
type tomlTables struct{ entries []*tomlTable }

var errTOML = errors.New("gives a key or a table again")

func newTOMLTable(origin int) *tomlTable {
	return &tomlTable{fields: map[string]any{}, origin: origin}
}

func parseTOML(content []byte) (configDocument, error) {
	if err := mustBeUnmarked(content); err != nil {
		return nil, err
	}
	t := tomlTree{root: newTOMLTable(tomlHeader)}
	t.current = t.root
	parser := unstable.Parser{}
	parser.Reset(content)
	for parser.NextExpression() {
		node := parser.Expression()
		if err := t.add(node); err != nil {
			return nil, atLine(lineAt(content, tomlOffset(node)), "%s", err)
		}
	}
	var where *unstable.ParserError
	if err := parser.Error(); errors.As(err, &where) {
		return nil, atLine(lineAt(content, cap(content)-cap(where.Highlight)), "is no TOML")
	} else if err != nil {
		return nil, errors.New("is no TOML")
	}
	return treeDocument{t.root}, nil
}

// tomlOffset is where an expression's first key is.
func tomlOffset(node *unstable.Node) int {
	key := node.Key()
	key.Next()
	return int(key.Node().Raw.Offset)
}

// tomlKey is the names of an expression's key.
func tomlKey(node *unstable.Node) ([]string, error) {
	var names []string
	for keys := node.Key(); keys.Next(); {
		if names = append(names, string(keys.Node().Data)); len(names) > maxKeySteps {
			return nil, errors.New("a key has too many parts")
		}
	}
	return names, nil
}

func (t *tomlTree) add(node *unstable.Node) error {
	key, err := tomlKey(node)
	if err != nil {
		return err
	}
	if node.Kind == unstable.KeyValue {
		return t.current.set(key, node.Value())
	}
	last := len(key) - 1
	table := t.root
	for _, name := range key[:last] {
		if table, err = table.below(name); err != nil {
			return err
		}
	}
	if node.Kind == unstable.ArrayTable {
		t.current, err = table.appended(key[last])
	} else {
		t.current, err = table.header(key[last])
	}
	return err
}

// below goes through a part of a header that is not its last: of a list of tables the last one is meant.
func (t *tomlTable) below(name string) (*tomlTable, error) {
	switch next := t.fields[name].(type) {
	case nil:
		table := newTOMLTable(tomlImplicit)
		t.fields[name] = table
		return table, nil
	case *tomlTables:
		return next.entries[len(next.entries)-1], nil
	case *tomlTable:
		if next.origin != tomlInline {
			return next, nil
		}
	}
	return nil, errTOML
}

// header is the table that [name] begins.
func (t *tomlTable) header(name string) (*tomlTable, error) {
	table, isTable := t.fields[name].(*tomlTable)
	switch {
	case t.fields[name] == nil:
		table = newTOMLTable(tomlHeader)
		t.fields[name] = table
	case !isTable || table.origin != tomlImplicit:
		return nil, errTOML
	}
	table.origin = tomlHeader
	return table, nil
}

// appended is the table that [[name]] begins.
func (t *tomlTable) appended(name string) (*tomlTable, error) {
	list, isList := t.fields[name].(*tomlTables)
	switch {
	case t.fields[name] == nil:
		list = &tomlTables{}
		t.fields[name] = list
	case !isList:
		return nil, errTOML
	}
	table := newTOMLTable(tomlHeader)
	list.entries = append(list.entries, table)
	return table, nil
}

// set gives a key its value. Tables that its dots go through must have been made by such keys.
func (t *tomlTable) set(key []string, value *unstable.Node) error {
	last := len(key) - 1
	for _, name := range key[:last] {
		next, isTable := t.fields[name].(*tomlTable)
		switch {
		case t.fields[name] == nil:
			next = newTOMLTable(tomlDotted)
			t.fields[name] = next
		case !isTable || next.origin != tomlDotted:
			return errTOML
		}
		t = next
	}
	if t.fields[key[last]] != nil {
		return errTOML
	}
	var err error
	t.fields[key[last]], err = tomlValue(value)
	return err
}

// tomlValue is a value; of a number, a date or a truth value the text as it is written.
func tomlValue(node *unstable.Node) (any, error) {
	switch node.Kind {
	case unstable.Array:
		list := []any{}
		for entries := node.Children(); entries.Next(); {
			entry, err := tomlValue(entries.Node())
			if err != nil {
				return nil, err
			}
			list = append(list, entry)
		}
		return list, nil
	case unstable.InlineTable:
		table := newTOMLTable(tomlInline)
		for pairs := node.Children(); pairs.Next(); {
			key, err := tomlKey(pairs.Node())
			if err == nil {
				err = table.set(key, pairs.Node().Value())
			}
			if err != nil {
				return nil, err
			}
		}
		return table, nil
	}
	return string(node.Data), nil
}
