package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is between these in docs/cli.md is made from the flags and manuals of the commands.
const (
	referenceBegins = "<!-- The reference below is generated: UPDATE_DOCS=1 go test -run Reference ./cmd/drift_exporter -->\n"
	referenceEnds   = "<!-- End of the reference. -->\n"
)

// The reference says what the help says. UPDATE_DOCS=1 writes it anew.
func TestTheReferenceIsThatOfTheFlags(t *testing.T) {
	page := checkPage(t)
	before, rest, found := strings.Cut(page, referenceBegins)
	require.True(t, found)
	_, after, found := strings.Cut(rest, referenceEnds)
	require.True(t, found)
	want := before + referenceBegins + testProgram().reference() + referenceEnds + after
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(filepath.Join(repository, "docs", "cli.md"), []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, page, "run UPDATE_DOCS=1 go test -run Reference ./cmd/drift_exporter")
}

// reference is the part of docs/cli.md that is made from the commands.
func (p *program) reference() string {
	var out strings.Builder
	for _, c := range p.commands {
		model := c.clause.Model()
		fmt.Fprintf(&out, "### %s\n```text\n%s\n```\n\n%s\n\n", model.Name, synopsis(model), markdown(c.manual.about))
		var rows []string
		for _, arg := range model.Args {
			rows = append(rows, fmt.Sprintf("| `%s` | | %s |\n", argName(arg), markdown(arg.Help)))
		}
		titles, grouped := p.groupedFlags(model)
		for _, title := range titles {
			rows = append(rows, flagTable(grouped[title])...)
		}
		if len(rows) > 0 {
			fmt.Fprintf(&out, "| | default | |\n|---|---|---|\n%s\n", strings.Join(rows, ""))
		}
		out.WriteString("```sh\n")
		for _, e := range c.manual.examples {
			fmt.Fprintf(&out, "%s   # %s\n", e.line, e.does)
		}
		out.WriteString("```\n\n| exit status | |\n|---|---|\n")
		for _, e := range c.manual.exits {
			fmt.Fprintf(&out, "| %d | %s |\n", e.status, e.means)
		}
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "### Flags of every command\n| | default | |\n|---|---|---|\n%s", strings.Join(flagTable(commonFlagsOf(p.app.Model())), ""))
	return out.String()
}

func flagTable(flags []*kingpin.FlagModel) []string {
	var rows []string
	for _, f := range flags {
		value := ""
		if d := defaultOf(f); d != "" {
			value = "`" + d + "`"
		}
		help, _, _ := strings.Cut(flagHelp(f), " Default: ")
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", flagName(f), value, markdown(help)))
	}
	return rows
}

// markdown is a text as Markdown shows it, in a table as well.
func markdown(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(text)
}
