package container_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testmanifests"
)

// project is a compose file as Compose reads it.
type project struct {
	Services map[string]struct {
		Image       string
		Command     []string
		User        string
		ReadOnly    bool     `json:"read_only"`
		CapDrop     []string `json:"cap_drop"`
		CapAdd      []string `json:"cap_add"`
		SecurityOpt []string `json:"security_opt"`
		Privileged  bool
		NetworkMode string `json:"network_mode"`
		Ports       []struct {
			HostIP    string `json:"host_ip"`
			Published string
			Target    int
		}
		Volumes []struct {
			Type, Source, Target string
			ReadOnly             bool `json:"read_only"`
		}
	}
	Secrets map[string]struct{ File string }
}

func compose(t *testing.T) project {
	t.Helper()
	var p project
	require.NoError(t, json.Unmarshal(testmanifests.Read(t, "compose", "compose.yaml"), &p))
	require.Len(t, p.Services, 4)
	return p
}

func TestServicesHaveNoPrivilegeAndListenOnThisHostOnly(t *testing.T) {
	for name, s := range compose(t).Services {
		assert.True(t, s.ReadOnly, name)
		assert.Equal(t, []string{"ALL"}, s.CapDrop, name)
		assert.Empty(t, s.CapAdd, name)
		assert.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		assert.False(t, s.Privileged, name)
		assert.Empty(t, s.NetworkMode, name)
		assert.NotEqual(t, "root", s.User, name)
		assert.Regexp(t, `^(ghcr|docker)\.io/[a-z_/-]+:v?\d+\.\d+\.\d+$`, s.Image, "pinned")
		for _, port := range s.Ports {
			assert.Equal(t, "127.0.0.1", port.HostIP, name)
		}
	}
}

func TestWhatIsMountedIsThereAndIsNotWrittenTo(t *testing.T) {
	for name, s := range compose(t).Services {
		for _, v := range s.Volumes {
			if v.Type == "bind" {
				assert.True(t, v.ReadOnly, "%s: %s", name, v.Target)
				_, err := os.Stat(v.Source)
				assert.NoError(t, err, name)
			}
		}
	}
}

func TestSecretsAreFilesThatGitDoesNotHave(t *testing.T) {
	if exec.Command("git", "rev-parse", "--git-dir").Run() != nil {
		testenv.Missing(t, "git, and a checkout")
	}
	secrets := compose(t).Secrets
	require.Len(t, secrets, 3)
	for name, secret := range secrets {
		assert.Equal(t, filepath.Join("secrets", name), tail(secret.File, 2))
		require.NoError(t, exec.Command("git", "check-ignore", "-q", secret.File).Run(), secret.File)
	}
}

func tail(path string, n int) string {
	parts := strings.Split(path, string(filepath.Separator))
	return filepath.Join(parts[max(0, len(parts)-n):]...)
}

func TestTheExporterInComposeRunsTheImagesCommand(t *testing.T) {
	s := compose(t).Services["drift_exporter"]
	cmd := readDockerfile(t, "Dockerfile").last(t, "CMD")
	require.Len(t, s.Command, len(cmd)+1)
	assert.Equal(t, cmd, s.Command[:len(cmd)])
	assert.Equal(t, "--web.external-url=http://localhost:10186", s.Command[len(cmd)])
	out, err := exec.Command(binary(t), append([]string{"validate"}, "--config.file=drift_exporter/config.yaml")...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// The versions that the tests run have the flags, and Alertmanager's is that of the image.
func TestTheOthersKnowTheirFlags(t *testing.T) {
	services := compose(t).Services
	tools, err := os.ReadFile("../../tools/alertmanager/go.mod")
	require.NoError(t, err)
	_, version, _ := strings.Cut(services["alertmanager"].Image, ":")
	assert.Contains(t, string(tools), "github.com/prometheus/alertmanager "+version+" ")
	for name, program := range map[string]string{
		"prometheus": testenv.Program(t, "prometheus", "prometheus"), "alertmanager": testalertmanager.Binary(t),
	} {
		help, err := exec.Command(program, "--help").CombinedOutput()
		require.NoError(t, err)
		for _, arg := range services[name].Command {
			flag, _, _ := strings.Cut(arg, "=")
			assert.Contains(t, string(help), flag+"=", name)
		}
	}
}

// What Compose itself refuses is found.
func TestTheCheckOfComposeFilesFindsMistakes(t *testing.T) {
	text, err := os.ReadFile("compose.yaml")
	require.NoError(t, err)
	for _, c := range []struct{ from, to, want string }{
		{"read_only: true", "readonly: true", "readonly"},
		{"  slack_url: {file", "  other_url: {file", `undefined secret slack_url`},
		{"  prometheus:\n  alertmanager:\n  grafana:\n", "  alertmanager:\n  grafana:\n", "undefined volume prometheus"},
		{"cap_drop: [ALL]", "cap_drop: ALL", "must be a array"},
	} {
		file := filepath.Join(t.TempDir(), "compose.yaml")
		broken := strings.Replace(string(text), c.from, c.to, 1)
		require.NotEqual(t, string(text), broken, c.from)
		require.NoError(t, os.WriteFile(file, []byte(broken), 0o600))
		_, err := testmanifests.Try(t, "compose", file)
		assert.ErrorContains(t, err, c.want)
	}
}

// In containers "localhost" is the container. Nothing else of these files differs from the shipped ones.
func TestManifestsOfTheOthersAreTheShippedOnesWithOtherHosts(t *testing.T) {
	for file, c := range map[string]struct{ shipped, from, to string }{
		"prometheus/prometheus.yml":             {"../prometheus/prometheus.yml", "localhost:9093", "alertmanager:9093"},
		"prometheus/targets/drift_exporter.yml": {"../prometheus/targets/drift_exporter.yml", "localhost:10186", "drift_exporter:10186"},
		"datasources/prometheus.yml":            {"../grafana/provisioning/datasources/prometheus.yml", "localhost:9090", "prometheus:9090"},
		"drift_exporter/packs/base.yaml":        {"../../packs/base.yaml", "", ""},
	} {
		text, err := os.ReadFile(c.shipped)
		require.NoError(t, err)
		want := string(text)
		if c.from != "" {
			require.Contains(t, want, c.from)
			want = strings.ReplaceAll(want, c.from, c.to)
		}
		if os.Getenv("UPDATE_MANIFESTS") != "" {
			require.NoError(t, os.WriteFile(file, []byte(want), 0o644)) //nolint:gosec // a file of the repository
		}
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, want, string(got), "run make manifests")
	}
}
