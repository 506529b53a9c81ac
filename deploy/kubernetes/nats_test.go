package kubernetes_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/testdocs"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// natsName is that of everything of the component.
const natsName = "drift-exporter-nats"

// natsOptions is what the servers make of their file.
func natsOptions(t *testing.T, objects []object) *natsserver.Options {
	t.Helper()
	p := scheduleOf(t, objects, one(t, objects, "StatefulSet", natsName))
	for name, value := range p.env {
		t.Setenv(name, value)
	}
	t.Setenv("POD_NAME", natsName+"-0")
	args := p.container.at("args").([]any)
	require.Equal(t, "--config", args[0])
	path := args[1].(string)
	options, err := natsserver.ProcessConfigFile(filepath.Join(p.mounts[filepath.Dir(path)], filepath.Base(path)))
	require.NoError(t, err)
	return options
}

func TestTheServersReadTheirFile(t *testing.T) {
	objects := build(t, "overlays/clustered")
	options := natsOptions(t, objects)
	assert.Equal(t, natsName+"-0", options.ServerName)
	assert.True(t, options.JetStream)
	assert.True(t, options.Cluster.NoAdvertise)
	require.Len(t, options.Users, 1)
	assert.Contains(t, options.Users[0].Permissions.Publish.Allow, "$JS.FC.>", "without it, reading a large state stalls")
	secret := secrets[natsName]
	assert.Equal(t, secret["password"], options.Users[0].Password)
	assert.Equal(t, secret["route_password"], options.Cluster.Password)

	set := one(t, objects, "StatefulSet", natsName)
	container := object(set.at("spec", "template", "spec", "containers", 0).(map[string]any))
	ports := map[string]int{"client": options.Port, "cluster": options.Cluster.Port, "monitor": options.HTTPPort}
	for _, port := range container.list("ports") {
		assert.Equal(t, ports[port.text("name")], port.at("containerPort"), port)
	}
	service := one(t, objects, "Service", set.text("spec", "serviceName"))
	assert.Equal(t, true, service.at("spec", "publishNotReadyAddresses"), "a server must be found before it is ready")
	assert.Equal(t, "None", service.text("spec", "clusterIP"))
	for _, port := range service.list("spec", "ports") {
		assert.Equal(t, ports[port.text("name")], port.at("port"), port)
		assert.Equal(t, port.text("name"), port.text("targetPort"))
	}
	assert.Len(t, options.Routes, set.at("spec", "replicas").(int))
	for i, route := range options.Routes {
		assert.Equal(t, fmt.Sprintf("%s-%d.%s:%d", natsName, i, service.name(), options.Cluster.Port), route.Host)
		assert.Equal(t, options.Cluster.Username, route.User.Username())
	}
	grace := set.at("spec", "template", "spec", "terminationGracePeriodSeconds").(int)
	assert.Greater(t, float64(grace), (options.LameDuckDuration + options.LameDuckGracePeriod).Seconds())
	assertFitsItsVolume(t, set, options)
}

func assertFitsItsVolume(t *testing.T, set object, options *natsserver.Options) {
	t.Helper()
	mount := object(set.at("spec", "template", "spec", "containers", 0, "volumeMounts", 1).(map[string]any))
	claim := object(set.at("spec", "volumeClaimTemplates", 0).(map[string]any))
	assert.Equal(t, mount.text("name"), claim.text("metadata", "name"))
	assert.True(t, strings.HasPrefix(options.StoreDir, mount.text("mountPath")), options.StoreDir)
	var gib int64
	_, err := fmt.Sscanf(claim.text("spec", "resources", "requests", "storage"), "%dGi", &gib)
	require.NoError(t, err)
	assert.Less(t, options.JetStreamMaxStore, gib<<30, "the servers must not fill the volume")
}

// The exporter finds each server by the name that the StatefulSet gives it, and logs in as the one user there is.
func TestTheConfigurationNamesTheServers(t *testing.T) {
	for _, dir := range clustered {
		objects := build(t, "overlays/clustered")
		options := natsOptions(t, objects)
		var config struct {
			Cluster struct {
				NATS struct {
					URL      string
					Username string
					Replicas int
				}
			}
		}
		text, err := os.ReadFile(filepath.Join(dir, "config", "config.yaml"))
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(text, &config))
		nats := config.Cluster.NATS
		assert.Equal(t, options.Users[0].Username, nats.Username)
		assert.Equal(t, one(t, objects, "StatefulSet", natsName).at("spec", "replicas"), nats.Replicas)
		for i, server := range strings.Split(nats.URL, ",") {
			u, err := url.Parse(server)
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("%s-%d.%s:%d", natsName, i, natsName, options.Port), u.Host)
			assert.Less(t, i, nats.Replicas)
		}
	}
}

func TestTheServersReadTheDocumentedFile(t *testing.T) {
	blocks := testdocs.Read(t, "docs/scaling.md").In("conf")
	require.NotEmpty(t, blocks)
	shipped := natsOptions(t, build(t, "overlays/clustered")) // which sets the same variables
	t.Setenv("PASSWORD", "p0e5d2")
	t.Setenv("ROUTE_PASSWORD", "p1e9aa")
	t.Setenv("ROUTES", `["nats://route:p1e9aa@nats-1.example.org:6222", "nats://route:p1e9aa@nats-2.example.org:6222"]`)
	for _, block := range blocks {
		file := filepath.Join(t.TempDir(), "nats.conf")
		require.NoError(t, os.WriteFile(file, []byte(block.Text), 0o600))
		options, err := natsserver.ProcessConfigFile(file)
		require.NoError(t, err)
		require.Len(t, options.Users, 1)
		assert.Equal(t, shipped.Users[0].Permissions, options.Users[0].Permissions)
		assert.Equal(t, shipped.MaxPayload, options.MaxPayload)
		assert.Equal(t, shipped.JetStreamMaxStore, options.JetStreamMaxStore)
		assert.Len(t, options.Routes, 2)
	}
}

// The image is the server that the exporter's own tests run.
func TestTheServersAreOfTheVersionThatIsTested(t *testing.T) {
	module, err := os.ReadFile(filepath.Join(testenv.Repository(t), "tools", "nats-server", "go.mod"))
	require.NoError(t, err)
	version := regexp.MustCompile(`nats-io/nats-server/v2 v(\S+)`).FindSubmatch(module)
	require.NotNil(t, version)
	set := one(t, build(t, "overlays/clustered"), "StatefulSet", natsName)
	assert.Equal(t, "nats:"+string(version[1]), set.text("spec", "template", "spec", "containers", 0, "image"))
}
