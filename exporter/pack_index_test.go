package exporter

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSourcesLeadToTheItemOnThePageOfItsPack(t *testing.T) {
	r := newRig(t, nil)
	base := packOf("base", "", 600)
	web := packOf("web", "base", 2)
	web.Entries = append(base.Entries[:len(base.Entries):len(base.Entries)], web.Entries...)
	web.Entries[600].Source, web.Entries[600].Line = "packs/web.yaml:7", 7
	web.Entries[601].Source, web.Entries[601].Line = "packs/web.yaml:7", 7 // two in one line
	r.fleet.Packs = []PackInfo{base, web}
	l := links{base: "/drift", fleet: always(r.fleet)}
	for source, want := range map[string]string{
		"packs/base.yaml:1":     "/drift/packs/base#L1",
		"packs/base.yaml:250":   "/drift/packs/base#L250",
		"packs/base.yaml:251":   "/drift/packs/base?page=2#L251",
		"packs/base.yaml:600":   "/drift/packs/base?page=3#L600",
		"packs/web.yaml:7":      "/drift/packs/web?page=3#L7",
		"packs/base.yaml:999":   "/drift/packs/base",
		"packs/base.yaml":       "/drift/packs/base",
		"packs/other.yaml:1":    "",
		"../packs/base.yaml:1":  "",
		"":                      "",
		":":                     "",
		"javascript:alert(1)":   "",
		"packs/base.yaml:1\"><": "/drift/packs/base",
	} {
		assert.Equal(t, want, l.Source(source), source)
	}
	assert.Empty(t, links{fleet: always(nil)}.Source("packs/base.yaml:1"), "before a configuration is loaded")
}

// packOf is a pack of so many items of its own, a line each.
func packOf(id, extends string, items int) PackInfo {
	p := PackInfo{ID: id, Name: id, Extends: extends, File: "packs/" + id + ".yaml", Items: items}
	for i := range items {
		p.Entries = append(p.Entries, &PackItem{
			Kind: "package", Identity: fmt.Sprintf("%s-%d", id, i+1), Pack: id,
			Source: fmt.Sprintf("%s:%d", p.File, i+1), Line: i + 1, LastLine: i + 1, YAML: fmt.Sprintf("{name: %s-%d}", id, i+1),
		})
	}
	return p
}
