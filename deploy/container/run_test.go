package container_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// arbitrary is a user as OpenShift chooses one: no passwd knows it.
const arbitrary = 1000680000

const containerConfig = `schedule: {timezone: Europe/Berlin}
check: {retries: 0}
ssh:
  user: %s
  identity_files: [/run/secrets/ssh_key]
  known_hosts_files: [/etc/drift_exporter/known_hosts]
machines:
  - {name: web1, address: machine.test, packs: [base], ssh: {port: %d}}
`

// install puts there what docs/container.md tells to mount, for a machine that is a real sshd.
func (r *rootfs) install(sshd *testsshd.Server) {
	r.t.Helper()
	r.write("etc/drift_exporter/config.yaml", fmt.Sprintf(containerConfig, sshd.User, sshd.Port), 0o644)
	r.write("etc/drift_exporter/packs/base.yaml", "name: Base\nitems:\n  files:\n    - {path: /etc/passwd, mode: \"0644\", owner: root}\n", 0o644)
	r.write("etc/drift_exporter/known_hosts", fmt.Sprintf("[machine.test]:%d %s\n", sshd.Port, sshd.HostKey("ed25519")), 0o644)
	key, err := os.ReadFile(sshd.KeyFile)
	require.NoError(r.t, err)
	r.write("run/secrets/ssh_key", string(key), 0o400)
	require.NoError(r.t, os.Chown(filepath.Join(r.root, "run/secrets/ssh_key"), r.uid, 0))
}

func TestTheImagesCommandChecksARealMachine(t *testing.T) {
	for name, uid := range map[string]int{"as the image's user": nonroot, "as a user that passwd does not know": arbitrary} {
		t.Run(name, func(t *testing.T) {
			sshd := testsshd.Start(t, testsshd.Options{})
			r := newRootfs(t, uid)
			r.install(sshd)
			url, p := r.serve()
			got := judged(t, url, p)
			assert.Equal(t, "compliant", got.Attempt.Status, "%+v\n%s", got, p.Output())
			assert.NotContains(t, p.Output(), "level=WARN")
			assert.NotContains(t, p.Output(), "level=ERROR")
			stored, err := os.ReadDir(r.state)
			require.NoError(t, err)
			assert.NotEmpty(t, stored, "the state is in the volume")

			p.Kill()
			url, p = r.serve()
			assert.Equal(t, got.Attempt.Run, judged(t, url, p).Attempt.Run, "the state outlives the container")
		})
	}
}

func TestAKeyThatTheUserMayNotReadIsNamed(t *testing.T) {
	sshd := testsshd.Start(t, testsshd.Options{})
	r := newRootfs(t, nonroot)
	r.install(sshd)
	require.NoError(t, os.Chown(filepath.Join(r.root, "run/secrets/ssh_key"), 0, 0))
	url, p := r.serve()
	got := judged(t, url, p)
	assert.Equal(t, "unknown", got.Attempt.Status)
	assert.Equal(t, "auth", got.Attempt.Reason)
	assert.Contains(t, got.Attempt.Message, "/run/secrets/ssh_key cannot be used: permission denied")
}

func TestOtherCommandsFindTheConfigurationByTheWorkingDirectory(t *testing.T) {
	sshd := testsshd.Start(t, testsshd.Options{})
	r := newRootfs(t, nonroot)
	r.install(sshd)
	out, err := r.command("validate").CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = r.command("check").CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "web1  compliant")
}

func TestWithoutAConfigurationTheImageSaysWhatIsMissing(t *testing.T) {
	r := newRootfs(t, nonroot)
	out, err := r.command(readDockerfile(t, "Dockerfile").last(t, "CMD")...).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "/etc/drift_exporter/config.yaml")
}

// pair is what the API says of a machine and pack.
type pair struct {
	Attempt struct{ Status, Reason, Message, Run string }
}

// judged waits for the first attempt: a first start checks at once.
func judged(t *testing.T, url string, p *testprocess.Process) pair {
	t.Helper()
	var answer struct{ Data pair }
	require.Eventually(t, func() bool {
		response, err := testprocess.HTTPClient().Get(url + "/api/v1/machines/web1/packs/base")
		if err != nil {
			return false
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		return err == nil && response.StatusCode == http.StatusOK && json.Unmarshal(text, &answer) == nil && answer.Data.Attempt.Status != ""
	}, testprocess.Patience, 50*time.Millisecond, "%s", p.Output())
	return answer.Data
}
