package testdocs_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testdocs"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// Whoever follows the page gets a message in Slack. The machine that is checked is this one, over a real sshd; Alertmanager
// and Prometheus are real as well. Slack is not.
func TestGettingStartedLeadsToASlackMessage(t *testing.T) {
	for program, of := range map[string]string{"make": "make", "ssh": "openssh-client", "ssh-keyscan": "openssh-client", "curl": "curl"} {
		testenv.Program(t, program, of)
	}
	prometheus, alertmanager := testenv.Program(t, "prometheus", "prometheus"), testalertmanager.Binary(t)
	account := fmt.Sprintf("drift-test-%d-walk", os.Getpid()) // testsshd removes what a killed test has left of it
	sshd := testsshd.Start(t, testsshd.Options{Config: []string{"AllowUsers " + account}})
	dir, err := os.MkdirTemp("", "drift") // short, and open to everybody, unlike the test's own
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ssh_host_ed25519_key.pub"), []byte(sshd.HostKey("ed25519")), 0o600))
	copyTree(t, testenv.Repository(t), filepath.Join(dir, "source"))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	require.NoError(t, os.Symlink(prometheus, filepath.Join(dir, "bin", "prometheus")))
	require.NoError(t, os.Symlink(alertmanager, filepath.Join(dir, "bin", "alertmanager")))
	t.Cleanup(func() {
		defer sshd.LockUsers()()
		_ = exec.Command("userdel", "--force", "--remove", account).Run() // there is none any more if all went well
	})

	inbox := testalertmanager.NewInbox(t)
	w := &walk{
		t: t, dir: dir, lock: sshd.LockUsers, replace: replacements(t, dir, account, sshd.Port, inbox.URL),
		environ: append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":/usr/sbin:"+os.Getenv("PATH")),
		slack: func(n int) (string, bool) {
			messages := inbox.SlackMessages()
			if len(messages) < n {
				return "", false
			}
			return messages[n-1].Shown(), true
		},
	}
	w.do(testdocs.Read(t, "docs/getting-started.md"))
	require.Equal(t, 2, w.heard, "messages in Slack that the page shows")
	require.Len(t, inbox.SlackMessages(), 2)
}

// replacements are all that differs between what the page says and what runs.
func replacements(t *testing.T, dir, account string, sshPort int, slackURL string) func(string) string {
	pairs := []string{
		"git clone https://github.com/drift-exporter/drift_exporter", "mv source drift_exporter", // a copy of the files at hand
		"10.0.0.5", "127.0.0.1",
		"-p 22 ", fmt.Sprintf("-p %d ", sshPort),
		"port: 22\n", fmt.Sprintf("port: %d\n", sshPort),
		"/etc/ssh/ssh_host_ed25519_key.pub", filepath.Join(dir, "ssh_host_ed25519_key.pub"),
		"/etc/drift_hello", filepath.Join(dir, "drift_hello"), // nothing in /etc is changed
		"https://hooks.slack.com/services/T000/B000/XXXX", slackURL,
		"scrape_interval: 15s", "scrape_interval: 1s",
	}
	for _, of := range []string{"'*' %s\n", "-o %s ", "-g %s ", "~%s/", "chown %s:", "user: %s\n", "%s@", "--remove %s\n"} {
		pairs = append(pairs, fmt.Sprintf(of, "drift"), fmt.Sprintf(of, account))
	}
	for _, port := range []string{"10186", "9093", "9090"} {
		pairs = append(pairs, "localhost:"+port, testprocess.FreeAddress(t))
	}
	return func(text string) string {
		text = strings.NewReplacer(pairs...).Replace(text)
		if key, err := os.ReadFile(filepath.Join(dir, "drift_try", "drift_ed25519.pub")); err == nil {
			text = strings.ReplaceAll(text, "ssh-ed25519 AAAA… drift_exporter", strings.TrimSpace(string(key)))
		}
		return text
	}
}

// copyTree copies the repository without what is built or kept there, and has Alertmanager wait for nothing.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains([]string{".git", "bin", "data", "dist", "docs", "node_modules"}, entry.Name()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if name == "deploy/alertmanager/alertmanager.yml" {
			text = regexp.MustCompile(`(group_wait|group_interval): \S+`).ReplaceAll(text, []byte("$1: 10ms"))
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, info.Mode())
	}))
}
