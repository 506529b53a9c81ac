package security_test

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/simfleet"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
)

// forged would be lines, series or colours of its own wherever it came through as it is.
const forged = "x\ntime=2026-01-01T00:00:00Z level=ERROR msg=forged\r\n\x1b[31mdrift_compliant{machine=\"forged\"} 1\n\u2028\u009b31m\u202e\" } 1\\"

// saysForged answers as the script does, with what is forged in each place, and then in its standard error, and fails.
func saysForged(where int) simfleet.Exec {
	return func(_ context.Context, stdin io.ReadCloser, stdout, stderr io.Writer) int {
		defer func() { _ = stdin.Close() }()
		head := make([]byte, 1<<16)
		n, _ := stdin.Read(head)
		script := string(head[:n])
		for !strings.Contains(script, "\nexit\n}\n") {
			if n, err := stdin.Read(head); err == nil {
				script += string(head[:n])
				continue
			}
			break
		}
		script = script[:max(0, strings.LastIndex(script, "\nexit\n}\n"))+len("\nexit\n}\n")]
		nonce := checker.Introduction(script)
		oneLine := strings.NewReplacer("\n", "\v", "\r", "\f").Replace(forged)
		_, _ = fmt.Fprintf(stderr, "%s\n", forged)
		switch where {
		case 0: // no answer at all
			_, _ = io.WriteString(stdout, forged)
		case 1: // facts
			_, _ = fmt.Fprintf(stdout, "\ndrift_exporter/1 ready\n")
			for _, fact := range []string{"ID", "VERSION_ID", "PRETTY_NAME", "uname", "package_manager", "init", "uid", "user", "home"} {
				_, _ = fmt.Fprintf(stdout, "%s fact %s %s\n", nonce, fact, oneLine)
			}
			_, _ = fmt.Fprintf(stdout, "%s facts\n", nonce)
		case 2: // errors of items
			_, _ = fmt.Fprintf(stdout, "\ndrift_exporter/1 ready\n%[1]s fact ID \"debian\"\n%[1]s fact uid 0\n%[1]s fact user root\n%[1]s fact home /root\n%[1]s facts\n", nonce)
			_, _ = fmt.Fprintf(stdout, "\n%[1]s 1 err %[2]s\n\n%[1]s stage 1\n\n%[1]s bye 1\n", nonce, oneLine)
		}
		return 1
	}
}

// Whatever a machine says, a line of the log is an event of ours, and a series one of ours.
func TestWhatAMachineSaysStaysOneLineOfTheLog(t *testing.T) {
	fleet, err := simfleet.New()
	require.NoError(t, err)
	t.Cleanup(fleet.Close)
	w := workspace{t, t.TempDir()}
	machines := ""
	for where := range 3 {
		m, err := fleet.Add(saysForged(where))
		require.NoError(t, err)
		machines += fmt.Sprintf("  - {name: m%d, address: %s, ssh: {port: %d}, packs: [base]}\n", where, simfleet.Host, m.Port())
	}
	key, err := fleet.Key()
	require.NoError(t, err)
	w.write("id", string(key))
	w.write("known_hosts", string(fleet.KnownHosts()))
	w.write("packs/base.yaml", "items: {files: [{path: /etc/passwd, owner: root}]}\n")
	w.write("config.yaml", fmt.Sprintf("check: {timeout: 60s, retries: 0}\nssh: {user: %s, identity_files: [id], known_hosts_files: [known_hosts], config_file: \"\"}\nmachines:\n%s",
		simfleet.User, machines))
	e := testexporter.Start(t, w.path("config.yaml"), w.path("data"), "--web.enable-lifecycle", "--log.level=debug")
	e.Eventually("the first run ends", func() bool {
		return e.Metric("drift_last_run_timestamp_seconds") != "" && e.Metric("drift_last_run_success") != ""
	})
	metrics := e.Get("/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(metrics))
	require.NoError(t, err)
	for name, family := range families {
		for _, series := range family.GetMetric() {
			for _, label := range series.GetLabel() {
				if label.GetName() == "machine" {
					assert.Regexp(t, `^m[0-2]$`, label.GetValue(), name)
				}
			}
		}
	}
	for _, path := range []string{"/", "/machines/m0", "/machines/m1", "/machines/m2", "/api/v1/machines", "/api/v1/machines/m1", "/api/v1/machines/m2/packs/base"} {
		body := e.Get(path)
		assert.NotContains(t, body, "\x1b", path)
		assert.NotContains(t, body, "\u202e", path)
	}
	e.Terminate()
	event := regexp.MustCompile(`^time=\S+ level=(DEBUG|INFO|WARN|ERROR) source=\S+\.go:\d+ msg=`)
	told := false
	for line := range strings.Lines(e.Log()) {
		line = strings.TrimSuffix(line, "\n")
		assert.Regexp(t, event, line)
		told = told || strings.Contains(line, "forged")
		bad := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r < 0x2070 })
		assert.Negative(t, bad, "%q", line)
	}
	assert.True(t, told, "what it says is logged, as a text:\n%s", e.Log())
}
