package alertmanager_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/alertmanager/api/v2/client/silence"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/deploy/alertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
)

// blocks are the code blocks of docs/alerts.md in a language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/alerts.md")
	require.NoError(t, err)
	var found []string
	for _, match := range regexp.MustCompile("(?s)\n```(\\w*)\n(.*?)\n```\n").FindAllStringSubmatch(string(text), -1) {
		if match[1] == language {
			found = append(found, match[2])
		}
	}
	return found
}

func TestTheDocumentedMessagesAreWhatSlackShows(t *testing.T) {
	w := start(t)
	base, web := newPair(t, "base"), newPair(t, "web")
	shows := func(n int) {
		t.Helper()
		assert.Contains(t, blocks(t, "text"), w.message(n).Shown())
	}
	w.send(base.found(mode, curl))
	shows(1)
	w.send(web.found(content))
	w.message(2)
	w.send(base.found())
	shows(3)
	w.send(web.found())
	shows(4)
	w.post(down(t))
	shows(5)
}

func TestTheDocumentedRoutingLoads(t *testing.T) {
	examples := blocks(t, "yaml")
	require.NotEmpty(t, examples)
	for _, example := range examples {
		testalertmanager.Start(t, example)
	}
}

// Each block runs as a reader would paste it, only with this Alertmanager and this folder.
func TestTheDocumentedCommandsWork(t *testing.T) {
	amtool := testalertmanager.AmtoolBinary(t)
	w := start(t)
	dir := t.TempDir()
	_, err := alertmanager.Install(dir, alertmanager.Options{SlackURL: w.inbox.URL})
	require.NoError(t, err)
	commands := strings.NewReplacer("/etc/alertmanager", dir, "http://localhost:9093", w.server.URL.String())
	output := ""
	for _, block := range blocks(t, "sh") {
		command := exec.Command("sh", "-e", "-c", commands.Replace(block))
		command.Env = append(os.Environ(), "PATH="+filepath.Dir(amtool)+":"+os.Getenv("PATH"))
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s\n%s", block, out)
		output += string(out)
	}
	assert.Contains(t, output, "SUCCESS")
	assert.Contains(t, output, "slack_rules\n")
	assert.Contains(t, output, "Configuration drift detected on test", "the query lists it")
	message := w.message(1)
	assert.Equal(t, "Configuration drift detected on test", message.Title)
	assert.Contains(t, message.Text, "wrong_owner /etc/hosts: root → nobody")
	silences, err := w.server.Client().Silence.GetSilences(silence.NewGetSilencesParams())
	require.NoError(t, err)
	assert.Len(t, silences.Payload, 1)
}
