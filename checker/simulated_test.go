package checker_test

import (
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/checker/ssh"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/simfleet"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// simulated makes machines of the fleet from their files by path, all of which carry one pack.
func simulated(t *testing.T, items string, machines map[string]map[string]string) *checker.Fleet {
	sim, err := simfleet.New()
	require.NoError(t, err)
	t.Cleanup(sim.Close)
	dir := t.TempDir()
	cfg := &config.Config{Check: config.Check{Timeout: time.Minute, AllowCommands: true}}
	for _, name := range slices.Sorted(maps.Keys(machines)) {
		root := filepath.Join(dir, name)
		for path, text := range machines[name] {
			require.NoError(t, os.MkdirAll(filepath.Dir(root+path), 0o755))
			require.NoError(t, os.WriteFile(root+path, []byte(text), 0o644))
		}
		shell, err := simfleet.Shell(root, checker.IsScript)
		require.NoError(t, err)
		m, err := sim.Add(shell)
		require.NoError(t, err)
		cfg.Machines = append(cfg.Machines, config.Machine{
			Name: name, Enabled: true, Packs: []string{"p"}, BecomeUser: "root", Transport: config.TransportSSH, Address: simfleet.Host,
			SSH: config.SSH{
				User: simfleet.User, Port: m.Port(), IdentityFiles: []string{filepath.Join(dir, "key")},
				KnownHostsFiles: []string{filepath.Join(dir, "known_hosts")}, HostKeyPolicy: config.HostKeyStrict, ConnectTimeout: 10 * time.Second,
			},
		})
	}
	key, err := sim.Key()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), key, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "known_hosts"), sim.KnownHosts(), 0o600))
	packs, problems := pack.Load(fstest.MapFS{"p.yaml": {Data: []byte("items:\n" + items)}}, "packs", checker.Kinds())
	require.Empty(t, problems)
	fleet, problems := checker.NewFleet(cfg, packs)
	require.Empty(t, problems)
	return fleet
}

func checkSimulated(t *testing.T, fleet *checker.Fleet, name string) checker.Outcome {
	transports := map[config.Transport]checker.Transport{config.TransportSSH: ssh.New(ssh.Options{})}
	return checker.New(transports, slog.New(slog.DiscardHandler), clockwork.NewRealClock()).Check(t.Context(), fleet, name, "")
}

func TestSimulatedMachinesAreJudgedAsRealOnes(t *testing.T) {
	fleet := simulated(t, `
  files:
    - {path: /etc/motd, content: "hello\n", mode: "0644"}
    - {path: /srv/none, state: absent}
    - {path: /etc/app/app.conf, contains: ["include /etc/app/more.conf"]}
    - {glob: "/etc/app/*.d/*.conf", mode: "0644"}
  packages: [{name: openssh, min_version: "9.7"}]
  settings:
    - {path: /etc/ssh/sshd_config, format: sshd, key: PermitRootLogin, expected: "no", type: config}
    - {key: kernel.dmesg_restrict, expected: "1", type: sysctl}
`, map[string]map[string]string{
		"good": {
			"/etc/os-release": "ID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine Linux v3.20\"\n", "/etc/motd": "hello\n",
			"/etc/app/app.conf": "include /etc/app/more.conf\n", "/etc/app/a.d/x.conf": "", "/etc/app/b.d/y.conf": "",
			"/etc/ssh/sshd_config": "PermitRootLogin no\n", "/proc/sys/kernel/dmesg_restrict": "1\n",
			"/lib/apk/db/installed": "P:openssh\nV:9.7_p1-r4\nA:x86_64\n\nP:apk-tools\nV:2.14.4-r1\nA:x86_64\n",
		},
		"bad": {
			"/etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "/etc/motd": "bye\n", "/srv/none": "",
			"/etc/app/app.conf": "include /etc/app/less.conf\n", "/etc/app/a.d/x.conf": "",
			"/etc/ssh/sshd_config": "PermitRootLogin yes\n", "/proc/sys/kernel/dmesg_restrict": "0\n",
			"/lib/apk/db/installed": "P:openssh\nV:9.6_p1-r0\nA:x86_64\n\nP:apk-tools\nV:2.14.4-r1\nA:x86_64\n",
		},
	})
	good := checkSimulated(t, fleet, "good")
	require.Nil(t, good.Failure, "%v", good.Failure)
	assert.Equal(t, "Alpine Linux v3.20", good.Facts.Name)
	assert.Equal(t, "apk", good.Facts.PackageManager)
	assert.Equal(t, state.Compliant, good.Results[0].Status, "%v %v", good.Results[0].Mismatches, good.Results[0].Errors)

	bad := checkSimulated(t, fleet, "bad")
	require.Nil(t, bad.Failure, "%v", bad.Failure)
	assert.Equal(t, "debian", bad.Facts.OS)
	require.Empty(t, bad.Results[0].Errors)
	found := map[string]string{}
	for _, m := range bad.Results[0].Mismatches {
		found[m.Item] = m.Type
	}
	assert.Equal(t, map[string]string{
		"/etc/motd": "wrong_content", "/srv/none": "unexpected_file", "/etc/app/app.conf": "missing_line", "openssh": "wrong_version",
		"/etc/ssh/sshd_config PermitRootLogin": "wrong_setting", "kernel.dmesg_restrict": "wrong_setting",
	}, found)
}

func TestASimulatedMachineRunsNoCommands(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	fleet := simulated(t, "  commands: [{name: touch, argv: [touch, "+mark+"]}]\n", map[string]map[string]string{"m": {"/etc/motd": ""}})
	out := checkSimulated(t, fleet, "m")
	require.NotNil(t, out.Failure)
	assert.Contains(t, out.Failure.Message, "simulated machines run no commands")
	assert.NoFileExists(t, mark)
}

// Its port refuses connections like that of a machine that is off.
func TestASimulatedMachineThatIsOffIsUnreachable(t *testing.T) {
	closed, err := net.Listen("tcp", simfleet.Host+":0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	fleet := simulated(t, "  files: [{path: /etc/motd}]\n", map[string]map[string]string{"m": {"/etc/motd": ""}})
	fleet.Config.Machines[0].SSH.Port = closed.Addr().(*net.TCPAddr).Port
	out := checkSimulated(t, fleet, "m")
	require.NotNil(t, out.Failure)
	assert.Equal(t, state.ReasonConnect, out.Failure.Reason)
}
