// Package systemd_test holds the unit of the service, and what belongs to it, to what docs/systemd.md says of them.
package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

const (
	unitName = "drift_exporter.service"
	docs     = "../../docs/systemd.md"
)

// unit is what a unit file says: the values of each setting, in their order.
func unit(t *testing.T, file string) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	settings := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			settings[key] = append(settings[key], value)
		}
	}
	return settings
}

// install copies the unit into a directory of its own, with drop-ins, and a program that exists.
func install(t *testing.T, dropIns ...string) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(unitName)
	require.NoError(t, err)
	file := filepath.Join(dir, unitName)
	text = []byte(strings.ReplaceAll(string(text), "/usr/bin/drift_exporter", "/bin/true"))
	require.NoError(t, os.WriteFile(file, text, 0o644))
	for _, name := range dropIns {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(file+".d", 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(file+".d", name), data, 0o644))
	}
	return file
}

// variants are the ways to install the unit that the docs show.
var variants = map[string][]string{"as it is": nil, "for transport local": {"local.conf"}}

func TestSystemdFindsNoFaultWithTheUnit(t *testing.T) {
	analyze := testenv.Program(t, "systemd-analyze", "systemd")
	for name, dropIns := range variants {
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command(analyze, "verify", "--man=no", "--recursive-errors=no", install(t, dropIns...)).CombinedOutput()
			require.NoError(t, err, string(out))
			assert.Empty(t, string(out))
		})
	}
}

// DynamicUser=yes implies these, whatever a drop-in says (systemd.exec(5)): what they hide would be taken for missing.
func TestALocalMachineIsSeenAsItIs(t *testing.T) {
	local := unit(t, "local.conf")
	for _, setting := range []string{"DynamicUser", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateUsers", "PrivateDevices"} {
		require.Contains(t, unit(t, unitName), setting)
		assert.Equal(t, []string{"no"}, local[setting], setting)
	}
	for _, setting := range []string{"User", "NoNewPrivileges", "RestrictSUIDSGID", "RemoveIPC"} {
		assert.Contains(t, unit(t, unitName), setting, "it is no longer implied")
		assert.NotContains(t, local, setting)
	}
}

func TestAUnitWithAFaultIsFound(t *testing.T) {
	file := install(t)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	broken := strings.Replace(string(text), "ProtectSystem=strict", "ProtectSystem=very", 1)
	require.NoError(t, os.WriteFile(file, []byte(broken), 0o644))
	out, _ := exec.Command(testenv.Program(t, "systemd-analyze", "systemd"), "verify", "--man=no", file).CombinedOutput()
	assert.Contains(t, string(out), "very")
}

// documentedScore is the bound that the docs name for a variant, in a row of their table.
func documentedScore(t *testing.T, variant string) float64 {
	t.Helper()
	text, err := os.ReadFile(docs)
	require.NoError(t, err)
	row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(variant) + ` \|.*at most (\d\.\d) \|$`).FindStringSubmatch(string(text))
	require.NotNil(t, row, "%s has no score for the unit %s", docs, variant)
	score, err := strconv.ParseFloat(row[1], 64)
	require.NoError(t, err)
	return score
}

var overall = regexp.MustCompile(`Overall exposure level for drift_exporter\.service: (\d+\.\d)`)

// Releases of systemd count differently, so that the docs name a bound. It may be looser than the score by half a point.
func TestTheExposureIsWhatTheDocsSay(t *testing.T) {
	analyze := testenv.Program(t, "systemd-analyze", "systemd")
	for name, dropIns := range variants {
		t.Run(name, func(t *testing.T) {
			bound := documentedScore(t, name)
			threshold := strconv.Itoa(int(bound*10 + 0.5))
			out, err := exec.Command(analyze, "security", "--offline=true", "--no-pager", "--threshold="+threshold, install(t, dropIns...)).CombinedOutput()
			require.NoError(t, err, string(out))
			found := overall.FindStringSubmatch(string(out))
			require.NotNil(t, found, string(out))
			score, err := strconv.ParseFloat(found[1], 64)
			require.NoError(t, err)
			assert.LessOrEqual(t, score, bound)
			assert.Greater(t, score, bound-0.5, "the docs may promise more")
		})
	}
}

func TestTheConfigurationNamesTheKeyWhereSystemdPutsIt(t *testing.T) {
	settings := unit(t, unitName)
	require.Len(t, settings["LoadCredential"], 1)
	id, from, ok := strings.Cut(settings["LoadCredential"][0], ":")
	require.True(t, ok)
	assert.Equal(t, "/etc/drift_exporter/ssh_key", from)
	require.Len(t, settings["SetCredential"], 1, "without it the service does not start before there is a key")
	assert.True(t, strings.HasPrefix(settings["SetCredential"][0], id+":"))
	config, err := os.ReadFile("config.yaml")
	require.NoError(t, err)
	assert.Contains(t, string(config), "identity_files: [/run/credentials/"+unitName+"/"+id+"]") // systemd.exec(5)
}
