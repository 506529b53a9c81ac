package security_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// threatHead is what the tables of threats begin with.
const threatHead = "| threat | what stands in the way | held by |"

// attackers are the sections of docs/security.md that must have such a table.
var attackers = []string{
	"A hostile machine", "A hostile author of packs", "A hostile visitor of the pages", "A hostile network", "A stolen exporter host", "NATS",
}

var (
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	namedTest    = regexp.MustCompile("`([a-z0-9_/]+)\\.((?:Test|Fuzz)\\w+)`")
)

// tests are those of the repository, as `package.Test` with the package's folder.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	root := testenv.Repository(t)
	found := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		for _, match := range testFunction.FindAllStringSubmatch(string(text), -1) {
			found[folder+"."+match[1]] = true
		}
		return err
	}))
	require.Greater(t, len(found), 500)
	return found
}

// untested are the lines of the page's tables of threats that name no test, or one that there is not; sections is how many
// threats each has.
func untested(page string, known map[string]bool) (wrong []string, sections map[string]int) {
	sections = map[string]int{}
	section, within := "", false
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			section, within = strings.TrimPrefix(line, "## "), false
		case line == threatHead:
			within = true
		case !strings.HasPrefix(line, "|"):
			within = false
		case within && !strings.HasPrefix(line, "|---"):
			sections[section]++
			cells := strings.Split(strings.Trim(line, "|"), "|")
			names := namedTest.FindAllStringSubmatch(cells[len(cells)-1], -1)
			if len(cells) != 3 || len(names) == 0 || strings.Count(cells[2], "`") != 2*len(names) {
				wrong = append(wrong, "names no test: "+line)
			}
			for _, name := range names {
				if !known[name[1]+"."+name[2]] {
					wrong = append(wrong, "there is no test "+name[1]+"."+name[2])
				}
			}
		}
	}
	return wrong, sections
}

// Every threat in docs/security.md is held off by a test that exists.
func TestEveryThreatNamesItsTest(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(testenv.Repository(t), "docs", "security.md"))
	require.NoError(t, err)
	wrong, sections := untested(string(page), tests(t))
	assert.Empty(t, wrong)
	for _, attacker := range attackers {
		assert.Positive(t, sections[attacker], "%s has no table of threats", attacker)
	}
	assert.Len(t, sections, len(attackers))
}

func TestAThreatWithoutATestIsFound(t *testing.T) {
	known := map[string]bool{"a/b.TestC": true}
	table := "## A\n" + threatHead + "\n|---|---|---|\n| x | y | "
	for line, want := range map[string]int{
		"`a/b.TestC` |\n": 0, "`a/b.TestC`, `a/b.TestC` |\n": 0, "`a/b.TestD` |\n": 1, "`b.TestC` |\n": 1, "none |\n": 1, " |\n": 1, "`a/b.TestC`, `nonsense` |\n": 1,
		"`a/b.TestC` |\n| z | w |\n": 1, "`a/b.TestC` |\n\n| z | w |\n": 0, "TestC |\n": 1,
	} {
		wrong, _ := untested(table+line, known)
		assert.Len(t, wrong, want, line)
	}
}
