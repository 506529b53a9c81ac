package main

import (
	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/exporter"
)

// show makes what the exporter may know of a fleet.
func show(fleet *checker.Fleet) *exporter.Fleet {
	infos := make([]exporter.PackInfo, 0, len(fleet.Packs))
	shown := shownItems{}
	for _, p := range sortedPacks(fleet.Packs) {
		info := exporter.PackInfo{
			ID: p.ID, Name: p.Name, Description: p.Description, Extends: p.Extends, File: p.File, Items: len(p.Entries),
		}
		for i := range p.Entries {
			info.Entries = append(info.Entries, shown.item(&p.Entries[i]))
		}
		infos = append(infos, info)
	}
	return &exporter.Fleet{Config: fleet.Config, Packs: infos}
}

// shownItems are the items that were made already, so that one that many packs inherit is there once.
type shownItems map[itemPlace]*exporter.PackItem

// itemPlace tells items apart: one line may hold several, and an alias the same one twice.
type itemPlace struct{ source, kind, identity, when string }

func (s shownItems) item(e *pack.Entry) *exporter.PackItem {
	place := itemPlace{e.Source, e.Kind, e.Item.Identity(), e.When.String()}
	if item, ok := s[place]; ok {
		return item
	}
	item := &exporter.PackItem{
		Kind: e.Kind, Identity: e.Shown.Identity, Description: e.Shown.Description, Pack: e.Pack,
		Source: e.Source, Line: e.Lines[0], LastLine: e.Lines[1], Replaces: e.Replaces,
		Sensitive: e.Sensitive.Value, YAML: e.Shown.YAML, Hidden: e.Shown.Hidden,
	}
	for _, c := range e.Shown.When {
		item.When = append(item.When, exporter.PackCondition{Name: c.Name, Values: c.Values})
	}
	s[place] = item
	return item
}
