package cluster_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testnats"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

const (
	natsPassword  = testsecret.Mark + "-of-nats"
	wrongPassword = testsecret.Mark + "-no-such"
)

// credentials and TLS let replicas reach NATS; wrong ones are told of clearly, and shown nowhere.
func credentials(t *testing.T) {
	w := newWorld(t, 3, testnats.Options{Nodes: 1, User: "drift", Password: natsPassword, TLS: true})
	w.write("replica1/password", natsPassword+"\n")
	w.write("replica2/password", wrongPassword+"\n")
	withTLS := fmt.Sprintf(", tls_config: {ca_file: %q}", w.nats.CAFile)

	right := w.addWith(", username: drift, password_file: password" + withTLS)
	right.start()
	w.checkedFirst()
	w.machines[0].drift()
	w.check(right)
	w.heard(w.machines[0], "firing")
	for _, path := range []string{"/", "/metrics", "/-/ready", "/api/v1/fleet", "/api/v1/machines"} {
		assert.NotContains(t, right.Get(path), natsPassword, path)
	}
	assert.NotContains(t, right.Log(), natsPassword)

	for name, c := range map[string]struct{ nats, says string }{
		"a wrong password":      {", username: drift, password_file: password" + withTLS, "(?i)authorization violation"},
		"no password":           {withTLS, "(?i)authorization violation"},
		"an unknown authority":  {", username: drift, password_file: password", "unknown authority"},
		"a password in the URL": {withTLS, "cluster.nats.url must not have a user name, password or token"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := w.addWith(c.nats)
			w.write(wrong.name+"/password", wrongPassword)
			if name == "a password in the URL" {
				wrong.config.url = fmt.Sprintf("tls://drift:%s@%s", wrongPassword, wrong.link.URL()[len("tls://"):])
				wrong.configure(entries(w.machines))
			}
			code, output := wrong.fails()
			assert.Equal(t, 1, code, output)
			assert.Regexp(t, c.says, output)
			assert.NotContains(t, output, wrongPassword)
		})
	}
}

// addWith is add with more in cluster.nats.
func (w *world) addWith(nats string) *replica {
	w.t.Helper()
	r := w.add(nil)
	r.config.nats = nats
	r.configure(entries(w.machines))
	return r
}

// fails runs it until it ends by itself, with which code and after writing what.
func (r *replica) fails() (code int, output string) {
	r.w.t.Helper()
	r.dead = true
	ctx, cancel := context.WithTimeout(context.Background(), testprocess.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, testexporter.Binary(r.w.t), "--web.external-url=http://drift.example/", "--config.file="+filepath.Join(r.w.dir, r.name, "config.yaml"),
		"--web.listen-address=127.0.0.1:0", "--storage.path="+filepath.Join(r.w.dir, r.name, "data"))
	out, err := cmd.CombinedOutput()
	require.NoError(r.w.t, ctx.Err(), "it goes on: %s", out)
	require.Error(r.w.t, err)
	return cmd.ProcessState.ExitCode(), string(out)
}
