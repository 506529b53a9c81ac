package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testdocs"
)

const docs = "../../docs/configuration.md"

var example = regexp.MustCompile("(?s)```yaml( machine)?\n(.*?)```")

func TestDocumentedExamplesLoad(t *testing.T) {
	text, err := os.ReadFile(docs)
	require.NoError(t, err)
	examples := example.FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(examples), 5)
	for _, match := range examples {
		dir := t.TempDir()
		// the other files that examples name are not there
		secret := filepath.Join(dir, "secret")
		require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
		yaml := strings.NewReplacer(
			"/srv/inventory/drift.yaml", "machines/*.yaml", "/etc/drift_exporter/nats.creds", secret,
		).Replace(match[2])
		if match[1] != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "machine.yaml"), []byte(yaml), 0o600))
			yaml = "machine_files: [machine.yaml]"
		}
		file := filepath.Join(dir, "config.yaml")
		require.NoError(t, os.WriteFile(file, []byte(yaml), 0o600))
		_, problems := Load(file, "/home/drift")
		assert.False(t, problems.Fatal(), "%s\n%v", match[2], problems)
	}
}

// Pages with whole configurations, or parts of one, that only differ from those above in the place of files.
func TestTheConfigurationsOfDeploymentsLoad(t *testing.T) {
	for _, page := range []string{"docs/container.md", "docs/systemd.md", "docs/least-privilege.md", "docs/scaling.md"} {
		blocks := testdocs.Read(t, page).In("yaml")
		require.NotEmpty(t, blocks, page)
		for _, block := range blocks {
			dir := t.TempDir()
			secret, file := filepath.Join(dir, "secret"), filepath.Join(dir, "config.yaml")
			require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
			text := regexp.MustCompile(`(password_file: )[^\s,}]+`).ReplaceAllString(block.Text, "${1}"+secret)
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			_, problems := Load(file, "/home/drift")
			assert.False(t, problems.Fatal(), "%s:%d: %v", page, block.Line, problems)
		}
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	text, err := os.ReadFile(docs)
	require.NoError(t, err)
	for section, schema := range map[string]any{
		"## schedule": rawSchedule{}, "## check": rawCheck{}, "## ssh": rawSSH{}, "## alerting": rawAlerting{},
		"### alertmanagers": rawAlertmanager{}, "## cluster": rawCluster{}, "### nats": rawNATS{}, "## machines": rawMachine{}, "### waivers": rawWaiver{},
	} {
		_, rest, found := strings.Cut(string(text), "\n"+section+"\n")
		require.True(t, found, section)
		table, _, _ := strings.Cut(rest, "\n#")
		var fields, documented []string
		for i := range reflect.TypeOf(schema).NumField() {
			if name, _, _ := strings.Cut(reflect.TypeOf(schema).Field(i).Tag.Get("yaml"), ","); name != "" {
				fields = append(fields, name)
			}
		}
		for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(table, -1) {
			documented = append(documented, row[1])
		}
		assert.Equal(t, fields, documented, section)
	}
	top := reflect.TypeFor[rawConfig]()
	for i := range top.NumField() {
		assert.Contains(t, string(text), "\n## "+top.Field(i).Tag.Get("yaml")+"\n")
	}
}
