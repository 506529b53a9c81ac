package checker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// varier is an item whose demand depends on the vars of the machine.
type varier interface{ Varies() bool }

// maxDigests bounds how many packs and sets of vars the digests are kept of. Most fleets have a few; where each machine has
// its own they are made anew.
const maxDigests = 1000

// digestCache keeps the digests of packs, which are the same for all machines with the same vars. Nobody may change what
// it returns.
type digestCache struct {
	mu   sync.Mutex
	kept map[digestKey]packDigests
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
	key := digestKey{p, canonical(vars)}
	c.mu.Lock()
	d, ok := c.kept[key]
	c.mu.Unlock()
	if ok {
		return d.whole, d.definitions
	}
	d.whole, d.definitions = digests(p, vars)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[digestKey]packDigests{}
	}
	if len(c.kept) < maxDigests {
		c.kept[key] = d
	}
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
