package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/drift-exporter/drift_exporter/checker/pack"
)

func addPacks(p *program) command {
	cmd := p.app.Command("packs", "List the packs.")
	return command{cmd, func(_ context.Context, c *cli) int {
		fleet, _, err := c.loadFleet(c.stderr)
		if err != nil {
			return exitFailure
		}
		w := tabwriter.NewWriter(c.stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "PACK\tNAME\tEXTENDS\tITEMS\tDESCRIPTION")
		for _, p := range sortedPacks(fleet.Packs) {
			extends := p.Extends
			if extends == "" {
				extends = "-"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", p.ID, printable(p.Name), extends, len(p.Entries), printable(firstLine(p.Description)))
		}
		if err := w.Flush(); err != nil {
			return exitFailure
		}
		return exitOK
	}, packsManual}
}

var packsManual = manual{
	about:    "List the packs: name, description, the pack each extends, and how many items it has in all.",
	examples: []example{{"All packs", "drift_exporter packs"}},
	exits:    []exit{{0, "they were listed"}, {1, "the configuration or a pack is not valid"}, {2, "the command line is not valid"}},
	more:     "docs/packs.md",
}

func sortedPacks(packs map[string]*pack.Pack) []*pack.Pack {
	return slices.SortedFunc(maps.Values(packs), func(a, b *pack.Pack) int { return strings.Compare(a.ID, b.ID) })
}

// firstLine is a text's first line; a description may have more than a table has room for.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
