package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// workspace is a folder with a configuration of one local machine and one pack.
type workspace struct {
	t   *testing.T
	dir string
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := &workspace{t: t, dir: t.TempDir()}
	w.write("motd", "welcome\n")
	w.write("packs/base.yaml", `
name: Base Pack
description: what every machine has
items:
  files:
    - {path: `+w.path("motd")+`, mode: "0644", content: "welcome\n"}
`)
	w.write("config.yaml", `
packs_dir: packs
machines:
  - {name: here, transport: local, packs: [base]}
  - {name: off, transport: local, packs: [base, lonely], drift_detection_enabled: false}
`)
	w.write("packs/lonely.yaml", `
description: "nobody \e[31m's\nsecond line"
items: {files: [{path: /etc, type: directory}]}
`)
	return w
}

func (w *workspace) path(name string) string { return filepath.Join(w.dir, name) }

func (w *workspace) write(name, text string) {
	w.t.Helper()
	require.NoError(w.t, os.MkdirAll(filepath.Dir(w.path(name)), 0o755))
	require.NoError(w.t, os.WriteFile(w.path(name), []byte(text), 0o644))
	require.NoError(w.t, os.Chmod(w.path(name), 0o644))
}

// run runs a command line on the workspace and returns its exit status and output.
func (w *workspace) run(args ...string) (int, string, string) {
	w.t.Helper()
	return w.runWith(w.path("config.yaml"), args...)
}

// runWith is run with another configuration.
func (w *workspace) runWith(configFile string, args ...string) (int, string, string) {
	var stdout, stderr bytes.Buffer
	args = append(args, "--config.file="+configFile, "--storage.path="+w.path("data"))
	status := execute(args, environment{home: w.dir, hostname: "drift.example"}, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

func TestCheckOfACompliantMachine(t *testing.T) {
	status, stdout, stderr := newWorkspace(t).run("check")
	assert.Equal(t, 0, status, stderr)
	assert.Equal(t, "here  compliant  1 item in base\n\n"+
		"1 machine: 1 compliant, 0 drifted, 0 unknown\n1 pack:    1 compliant, 0 drifted, 0 unknown\n", stdout)
}

func TestCheckOfADriftedMachine(t *testing.T) {
	w := newWorkspace(t)
	w.write("motd", "hacked \x1b[31m\n")
	status, stdout, stderr := w.run("check", "--diff")
	assert.Equal(t, 1, status, stderr)
	assert.Regexp(t, `^here  drifted  .*\n  base  drifted  1 mismatch in 1 item\n`, stdout)
	assert.Contains(t, stdout, "wrong_content")
	assert.Contains(t, stdout, "      -welcome\n")
	assert.Contains(t, stdout, `      +hacked \x1b[31m`, "control characters of a machine never reach the terminal")
	assert.NotContains(t, stdout, "\x1b")
	assert.Contains(t, stdout, "packs/base.yaml:6")
	assert.NoDirExists(t, w.path("data"), "check never opens the store")
}

func TestCheckShowsWhatIsWaivedAndWhatCouldNotBeObserved(t *testing.T) {
	w := newWorkspace(t)
	require.NoError(t, os.Chmod(w.path("motd"), 0o640))
	w.write("packs/odd.yaml", "items: {settings: [{key: x, expected: y, type: config}]}\n")
	w.write("config.yaml", `
machines:
  - name: here
    transport: local
    packs: [base, odd]
    waivers: [{pack: base, kind: file, item: `+w.path("motd")+`, reason: until Monday}]
`)
	status, stdout, _ := w.run("check")
	assert.Equal(t, 2, status)
	assert.Regexp(t, `^here  unknown  .*
  base  compliant  1 waived in 1 item
    waived  file \S+  \S*packs/base.yaml:6
      wrong_permissions \(until Monday\)
      expected 0644
      actual   0640
  odd   unknown    1 error in 1 item
    error  config x(  \S+)?\s+unsupported`, stdout)
}

func TestCheckPrintsTheReportsOfTheAPI(t *testing.T) {
	w := newWorkspace(t)
	require.NoError(t, os.Chmod(w.path("motd"), 0o604))
	status, stdout, stderr := w.run("check", "here", "--pack=base", "--format=json")
	assert.Equal(t, 1, status, stderr)
	var printed struct {
		Results []state.Report `json:"results"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &printed))
	require.Len(t, printed.Results, 1)
	report := printed.Results[0]
	assert.Equal(t, state.Key{Machine: "here", Pack: "base"}, report.Key)
	assert.Equal(t, state.Drifted, report.Verdict)
	require.Len(t, report.Mismatches, 1)
	assert.Equal(t, "wrong_permissions", report.Mismatches[0].Type)
	assert.Equal(t, "0644", report.Mismatches[0].Expected)
	assert.Equal(t, "0604", report.Mismatches[0].Actual)
	assert.Equal(t, "inactive", report.Alert.State)
}

func TestWhatCannotBeCheckedOutranksDrift(t *testing.T) {
	w := newWorkspace(t)
	require.NoError(t, os.Chmod(w.path("motd"), 0o600))
	w.write("config.yaml", `
check: {timeout: 5s}
ssh: {identity_files: [], known_hosts_files: [], connect_timeout: 2s, user: nobody}
machines:
  - {name: gone, address: 127.0.0.1, ssh: {port: 1}, packs: [base]}
  - {name: here, transport: local, packs: [base]}
`)
	status, stdout, _ := w.run("check")
	assert.Equal(t, 2, status)
	assert.Contains(t, stdout, "\ngone  unknown  connect: ")
	assert.Contains(t, stdout, "here  drifted")
}

func TestCheckRefusesWhatItCannotSelect(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"an unknown machine":           {[]string{"check", "nowhere"}, `no machine is called "nowhere"`},
		"a machine switched off":       {[]string{"check", "off"}, `drift detection is disabled for machine "off"`},
		"an unknown pack":              {[]string{"check", "--pack=web"}, `no pack is called "web"`},
		"machines of which none is on": {[]string{"check", "--pack=lonely"}, `no machine with drift detection enabled carries pack "lonely"`},
		"an unknown output format":     {[]string{"check", "--format=xml"}, "xml"},
		"an unknown command":           {[]string{"chekc"}, "chekc"},
		"an unknown flag":              {[]string{"check", "--pakc=x"}, "pakc"},
		"a machine that was mistyped ": {[]string{"check", "here", "hree"}, `no machine is called "hree" (did you mean "here"?)`},
		"a limit that matches nothing": {[]string{"check", "--limit=w*"}, `no machine matches "w*"`},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := newWorkspace(t).run(test.args...)
			assert.Equal(t, 2, status)
			assert.Contains(t, stderr, test.want)
			assert.Empty(t, stdout)
		})
	}
}

func TestVersionAndHelpExitWell(t *testing.T) {
	for _, arg := range []string{"--version", "--help"} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, 0, execute([]string{arg}, environment{}, &stdout, &stderr), arg)
		assert.Contains(t, stdout.String()+stderr.String(), "drift_exporter", arg)
	}
}

func TestServeRefusesABrokenConfiguration(t *testing.T) {
	w := newWorkspace(t)
	w.write("config.yaml", "machines: {}\nnonsense: true\n")
	status, _, stderr := w.run("serve", "--web.listen-address=127.0.0.1:0")
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "config.yaml:2: ")
}

func TestArgumentsMayStandInAFile(t *testing.T) {
	w := labelled(t)
	w.write("canaries", "# a comment\ndb1\n--pack=base\n")
	status, stdout, stderr := w.run("check", "@"+w.path("canaries"), "--format=json")
	assert.Equal(t, 0, status, stderr)
	assert.Contains(t, stdout, `"machine": "db1"`)
	assert.NotContains(t, stdout, "db2")
}
