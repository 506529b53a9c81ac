package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// packsFlags are those of `packs`.
type packsFlags struct{ pack, format, color string }

func addPacks(p *program) command {
	f := &packsFlags{}
	cmd := p.app.Command("packs", "List the packs, or show one.")
	cmd.Arg("pack", "The pack to show.").PlaceHolder("PACK").HintAction(p.packHints).StringVar(&f.pack)
	chooseVar(cmd.Flag("format", "Output format.").Default("text"), &f.format, "text", "json")
	addColor(cmd, &f.color)
	return command{cmd, func(_ context.Context, c *cli) int { return c.packs(f) }, packsManual}
}

var packsManual = manual{
	about: "List the packs: id, name, the pack each extends, how many items it has in all, and how many machines are checked " +
		"against it. With a pack, show where its items come from and which machines carry it. What items demand may be " +
		"secret and is not shown.",
	examples: []example{
		{"All packs", "drift_exporter packs"},
		{"One pack: what it inherits, its items, its machines", "drift_exporter packs web"},
		{"The same for a script", "drift_exporter packs web --format=json"},
	},
	exits: []exit{
		{0, "they were listed"}, {1, "the configuration or a pack is not valid"},
		{2, "there is no such pack, or the command line is not valid"},
	},
	more: "docs/packs.md",
}

func (c *cli) packs(f *packsFlags) int {
	fleet, err := c.loadFleet(c.stderr)
	if err != nil {
		return exitFailure
	}
	shown := any(packList(fleet))
	text := func() string { return c.packTable(fleet, f.color) }
	if f.pack != "" {
		p := fleet.Packs[f.pack]
		if p == nil {
			fmt.Fprintf(c.stderr, "drift_exporter: %v\n", unknownPack(f.pack, fleet.Packs))
			return exitUnknown
		}
		shown = detailsOf(fleet, p)
		text = func() string { return c.packText(fleet, p, f.color) }
	}
	if f.format == "json" {
		err = writeJSON(c.stdout, shown)
	} else {
		_, err = c.stdout.Write([]byte(text()))
	}
	if err != nil {
		fmt.Fprintf(c.stderr, "drift_exporter: printing the packs: %v\n", err)
		return exitFailure
	}
	return exitOK
}

// packTable lists the packs by id; on a terminal each below the one that it extends.
func (c *cli) packTable(fleet *checker.Fleet, color string) string {
	palette := paletteFor(c.stdout, color, c.env)
	carriers := carriersOf(fleet)
	rows := [][]string{{"PACK", "NAME", "EXTENDS", "ITEMS", "MACHINES", "DESCRIPTION"}}
	add := func(p *pack.Pack, branch string) {
		extends := p.Extends
		if extends == "" {
			extends = "-"
		}
		rows = append(rows, []string{
			branch + p.ID, printable(p.Name), extends, strconv.Itoa(len(p.Entries)), strconv.Itoa(len(carriers[p.ID])),
			printable(firstLine(p.Description)),
		})
	}
	lineWidth := 1 << 20
	if isTerminal(c.stdout) {
		lineWidth = widthOf(c.stdout)
		inTree(sortedPacks(fleet.Packs), "", "", add)
	} else { // for scripts, the first word of a line is the pack
		for _, p := range sortedPacks(fleet.Packs) {
			add(p, "")
		}
	}
	return tableOf(rows, lineWidth, func(row, column int, text string) string {
		switch {
		case row == 0:
			return palette.paint(faint, text)
		case column == 0:
			return palette.paint(bold, text)
		}
		return text
	})
}

// inTree visits those packs that extend a parent, each with what leads to it from there, and after each its own.
func inTree(packs []*pack.Pack, parent, indent string, visit func(p *pack.Pack, branch string)) {
	children := slices.DeleteFunc(slices.Clone(packs), func(p *pack.Pack) bool { return p.Extends != parent })
	for i, p := range children {
		branch, below := "", ""
		if parent != "" {
			branch, below = "├─ ", "│  "
			if i == len(children)-1 {
				branch, below = "└─ ", "   "
			}
		}
		visit(p, indent+branch)
		inTree(packs, p.ID, indent+below, visit)
	}
}

// carriersOf are the machines that are checked against each pack.
func carriersOf(fleet *checker.Fleet) map[string][]string {
	carriers := map[string][]string{}
	for _, pair := range fleet.Pairs() {
		carriers[pair.Pack] = append(carriers[pair.Pack], pair.Machine)
	}
	return carriers
}

func unknownPack(id string, packs map[string]*pack.Pack) error {
	return fmt.Errorf("no pack is called %q%s", id, yamlfile.Suggest(id, slices.Sorted(maps.Keys(packs))))
}

func sortedPacks(packs map[string]*pack.Pack) []*pack.Pack {
	return slices.SortedFunc(maps.Values(packs), func(a, b *pack.Pack) int { return strings.Compare(a.ID, b.ID) })
}

// firstLine is a text's first line; a description may have more than a table has room for.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
