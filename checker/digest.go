package checker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// varier is an item whose demand depends on the vars of the machine.
type varier interface{ Varies() bool }

// digestCache keeps the digests of packs, which are the same for all machines with the same vars. Nobody may change what
// it returns.
type digestCache struct {
	cache[digestKey, packDigests]
}

type digestKey struct {
	pack *pack.Pack
	vars string // canonical
}

type packDigests struct {
	whole       string
	definitions map[string]string
}

// of is digests, made once.
func (c *digestCache) of(p *pack.Pack, vars map[string]any) (whole string, definitions map[string]string) {
	d := c.cache.of(digestKey{p, canonical(vars)}, func() (d packDigests) {
		d.whole, d.definitions = digests(p, vars)
		return d
	})
	return d.whole, d.definitions
}

// digests returns the digest of a pack for a machine with these vars (Result.PackDigest), and a short hash of what is
// demanded of each item (Result.Definitions). Names, descriptions and the place in a file do not change them.
func digests(p *pack.Pack, vars map[string]any) (whole string, definitions map[string]string) {
	varsText := canonical(vars)
	definitions = make(map[string]string, len(p.Entries))
	var text strings.Builder
	for _, entry := range p.Entries {
		id := state.ItemID(entry.Kind, shown(entry.Item.Identity()))
		hash := hashText(definitionOf(entry, vars, varsText) + definitions[id]) // more than one, where their when differs
		definitions[id] = hash[:16]
		fmt.Fprintf(&text, "%q %s\n", id, hash)
	}
	return hashText(text.String() + "vars " + varsText), definitions
}

// definitionOf is all that an entry demands of machines with these vars. Those that its when names are a part of it: if
// the configuration gives them other values, it is not the machine that changed.
func definitionOf(entry pack.Entry, vars map[string]any, varsText string) string {
	definition := entry.Item.Definition()
	if v, ok := entry.Item.(varier); ok && v.Varies() {
		definition += "\nvars " + varsText
	}
	if entry.When != nil {
		definition += "\nwhen " + entry.When.String() + "\nof " + canonical(entry.When.Of(vars))
	}
	return definition
}

func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// canonical is the same text for the same vars: JSON, whose maps are sorted.
func canonical(vars map[string]any) string {
	if len(vars) == 0 {
		return "{}"
	}
	text, err := json.Marshal(vars)
	if err != nil { // a value that JSON has no form for, such as .inf; fmt sorts maps as well
		return fmt.Sprintf("%#v", vars)
	}
	return string(text)
}
