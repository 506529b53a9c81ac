package kubernetes_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// The exporter itself is started with the container's arguments on the pod's volumes, and probed.
func TestTheExporterStartsAsThePodSaysAndAnswersItsProbes(t *testing.T) {
	p := schedule(t, build(t, "base")) // without machines: nothing is dialled
	var url string
	var process *testprocess.Process
	testprocess.OnFreeAddress(t, func(address string) (err error) {
		url = "http://" + address
		cmd := exec.Command(testexporter.Binary(t), append(p.args(t), "--web.listen-address="+address)...)
		process, err = testprocess.Start(cmd, url+p.container.text("readinessProbe", "httpGet", "path"))
		return err
	})
	t.Cleanup(process.Kill)
	for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		path := p.container.text(probe, "httpGet", "path")
		require.NotEmpty(t, path, probe)
		response, err := testprocess.HTTPClient().Get(url + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusOK, response.StatusCode, path)
	}
}

func TestTheConfigurationsAreValidWhereAKubeletPutsThem(t *testing.T) {
	packs := map[string]string{"base": "base", "overlays/example": "web", "clustered": "base", "overlays/clustered": "web"}
	for dir, wantPack := range packs {
		objects := build(t, dir)
		for _, set := range workloads(objects) {
			if set.name() == natsName {
				continue
			}
			t.Run(dir+"/"+set.name(), func(t *testing.T) { assertValid(t, scheduleOf(t, objects, set), dir, wantPack) })
		}
	}
}

func assertValid(t *testing.T, p pod, dir, wantPack string) {
	t.Helper()
	args := p.args(t)
	require.Equal(t, "serve", args[0])
	for _, command := range []string{"validate", "packs"} {
		out, err := exec.Command(testexporter.Binary(t), command, args[1]).CombinedOutput()
		require.NoError(t, err, string(out))
		if strings.HasPrefix(dir, "overlays") { // the bases have no machines, and are warned of that
			assert.NotContains(t, strings.ToLower(string(out)), "warn")
		}
		if command == "packs" {
			assert.Contains(t, string(out), wantPack)
		}
	}
}
