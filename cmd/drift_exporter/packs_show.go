package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/pack"
)

// listedPack is a pack in a list, in the words of the HTTP API.
type listedPack struct {
	Pack        string `json:"pack"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Extends     string `json:"extends,omitempty"`
	File        string `json:"file"`
	Items       int    `json:"items"`
	Machines    int    `json:"machines"` // enabled ones that carry it
}

// shownPack is one pack in detail.
type shownPack struct {
	listedPack
	Chain     []string    `json:"extends_chain"` // the nearest first
	Entries   []shownItem `json:"entries"`
	CarriedBy []string    `json:"carried_by"` // enabled machines
	Disabled  []string    `json:"disabled"`   // machines that would carry it
}

// shownItem is an item as everybody may see it.
type shownItem struct {
	Kind        string              `json:"kind"`
	Item        string              `json:"item"`
	Description string              `json:"description,omitempty"`
	Pack        string              `json:"pack"` // that holds it
	Source      string              `json:"source"`
	When        map[string][]string `json:"when,omitempty"`
}

func listed(p *pack.Pack, machines int) listedPack {
	return listedPack{p.ID, p.Name, p.Description, p.Extends, p.File, len(p.Entries), machines}
}

func packList(fleet *checker.Fleet) map[string][]listedPack {
	list, carriers := []listedPack{}, carriersOf(fleet)
	for _, p := range sortedPacks(fleet.Packs) {
		list = append(list, listed(p, len(carriers[p.ID])))
	}
	return map[string][]listedPack{"packs": list}
}

func detailsOf(fleet *checker.Fleet, p *pack.Pack) shownPack {
	s := shownPack{Chain: []string{}, Entries: []shownItem{}, CarriedBy: []string{}, Disabled: []string{}}
	for _, m := range fleet.Config.Machines {
		switch {
		case !slices.Contains(m.Packs, p.ID):
		case m.Enabled:
			s.CarriedBy = append(s.CarriedBy, m.Name)
		default:
			s.Disabled = append(s.Disabled, m.Name)
		}
	}
	s.listedPack = listed(p, len(s.CarriedBy))
	for parent := fleet.Packs[p.Extends]; parent != nil; parent = fleet.Packs[parent.Extends] {
		s.Chain = append(s.Chain, parent.ID)
	}
	for _, e := range p.Entries {
		item := shownItem{Kind: e.Kind, Item: e.Shown.Identity, Description: e.Shown.Description, Pack: e.Pack, Source: e.Source}
		for _, condition := range e.Shown.When {
			if item.When == nil {
				item.When = map[string][]string{}
			}
			item.When[condition.Name] = condition.Values
		}
		s.Entries = append(s.Entries, item)
	}
	return s
}

// packText shows a pack: what it is, who carries it, and its items by kind.
func (c *cli) packText(fleet *checker.Fleet, p *pack.Pack, color string) string {
	palette, s := paletteFor(c.stdout, color, c.env), detailsOf(fleet, p)
	var out strings.Builder
	heading := palette.paint(bold, s.Pack)
	if s.Name != s.Pack {
		heading += gap + printable(s.Name)
	}
	out.WriteString(heading + "\n")
	for line := range strings.Lines(strings.TrimSpace(s.Description)) {
		fmt.Fprintf(&out, "%s\n", printable(strings.TrimRight(line, "\n")))
	}
	about := [][]string{{"file", printable(s.File)}}
	if len(s.Chain) > 0 {
		about = append(about, []string{"extends", strings.Join(s.Chain, " → ")})
	}
	about = append(about, []string{"machines", s.machines()}, []string{"items", s.items()})
	out.WriteString("\n")
	for _, row := range about {
		fmt.Fprintf(&out, "%s%s%s\n", palette.paint(faint, pad(row[0], len("machines"))), gap, row[1])
	}
	out.WriteString(s.itemTable(palette))
	return out.String()
}

// machines is "2: web1, web2; disabled: web3".
func (s shownPack) machines() string {
	const most = 10
	some := func(names []string) string {
		if len(names) > most {
			return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
		}
		return strings.Join(names, ", ")
	}
	text := "none"
	if len(s.CarriedBy) > 0 {
		text = fmt.Sprintf("%d: %s", len(s.CarriedBy), some(s.CarriedBy))
	}
	if len(s.Disabled) > 0 {
		text += "; disabled: " + some(s.Disabled)
	}
	return text
}

// items is "12, 9 of them from base".
func (s shownPack) items() string {
	from := map[string]int{}
	for _, item := range s.Entries {
		from[item.Pack]++
	}
	text := fmt.Sprint(len(s.Entries))
	for _, ancestor := range s.Chain {
		if n := from[ancestor]; n > 0 {
			text += fmt.Sprintf(", %d from %s", n, ancestor)
		}
	}
	return text
}

// itemTable lists the items by kind, each with where it is demanded and on which machines; below it its description.
func (s shownPack) itemTable(palette palette) string {
	var out strings.Builder
	byKind := map[string][]shownItem{}
	var items, sources []string
	for _, item := range s.Entries {
		byKind[item.Kind] = append(byKind[item.Kind], item)
		items, sources = append(items, printable(item.Item)), append(sources, printable(item.Source))
	}
	itemColumn, sourceColumn := columnOf(items...), columnOf(sources...)
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		fmt.Fprintf(&out, "\n%s\n", palette.paint(bold, kind))
		for _, item := range byKind[kind] {
			line := "  " + pad(printable(item.Item), itemColumn) + gap + palette.paint(faint, pad(printable(item.Source), sourceColumn))
			if when := item.when(); when != "" {
				line += gap + palette.paint(cyan, when)
			}
			out.WriteString(strings.TrimRight(line, " ") + "\n")
			if item.Description != "" {
				out.WriteString("      " + printable(firstLine(item.Description)) + "\n")
			}
		}
	}
	return out.String()
}

// when is "when os=debian|ubuntu, role=web".
func (i shownItem) when() string {
	var conditions []string
	for _, name := range slices.Sorted(maps.Keys(i.When)) {
		conditions = append(conditions, printable(name+"="+strings.Join(i.When[name], "|")))
	}
	if len(conditions) == 0 {
		return ""
	}
	return "when " + strings.Join(conditions, ", ")
}
