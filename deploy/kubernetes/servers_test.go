package kubernetes_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// servers are three NATS processes with the StatefulSet's file, environment and arguments. What differs is where they are:
// each has an address of its own in the cluster, and here ports of its own.
type servers struct {
	addresses []string // of clients
	replace   func(text string) string
}

// serve runs the component's servers until the test ends, and returns once all have caught up.
func serve(t *testing.T, objects []object) servers {
	t.Helper()
	binary := testenv.Built(t, "nats-server")
	var s servers
	var processes []*testprocess.Process
	stop := func() {
		for _, process := range processes {
			process.Kill()
		}
		processes = nil
	}
	t.Cleanup(stop)
	var monitors []string
	testprocess.OnFreeAddress(t, func(string) error { // another process may take any of the ports: then all anew
		stop()
		s.addresses, monitors = nil, nil
		var routes, pairs []string
		for i := range 3 {
			host := natsName + "-" + string(rune('0'+i)) + "." + natsName
			s.addresses = append(s.addresses, testprocess.FreeAddress(t))
			monitors = append(monitors, testprocess.FreeAddress(t))
			routes = append(routes, testprocess.FreeAddress(t))
			pairs = append(pairs, host+":4222", s.addresses[i], host+":6222", routes[i])
		}
		s.replace = strings.NewReplacer(pairs...).Replace
		for i := range 3 {
			process, err := launch(t, objects, binary, i, s, routes[i], monitors[i])
			if err != nil {
				return err
			}
			processes = append(processes, process)
		}
		return nil
	})
	for i, monitor := range monitors {
		testprocess.Eventually(t, "a server has started", func() bool {
			response, err := testprocess.HTTPClient().Get("http://" + monitor + probe(t, objects, "startupProbe"))
			if err != nil {
				return false
			}
			return response.Body.Close() == nil && response.StatusCode == http.StatusOK
		}, processes[i].Output)
	}
	return s
}

func probe(t *testing.T, objects []object, name string) string {
	t.Helper()
	return one(t, objects, "StatefulSet", natsName).text("spec", "template", "spec", "containers", 0, name, "httpGet", "path")
}

func launch(t *testing.T, objects []object, binary string, i int, s servers, route, monitor string) (*testprocess.Process, error) {
	t.Helper()
	p := scheduleOf(t, objects, one(t, objects, "StatefulSet", natsName))
	file := filepath.Join(p.mounts["/etc/nats"], "nats.conf")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	here := []string{
		"port: 4222\n", "listen: \"" + s.addresses[i] + "\"\n", "http_port: 8222\n", "http: \"" + monitor + "\"\n",
		"port: 6222\n", "listen: \"" + route + "\"\n", "store_dir: /data\n", "store_dir: \"" + p.mounts["/data"] + "\"\n",
	}
	for n := 0; n < len(here); n += 2 {
		require.Contains(t, string(text), here[n])
	}
	file = filepath.Join(t.TempDir(), "nats.conf")
	require.NoError(t, os.WriteFile(file, []byte(strings.NewReplacer(here...).Replace(string(text))), 0o600))
	cmd := exec.Command(binary, "--config", file)
	cmd.Env = append(os.Environ(), "POD_NAME="+natsName+"-"+string(rune('0'+i)))
	for name, value := range p.env {
		if name != "POD_NAME" {
			cmd.Env = append(cmd.Env, name+"="+s.replace(value))
		}
	}
	return testprocess.StartWhere(cmd, "http://"+monitor+probe(t, objects, "livenessProbe"), func(status int) bool { return status != 0 })
}

func TestTheServersBecomeOneAndLetOnlyTheExporterIn(t *testing.T) {
	objects := build(t, "overlays/clustered")
	s := serve(t, objects)
	url := "nats://" + strings.Join(s.addresses, ",nats://")
	for who, password := range map[string]string{"": "", "drift": "wrong", "route": secrets[natsName]["route_password"]} {
		_, err := nats.Connect(url, nats.UserInfo(who, password))
		require.ErrorIs(t, err, nats.ErrAuthorization, who)
	}
	refused := make(chan error, 1)
	nc, err := nats.Connect(url, nats.UserInfo("drift", secrets[natsName]["password"]),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	require.NoError(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), testprocess.Patience)
	defer cancel()
	kv, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "try", Replicas: 3})
	require.NoError(t, err)
	_, err = kv.Create(ctx, "key", []byte("value"))
	require.NoError(t, err)
	require.NoError(t, nc.Publish("elsewhere", nil))
	require.NoError(t, nc.Flush())
	select {
	case err := <-refused:
		require.ErrorIs(t, err, nats.ErrPermissionViolation)
	case <-ctx.Done():
		assert.Fail(t, "any subject may be written to")
	}
}
