package exporter

import (
	"context"
	"net/http"
	"strconv"
)

// packList is a page of packs, ordered by id.
type packList struct {
	Packs     []packData `json:"packs"`
	Total     int        `json:"total"`
	NextToken string     `json:"next_token,omitempty"`
}

// packData is a pack and how the machines that carry it stand.
type packData struct {
	Pack        string         `json:"pack"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Extends     string         `json:"extends,omitempty"`
	File        string         `json:"file"`
	Items       int            `json:"items"`
	OwnItems    int            `json:"own_items"` // those that are not inherited
	Machines    int            `json:"machines"`  // enabled ones that carry it
	Standing    standingCounts `json:"standing"`
	URL         string         `json:"url"`
}

// packDetail is a pack with a page of its items, ancestors' first.
type packDetail struct {
	packData
	Chain      []string    `json:"extends_chain"` // the nearest first
	ExtendedBy []string    `json:"extended_by"`
	Entries    []entryData `json:"entries"`
	Total      int         `json:"total"`
	NextToken  string      `json:"next_token,omitempty"`
}

// entryData is an item of a pack, as everybody may see it.
type entryData struct {
	Kind        string              `json:"kind"`
	Item        string              `json:"item"`
	Description string              `json:"description,omitempty"`
	Pack        string              `json:"pack"` // that holds it
	Source      string              `json:"source"`
	LastLine    int                 `json:"last_line"`
	Replaces    string              `json:"replaces,omitempty"`
	When        map[string][]string `json:"when,omitempty"`
	Sensitive   bool                `json:"sensitive,omitempty"`
	Definition  string              `json:"definition"`
	Hidden      []string            `json:"hidden,omitempty"`
	URL         string              `json:"url"`
}

func (e *Exporter) apiPacks(_ context.Context, r *http.Request) (any, error) {
	page, err := parsePaging(r.Form)
	if err != nil {
		return nil, err
	}
	b := e.boards.now()
	list := packList{Packs: []packData{}}
	var ids []string
	if b.fleet != nil {
		for _, p := range b.fleet.Packs {
			ids = append(ids, p.ID)
		}
	}
	list.Total = len(ids)
	ids, list.NextToken = following(ids, page)
	x, tallies := b.fleet.packs(), b.census().packs
	for _, id := range ids {
		list.Packs = append(list.Packs, e.packData(x, x.byID[id], tallies[id]))
	}
	return list, nil
}

func (e *Exporter) packData(x *packIndex, p *PackInfo, t standingCounts) packData {
	return packData{
		Pack: p.ID, Name: p.Name, Description: p.Description, Extends: p.Extends, File: p.File, Items: p.Items, OwnItems: x.own[p.ID],
		Machines: t.Total - t.Disabled, Standing: t, URL: e.links.Absolute(e.links.Pack(p.ID)),
	}
}

func (e *Exporter) apiPack(_ context.Context, r *http.Request) (any, error) {
	page, err := parsePaging(r.Form)
	if err != nil {
		return nil, err
	}
	from, err := page.offset()
	if err != nil {
		return nil, err
	}
	b, id := e.boards.now(), r.PathValue("pack")
	x := b.fleet.packs()
	p, ok := x.byID[id]
	if !ok {
		return nil, notFound("there is no pack %q", shorten(id))
	}
	t := b.census().packs[id]
	d := packDetail{
		packData: e.packData(x, p, t), Chain: []string{}, ExtendedBy: append([]string{}, x.children[id]...),
		Entries: []entryData{}, Total: len(p.Entries),
	}
	for _, ancestor := range x.chain(p) {
		d.Chain = append(d.Chain, ancestor.ID)
	}
	from = min(from, len(p.Entries))
	to := min(from+page.limit, len(p.Entries))
	for _, item := range p.Entries[from:to] {
		d.Entries = append(d.Entries, e.entryData(item))
	}
	if to < len(p.Entries) {
		d.NextToken = strconv.Itoa(to)
	}
	return d, nil
}

func (e *Exporter) entryData(item *PackItem) entryData {
	d := entryData{
		Kind: item.Kind, Item: item.Identity, Description: item.Description, Pack: item.Pack, Source: item.Source, LastLine: item.LastLine,
		Replaces: item.Replaces, Sensitive: item.Sensitive, Definition: item.YAML, Hidden: item.Hidden,
		URL: e.links.Absolute(e.links.Source(item.Source)),
	}
	for _, c := range item.When {
		if d.When == nil {
			d.When = map[string][]string{}
		}
		d.When[c.Name] = c.Values
	}
	return d
}
