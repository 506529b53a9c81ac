package exporter

import (
	"fmt"
	"slices"
)

// fixturePacks are the packs of fixtureFleet: web extends base and replaces one of its items.
func fixturePacks() []PackInfo {
	base := PackInfo{ID: "base", Name: "Base Pack", Description: "What every machine has", File: "packs/base.yaml"}
	base.Entries = []*PackItem{
		{Kind: "file", Identity: "/etc/ssh/sshd_config", Line: 9, LastLine: 13, YAML: "path: /etc/ssh/sshd_config\nmode: \"0600\"\nowner: root\ncontains: (not shown)\nsensitive: true",
			Sensitive: true, Hidden: []string{"contains"}},
		{Kind: "file", Identity: "/etc/issue", Line: 14, LastLine: 16, YAML: "path: /etc/issue\ncontent: (not shown)", Hidden: []string{"content"}},
		{Kind: "file", Identity: "/etc/motd", Line: 17, LastLine: 19, YAML: "path: /etc/motd\ncontent: (not shown)\ndescription: The banner", Hidden: []string{"content"}, Description: "The banner"},
		{Kind: "package", Identity: "curl", Line: 21, LastLine: 21, YAML: "{name: curl, min_version: 8.0.0, when: {os: [debian, ubuntu], vars: {role: web}}}",
			When: []PackCondition{{"os", []string{"debian", "ubuntu"}}, {"vars.role", []string{"web"}}}},
	}
	base.add("service", 8, 23)
	web := PackInfo{ID: "web", Name: "Web servers", Description: "nginx and its certificates", Extends: "base", File: "packs/web.yaml"}
	web.Entries = slices.Clone(base.Entries)
	web.Entries[2] = &PackItem{Kind: "file", Identity: "/etc/motd", Pack: "web", Source: "packs/web.yaml:6", Line: 6, LastLine: 6,
		Replaces: "packs/base.yaml:17", YAML: "{path: /etc/motd, state: absent}"}
	web.add("package", 8, 8)
	return []PackInfo{base.sealed(), web.sealed()} // base first: its items are not those of web
}

// add adds items of one line each.
func (p *PackInfo) add(kind string, n, line int) {
	for i := range n {
		name := fmt.Sprintf("%s-%d", p.ID, i+1)
		p.Entries = append(p.Entries, &PackItem{Kind: kind, Identity: name, Line: line + i, LastLine: line + i, YAML: "{name: " + name + "}"})
	}
}

// sealed fills in what all items have.
func (p *PackInfo) sealed() PackInfo {
	p.Items = len(p.Entries)
	for _, item := range p.Entries {
		if item.Pack == "" {
			item.Pack, item.Source = p.ID, fmt.Sprintf("%s:%d", p.File, item.Line)
		}
	}
	return *p
}
