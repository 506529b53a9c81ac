package exporter

import (
	"cmp"
	"html/template"
	"slices"
)

// What the page of a pack shows at a time: whichever is reached first.
const (
	maxPageItems = 250
	maxPageBytes = 300 << 10 // of definitions, as HTML
)

// packIndex is what is looked up of a fleet's packs.
type packIndex struct {
	byID     map[string]*PackInfo
	roots    []string             // ids of the packs that extend none, sorted
	own      map[string]int       // items that are not inherited
	children map[string][]string  // ids of the packs that extend a pack, sorted
	files    map[string]string    // id of the pack in a file
	items    map[string]itemPlace // by source; of several in one line the first
	pages    map[string][][]*PackItem
}

// itemPlace is where the page of a pack shows an item.
type itemPlace struct {
	pack       string
	page, line int
}

// packs is the index of the fleet's packs. It is made once.
func (f *Fleet) packs() *packIndex {
	if f == nil {
		return &packIndex{}
	}
	f.indexOnce.Do(func() { f.index = indexPacks(f.Packs) })
	return &f.index
}

func indexPacks(packs []PackInfo) packIndex {
	x := packIndex{
		byID: map[string]*PackInfo{}, own: map[string]int{}, children: map[string][]string{}, files: map[string]string{},
		items: map[string]itemPlace{}, pages: map[string][][]*PackItem{},
	}
	for i := range packs {
		p := &packs[i]
		x.byID[p.ID] = p
		x.files[p.File] = p.ID
		if p.Extends == "" {
			x.roots = append(x.roots, p.ID)
		} else {
			x.children[p.Extends] = append(x.children[p.Extends], p.ID)
		}
		pages := pagesOf(p)
		x.pages[p.ID] = pages
		for n, page := range pages {
			for _, item := range page {
				if item.Pack != p.ID {
					continue
				}
				x.own[p.ID]++
				if _, known := x.items[item.Source]; !known {
					x.items[item.Source] = itemPlace{p.ID, n + 1, item.Line}
				}
			}
		}
	}
	return x
}

// pagesOf parts a pack's items, kind by kind, into pages that stay small whatever is in them.
func pagesOf(p *PackInfo) [][]*PackItem {
	items := slices.Clone(p.Entries)
	slices.SortStableFunc(items, func(a, b *PackItem) int { return cmp.Compare(a.Kind, b.Kind) })
	var pages [][]*PackItem
	begin, size := 0, 0
	for i, item := range items {
		own := htmlSize(item, p.ID)
		if i > begin && (i-begin == maxPageItems || size+own > maxPageBytes) {
			pages = append(pages, items[begin:i])
			begin, size = i, 0
		}
		size += own
	}
	return append(pages, items[begin:])
}

// htmlSize is about what an item adds to the page of a pack.
func htmlSize(item *PackItem, pack string) int {
	texts := []string{item.Identity, item.Description}
	for _, c := range item.When {
		texts = append(append(texts, c.Name), c.Values...)
	}
	if item.Pack == pack {
		texts = append(texts, item.YAML)
	}
	size := 0
	for _, text := range texts {
		size += len(template.HTMLEscapeString(visible(text)))
	}
	return size
}
