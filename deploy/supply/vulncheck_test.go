package supply_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// database is a database of vulnerabilities in a folder, with one that is made up, of all versions of a module.
func database(t *testing.T, module string) (url string) {
	t.Helper()
	dir := t.TempDir()
	const id = "GO-1999-0001"
	now := time.Now().UTC().Truncate(time.Second)
	put := func(name string, value any) {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	put("index/db.json", map[string]any{"modified": now})
	put("index/modules.json", []any{map[string]any{"path": module, "vulns": []any{map[string]any{"id": id, "modified": now}}}})
	put("index/vulns.json", []any{map[string]any{"id": id, "modified": now}})
	put("ID/"+id+".json", map[string]any{
		"schema_version": "1.3.1", "id": id, "modified": now, "published": now, "summary": "made up", "details": "made up",
		"affected": []any{map[string]any{
			"package":            map[string]any{"name": module, "ecosystem": "Go"},
			"ranges":             []any{map[string]any{"type": "SEMVER", "events": []any{map[string]any{"introduced": "0"}}}},
			"ecosystem_specific": map[string]any{"imports": []any{map[string]any{"path": module}}},
		}},
		"database_specific": map[string]any{"url": "https://pkg.go.dev/vuln/" + id, "review_status": "REVIEWED"},
	})
	return "file://" + dir
}

// vulncheck runs what `make vulncheck` runs, without following calls, which takes long, and returns its status and output.
func vulncheck(t *testing.T, database string) (status int, said string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(testenv.Repository(t), "tools", "vulncheck"), "-scan=package")
	cmd.Env = append(os.Environ(), "VULNDB="+database, "GOVULNCHECK="+testenv.Built(t, "govulncheck"))
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestAVulnerabilityOfWhatIsLinkedIsFound(t *testing.T) {
	status, said := vulncheck(t, database(t, "github.com/gofrs/flock"))
	assert.Equal(t, 3, status, said)
	assert.Contains(t, said, "GO-1999-0001")
	assert.Contains(t, said, "vulncheck: VULNERABLE")
}

func TestAVulnerabilityOfSomethingElseIsNone(t *testing.T) {
	status, said := vulncheck(t, database(t, "example.com/not/ours"))
	assert.Equal(t, 0, status, said)
	assert.Contains(t, said, "vulncheck: no known vulnerability, by file://")
}

// What could not be looked for was not found absent.
func TestADatabaseThatCannotBeReadIsNotNoVulnerability(t *testing.T) {
	for name, url := range map[string]string{
		"nobody answers": "http://127.0.0.1:1", "no folder": "file:///nowhere/at/all", "an empty folder": "file://" + t.TempDir(),
	} {
		status, said := vulncheck(t, url)
		assert.Equal(t, 2, status, "%s: %s", name, said)
		assert.Contains(t, said, "vulncheck: NOT CHECKED", name)
		assert.NotContains(t, said, "no known vulnerability", name)
		assert.NotContains(t, said, "No vulnerabilities found", name)
	}
}
