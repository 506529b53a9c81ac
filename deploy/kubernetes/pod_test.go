package kubernetes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// What Pod Security's "restricted" asks for, and a file system that nobody writes to.
func TestThePodHasNoPrivilege(t *testing.T) {
	for _, dir := range shipped {
		for _, set := range workloads(build(t, dir)) {
			assertNoPrivilege(t, set)
		}
	}
}

func assertNoPrivilege(t *testing.T, set object) {
	t.Helper()
	spec := object(set.at("spec", "template", "spec").(map[string]any))
	assert.Equal(t, true, spec.at("securityContext", "runAsNonRoot"))
	assert.Equal(t, "RuntimeDefault", spec.text("securityContext", "seccompProfile", "type"))
	assert.Equal(t, false, spec.at("automountServiceAccountToken"))
	for _, field := range []string{"hostNetwork", "hostPID", "hostIPC", "initContainers"} {
		assert.Nil(t, spec.at(field), field)
	}
	for _, v := range spec.list("volumes") {
		assert.Nil(t, v.at("hostPath"), v.text("name"))
	}
	for _, c := range spec.list("containers") {
		assert.Nil(t, c.at("securityContext", "privileged"))
		assert.Equal(t, false, c.at("securityContext", "allowPrivilegeEscalation"))
		assert.Equal(t, true, c.at("securityContext", "readOnlyRootFilesystem"))
		assert.Equal(t, []any{"ALL"}, c.at("securityContext", "capabilities", "drop"))
		assert.Nil(t, c.at("securityContext", "capabilities", "add"))
		assert.NotNil(t, c.at("resources", "limits", "memory"))
		assert.Regexp(t, `^(ghcr\.io/drift-exporter/drift_exporter|nats):\d+\.\d+\.\d+$`, c.text("image"), "pinned")
	}
}

// The key is root's, and the group's, which is the exporter's: whoever else is in the pod does not read it.
func TestTheKeyIsReadByTheExportersGroupOnly(t *testing.T) {
	for _, dir := range shipped {
		for _, set := range workloads(build(t, dir)) {
			if set.name() == natsName {
				continue
			}
			spec := object(set.at("spec", "template", "spec").(map[string]any))
			secret := 0
			for _, v := range spec.list("volumes") {
				if v.at("secret") != nil {
					secret++
					assert.EqualValues(t, 0o440, v.at("secret", "defaultMode"), set)
				}
			}
			assert.Positive(t, secret, set)
			for _, field := range []string{"runAsUser", "runAsGroup", "fsGroup"} {
				assert.EqualValues(t, 65532, spec.at("securityContext", field), "the image's user: %s", field)
			}
		}
	}
}

func TestNoSecretIsShipped(t *testing.T) {
	for _, dir := range shipped {
		for _, o := range build(t, dir) {
			assert.NotEqual(t, "Secret", o.kind())
		}
	}
}

func TestOneReplicaMayBeDrained(t *testing.T) {
	objects := build(t, "base")
	assert.EqualValues(t, 1, one(t, objects, "StatefulSet", "").at("spec", "replicas"))
	assert.EqualValues(t, 1, one(t, objects, "PodDisruptionBudget", "").at("spec", "maxUnavailable"))
}

func TestManifestPacksOfTheBaseAreTheShippedOnes(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(testenv.Repository(t), "packs", "base.yaml"))
	require.NoError(t, err)
	for _, file := range []string{"base/packs/base.yaml", "clustered/packs/base.yaml"} {
		if os.Getenv("UPDATE_MANIFESTS") != "" {
			require.NoError(t, os.WriteFile(file, want, 0o644)) //nolint:gosec // a file of the repository
		}
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "run make manifests")
	}
}

// A ConfigMap that changes must restart the pod, which does not read it again by itself.
func TestNamesOfConfigMapsChangeWithTheirContents(t *testing.T) {
	names := map[string]int{}
	for _, dir := range shipped {
		for _, o := range build(t, dir) {
			if o.kind() == "ConfigMap" && strings.HasPrefix(o.name(), "drift-exporter-config-") {
				assert.Regexp(t, `-[a-z0-9]{10}$`, o.name())
				names[o.name()]++
			}
		}
	}
	assert.Len(t, names, len(shipped))
}
