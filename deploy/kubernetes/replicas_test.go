package kubernetes_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// One pod of each Deployment, with its arguments and volumes, against the component's three servers: they get in with the
// password, may do all they need, and agree. There are no machines: nothing is dialled.
func TestThePodsOfEveryDeploymentBecomeOneExporter(t *testing.T) {
	objects := build(t, "overlays/clustered")
	s := serve(t, objects)
	config, err := os.ReadFile("clustered/config/config.yaml")
	require.NoError(t, err)
	var web string
	replicas := map[string]*testprocess.Process{}
	for _, d := range deployments(objects) {
		p := scheduleOf(t, objects, d)
		file, err := filepath.EvalSymlinks(filepath.Join(p.mounts["/etc/drift_exporter/config"], "config.yaml"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, []byte(s.replace(string(config))), 0o600))
		testprocess.OnFreeAddress(t, func(address string) error {
			cmd := exec.Command(testexporter.Binary(t), append(p.args(t), "--web.listen-address="+address)...)
			cmd.Dir = t.TempDir() // to which nothing is written
			process, err := testprocess.Start(cmd, "http://"+address+p.container.text("startupProbe", "httpGet", "path"))
			if err != nil {
				return err
			}
			t.Cleanup(process.Kill)
			t.Cleanup(func() {
				left, err := os.ReadDir(cmd.Dir)
				assert.NoError(t, err)
				assert.Empty(t, left, "the pod's file system is read-only")
			})
			replicas[d.name()] = process
			if role, _ := role(t, d); role == "web" {
				web = "http://" + address + "/metrics"
			}
			return nil
		})
	}
	for _, sample := range []string{
		`drift_cluster_replicas{role="web"} 1`, `drift_cluster_replicas{role="worker"} 2`,
		`drift_cluster_coordinator 1`, `drift_cluster_config_agreed 1`, `drift_state_connected 1`,
	} {
		testprocess.Eventually(t, sample, func() bool { return strings.Contains(get(web), "\n"+sample+"\n") }, func() string { return get(web) })
	}
	for name, process := range replicas {
		assert.NotContains(t, strings.ToLower(process.Output()), "permissions violation", name)
	}
}

func get(url string) string {
	response, err := testprocess.HTTPClient().Get(url)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
