package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testroot"
)

// patience is how long a test waits for something that must happen; it only bounds a failing test.
const patience = 60 * time.Second

// service is the exporter in a copy of this machine where it is installed as the docs say.
type service struct {
	t    *testing.T
	root *testroot.Root
}

// newService prepares the copy as systemd does before it starts the service: with the user, a directory for the state and
// one with the credential; everything else is read-only. With the machines, if any, in its configuration.
func newService(t *testing.T, binary, machines string) service {
	t.Helper()
	testenv.Program(t, "curl", "curl")
	testenv.Program(t, "systemd-sysusers", "systemd")
	root := testroot.New(t)
	root.Put(binary, "/usr/bin/drift_exporter", 0o755)
	root.Put("config.yaml", "/etc/drift_exporter/config.yaml", 0o644)
	root.Put("../../packs/base.yaml", "/etc/drift_exporter/packs/base.yaml", 0o644)
	root.Put("drift_exporter.sysusers", "/usr/lib/sysusers.d/drift_exporter.conf", 0o644)
	root.Put("drift_exporter.tmpfiles", "/usr/lib/tmpfiles.d/drift_exporter.conf", 0o644)
	root.Run(`systemd-sysusers /usr/lib/sysusers.d/drift_exporter.conf
		systemd-tmpfiles --create /usr/lib/tmpfiles.d/drift_exporter.conf
		sed -i "s/^machines: \[\]/machines: [$1]/" /etc/drift_exporter/config.yaml
		install -d -m 0700 -o drift_exporter -g drift_exporter /var/lib/drift_exporter
		install -d -m 0500 -o drift_exporter -g drift_exporter /run/credentials/drift_exporter.service
		printf none | install -m 0400 -o drift_exporter /dev/stdin /run/credentials/drift_exporter.service/ssh_key
		mount --bind / /mnt
		mount -o remount,bind,ro /mnt
		mount --rbind /dev /mnt/dev
		mount -t proc proc /mnt/proc
		mount --rbind /run /mnt/run
		mount --bind /var/lib/drift_exporter /mnt/var/lib/drift_exporter
		mount -t tmpfs tmpfs /mnt/tmp`, machines)
	return service{t, root}
}

// run starts what ExecStart says, with the arguments that the shipped environment file gives, as the user and without a
// privilege; does something while it is ready; and returns its log once SIGTERM has ended it. The words before are a program
// that runs it.
func (s service) run(during func(), before ...string) string {
	s.t.Helper()
	settings := unit(s.t, unitName)
	args := strings.Fields(settings["ExecStart"][0])
	require.Equal(s.t, "$ARGS", args[len(args)-1])
	defaults, err := os.ReadFile("drift_exporter.default")
	require.NoError(s.t, err)
	require.Contains(s.t, string(defaults), "\nARGS=\"\"\n")

	cmd := s.root.Command(`umask "$1"; shift
		exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/ USER=drift_exporter LOGNAME=drift_exporter \
		chroot /mnt setpriv --reuid drift_exporter --regid drift_exporter --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"`,
		slices.Concat([]string{settings["UMask"][0]}, before, args[:len(args)-1])...)
	log, err := os.Create(filepath.Join(s.t.TempDir(), "log"))
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, log.Close()) }()
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(s.t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	said := func() string {
		text, err := os.ReadFile(log.Name())
		require.NoError(s.t, err)
		return string(text)
	}
	require.Eventually(s.t, func() bool {
		_, err := s.get("/-/ready")
		return err == nil || len(ended) > 0
	}, patience, 50*time.Millisecond, "not ready")
	require.Empty(s.t, ended, said())
	during()
	s.root.Run(`pkill -TERM -x drift_exporter`)
	require.NoError(s.t, <-ended, said())
	return said()
}

// get is what the service answers.
func (s service) get(path string) (string, error) {
	return s.root.Try(`curl -sfS "http://127.0.0.1:10186$1"`, path)
}

func TestTheService(t *testing.T) {
	binary := testroot.Binary(t)
	t.Run("answers as an unprivileged user that may write only its state", func(t *testing.T) { answers(t, binary) })
	t.Run("asks the kernel for nothing that the unit refuses", func(t *testing.T) { asksForLittle(t, binary) })
}

func answers(t *testing.T, binary string) {
	s := newService(t, binary, "")
	assert.Equal(t, "750 root drift_exporter\n", s.root.Run(`stat -c '%a %U %G' /etc/drift_exporter`))
	log := s.run(func() {
		assert.Equal(t, "700 drift_exporter\n", s.root.Run(`stat -c '%a %U' /var/lib/drift_exporter`))
		status := s.root.Run(`cat /proc/$(pgrep -x drift_exporter)/status`)
		for _, line := range []string{"NoNewPrivs:\t1\n", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n"} {
			assert.Contains(t, status, line)
		}
		before := s.reloaded()
		s.root.Run(`kill -HUP "$(pgrep -x drift_exporter)"`) // ExecReload
		require.Eventually(t, func() bool { return s.reloaded() != before }, patience, 50*time.Millisecond)
		metrics, err := s.get("/metrics")
		require.NoError(t, err)
		assert.Contains(t, metrics, "\nprocess_start_time_seconds ", "ProcSubset=pid would take it away")
	})
	assert.NotContains(t, log, "level=ERROR")
}

// reloaded is the line that says when the last reload succeeded.
func (s service) reloaded() string {
	metrics, err := s.get("/metrics")
	require.NoError(s.t, err)
	line := regexp.MustCompile(`(?m)^drift_config_last_reload_success_timestamp_seconds .*`).FindString(metrics)
	require.NotEmpty(s.t, line)
	return line
}

var (
	called  = regexp.MustCompile(`(?m)^\d+ +(?:<\.\.\. )?([a-z][a-z0-9_]*)\b`)
	sockets = regexp.MustCompile(`socket\((AF_[A-Z0-9]+)`)
)

// systemd itself cannot run here. That its filters let the service work is seen from what the kernel is asked for.
func asksForLittle(t *testing.T, binary string) {
	strace := testenv.Program(t, "strace", "strace")
	analyze := testenv.Program(t, "systemd-analyze", "systemd")
	s := newService(t, binary, "{name: web1, address: 127.0.0.1, packs: [base]}, {name: web2, address: web2.invalid, packs: [base]}, {name: here, transport: local, packs: [base]}")
	if out, err := s.root.Try(`strace -o /tmp/trace true`); err != nil {
		testenv.Missing(t, "ptrace for strace: %s", out)
	}
	s.run(func() {
		require.Eventually(t, func() bool {
			metrics, err := s.get("/metrics")
			require.NoError(t, err)
			return strings.Count(metrics, `reason="connect"} 1`) == 2 && strings.Contains(metrics, `drift_compliant{machine="here",pack="base"}`)
		}, patience, 50*time.Millisecond)
	}, strace, "-f", "-qq", "-s", "0", "-o", "/tmp/trace")
	s.root.Run(`mv /mnt/tmp/trace /tmp/trace`)
	data, err := os.ReadFile(s.root.Path("/tmp/trace"))
	require.NoError(t, err)
	trace := string(data)

	allowed := map[string]bool{}
	for _, name := range group(t, analyze, "@system-service") {
		allowed[name] = true
	}
	for _, set := range []string{"@privileged", "@resources"} {
		for _, name := range group(t, analyze, set) {
			delete(allowed, name)
		}
	}
	seen := map[string]bool{}
	for _, match := range called.FindAllStringSubmatch(trace, -1) {
		seen[match[1]] = true
	}
	require.Contains(t, seen, "connect")
	require.Greater(t, strings.Count(trace, " execve("), 5, "what observes this machine is filtered, too")
	for name := range seen {
		assert.True(t, allowed[name], "the filter refuses %s", name)
	}
	families := strings.Fields(unit(t, unitName)["RestrictAddressFamilies"][0])
	for _, match := range sockets.FindAllStringSubmatch(trace, -1) {
		assert.Contains(t, families, match[1])
	}
	assert.NotRegexp(t, `PROT_WRITE\|PROT_EXEC`, trace, "MemoryDenyWriteExecute refuses it")
}

// group are the system calls of a set of systemd's, those of sets in it too.
func group(t *testing.T, analyze, set string) []string {
	t.Helper()
	out, err := exec.Command(analyze, "syscall-filter", "--no-pager", set).Output()
	require.NoError(t, err)
	var names []string
	for line := range strings.Lines(string(out)) {
		switch name := strings.TrimSpace(line); {
		case name == "" || name == set || strings.HasPrefix(name, "#"):
		case strings.HasPrefix(name, "@"):
			names = append(names, group(t, analyze, name)...)
		default:
			names = append(names, name)
		}
	}
	return names
}
