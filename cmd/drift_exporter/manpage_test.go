package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

var manPage = filepath.Join(repository, "docs", "man", "drift_exporter.1")

// The man page says what the help says. UPDATE_DOCS=1 writes it anew.
func TestTheManPageIsThatOfTheFlagsAsTheReferenceIs(t *testing.T) {
	want := testProgram().manPage()
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(manPage), 0o755))
		require.NoError(t, os.WriteFile(manPage, []byte(want), 0o644))
		return
	}
	page, err := os.ReadFile(manPage)
	require.NoError(t, err)
	assert.Equal(t, want, string(page), "run make man")
}

// overstruck is what a printer of old strikes twice, for bold.
var overstruck = regexp.MustCompile(".\x08")

func TestTheManPageIsFormattedWithoutAWarning(t *testing.T) {
	groff := testenv.Program(t, "groff", "groff-base")
	cmd := exec.Command(groff, "-man", "-ww", "-Tutf8", "-P-c", "-rLL=80n", manPage)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err)
	assert.Empty(t, said.String())
	for _, text := range []string{"DRIFT_EXPORTER(1)", "--limit=PATTERN,...", "check db1 'web*' --diff", "Default: config.yaml."} {
		assert.Contains(t, overstruck.ReplaceAllString(string(out), ""), text)
	}
}

// manPage is the page in the man macros (groff_man(7)).
func (p *program) manPage() string {
	var out strings.Builder
	model := p.app.Model()
	fmt.Fprintf(&out, ".TH DRIFT_EXPORTER 1 \"\" drift_exporter \"User Commands\"\n.SH NAME\ndrift_exporter \\- find configuration drift over SSH\n")
	fmt.Fprintf(&out, ".SH SYNOPSIS\n.B drift_exporter\n[\\fIflags\\fR] [\\fIcommand\\fR] [\\fIarguments\\fR]\n.SH DESCRIPTION\n%s\n.SH COMMANDS\n", roff(model.Help))
	for _, c := range p.commands {
		m := c.clause.Model()
		fmt.Fprintf(&out, ".SS %s\n%s\n.PP\n%s\n", m.Name, roff(synopsis(m)), roff(c.manual.about))
		for _, arg := range m.Args {
			fmt.Fprintf(&out, ".TP\n.I %s\n%s\n", roff(argName(arg)), roff(arg.Help))
		}
		titles, grouped := p.groupedFlags(m)
		for _, title := range titles {
			out.WriteString(roffFlags(grouped[title]))
		}
		out.WriteString(".PP\nExit status:\n")
		for _, e := range c.manual.exits {
			fmt.Fprintf(&out, ".TP\n.B %d\n%s\n", e.status, roff(e.means))
		}
		out.WriteString(".PP\nExamples:\n")
		for _, e := range c.manual.examples {
			fmt.Fprintf(&out, ".PP\n%s:\n.PP\n.RS\n.nf\n%s\n.fi\n.RE\n", roff(e.does), roff(e.line))
		}
	}
	fmt.Fprintf(&out, ".SH FLAGS OF EVERY COMMAND\n%s", roffFlags(commonFlagsOf(model)))
	out.WriteString(".SH SEE ALSO\n.BR prometheus (1),\n.BR ssh_config (5)\n")
	return out.String()
}

func roffFlags(flags []*kingpin.FlagModel) string {
	var out strings.Builder
	for _, f := range flags {
		fmt.Fprintf(&out, ".TP\n.B %s\n%s\n", roff(flagName(f)), roff(flagHelp(f)))
	}
	return out.String()
}

// roff is a text of which nothing is a request or an escape.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`, `"`, `\(dq`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
