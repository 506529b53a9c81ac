package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
)

// office is a small company's fleet, with a machine in each state that a page can show.
type office struct {
	*machines
	config       *workspace
	alertmanager *testalertmanager.Server
	exporter     *testexporter.Exporter
}

// The machines by their addresses.
const (
	web1    = "127.0.1.1" // complies at first, and drifts in drift
	web2    = "127.0.1.2" // has a waiver
	web3    = "127.0.1.3"
	db1     = "127.0.2.1" // differs from the start, in a secret too
	db2     = "127.0.2.2" // cannot be judged once unreadable was called
	backup1 = "127.0.3.1" // nothing listens at its port
	lab1    = "127.0.4.1" // is not checked
)

const sshdConfig = `# Managed by the operations team.
Port 22
Protocol 2

PermitRootLogin no
PasswordAuthentication no
PubkeyAuthentication yes
MaxAuthTries 3
ClientAliveInterval 300

X11Forwarding no
AllowTcpForwarding no
AllowGroups ssh-users

Subsystem sftp /usr/lib/openssh/sftp-server
`

const basePack = `name: Debian base
description: What every machine of ours has, whatever it does
items:
  files:
    - path: /etc/ssh/sshd_config
      mode: "0644"
      owner: root
      template: sshd_config
      description: Nobody logs in as root, nobody with a password
    - {path: /etc/motd, content: "Changes here are made by configuration management.\n"}
    - {path: /etc/apt/apt.conf.d/20auto-upgrades, contains: 'APT::Periodic::Unattended-Upgrade "1";'}
  packages:
    - {name: openssh-server, min_version: "1:9.2"}
    - {name: curl, min_version: "7.88.1-10+deb12u5", description: CVE-2023-38545}
    - {name: telnetd, state: absent}
  settings:
    - {key: kernel.kptr_restrict, expected: "2", type: sysctl}
    - {key: kernel.dmesg_restrict, expected: "1", type: sysctl}
`

const webPack = `name: Web servers
description: nginx as the load balancer expects it
items:
  files:
    - {path: /etc/nginx/nginx.conf, mode: "0644", owner: root, template: nginx.conf}
  packages:
    - {name: nginx, version: 1.22.1-9}
`

const stagingPack = `name: Web servers in staging
description: The same with the next nginx
extends: web
items:
  packages:
    - {name: nginx, min_version: 1.24.0}
`

const dbPack = `name: Databases
items:
  files:
    - path: /etc/postgresql/15/main/postgresql.conf
      contains: ["password_encryption = scram-sha-256", "ssl = on"]
    - {path: /etc/postgresql/15/main/pg_hba.conf, mode: "0640", content: "hostssl all all 10.0.0.0/8 scram-sha-256\n"}
    - {path: /etc/backup.key, content: "correct horse battery staple\n", sensitive: true}
  packages:
    - {name: postgresql-15, min_version: "15.5"}
`

// hostile is what a machine may hold that would like to be more than text in a page.
const hostile = `<script>document.title = "owned"</script><img src="/x" onerror="alert(1)"></pre><h1>Ada was here</h1>`

const nginxConf = `user www-data;
worker_processes %s;

events {
	worker_connections 1024;
}

http {
	server_tokens off;
	include /etc/nginx/conf.d/*.conf;
}
`

// startOffice starts all of it, with the machines as they are before the first run has ended: web3 lets it wait until
// release is called.
func startOffice(t *testing.T) (o *office, release func()) {
	t.Helper()
	o = &office{machines: startMachines(t), config: &workspace{t: t, dir: t.TempDir()}}
	o.alertmanager = testalertmanager.Start(t, "route: {receiver: none}\nreceivers: [{name: none}]\n")
	for address, name := range map[string]string{web1: "web1", web2: "web2", web3: "web3", db1: "db1", db2: "db2"} {
		o.add(address, name)
		o.comply(address)
	}
	o.write(web2, "etc/motd", hostile+"\n")
	o.write(db1, "etc/backup.key", "12345\n")
	o.write(db1, "etc/postgresql/15/main/postgresql.conf", "password_encryption = md5\nssl = on\n")

	o.config.write("packs/base.yaml", basePack)
	o.config.write("packs/web.yaml", webPack)
	o.config.write("packs/staging.yaml", stagingPack)
	o.config.write("packs/db.yaml", dbPack)
	o.config.write("packs/templates/sshd_config", sshdConfig)
	o.config.write("packs/templates/nginx.conf", fmt.Sprintf(nginxConf, "{{ .workers }}"))
	o.configure()
	release = o.hold(web3)
	o.exporter = startServe(t, o.config.path("config.yaml"), o.config.path("data"), "--web.enable-lifecycle")
	return o, release
}

// comply makes a machine what the packs demand.
func (o *office) comply(address string) {
	o.write(address, "etc/ssh/sshd_config", sshdConfig)
	o.write(address, "etc/motd", "Changes here are made by configuration management.\n")
	o.write(address, "etc/apt/apt.conf.d/20auto-upgrades", "APT::Periodic::Unattended-Upgrade \"1\";\n")
	o.write(address, "etc/nginx/nginx.conf", fmt.Sprintf(nginxConf, "4"))
	o.write(address, "etc/backup.key", "correct horse battery staple\n")
	o.write(address, "etc/postgresql/15/main/postgresql.conf", "password_encryption = scram-sha-256\nssl = on\n")
	o.write(address, "etc/postgresql/15/main/pg_hba.conf", "hostssl all all 10.0.0.0/8 scram-sha-256\n")
	o.chmod(address, "etc/postgresql/15/main/pg_hba.conf", 0o640)
	o.chmod(address, "etc/postgresql/15/main", 0o755)
	require.NoError(o.t, o.sshd.Chown(filepath.Join(o.root(address), "etc/postgresql/15/main/pg_hba.conf")))
	o.install(address, "openssh-server", "1:9.2p1-2+deb12u3", "curl", "7.88.1-10+deb12u7", "nginx", "1.22.1-9", "postgresql-15", "15.8-0+deb12u1")
	o.sysctl(address, "kernel.kptr_restrict", "2")
	o.sysctl(address, "kernel.dmesg_restrict", "1")
}

// drift does to web1 what somebody in a hurry does.
func (o *office) drift() {
	changed := sshdConfig
	for old, hasty := range map[string]string{
		"PermitRootLogin no": "PermitRootLogin yes", "PasswordAuthentication no": "PasswordAuthentication yes", "MaxAuthTries 3": "MaxAuthTries 30",
	} {
		require.Contains(o.t, changed, old)
		changed = strings.Replace(changed, old, hasty, 1)
	}
	o.write(web1, "etc/ssh/sshd_config", changed)
	o.chmod(web1, "etc/ssh/sshd_config", 0o666)
	o.install(web1, "openssh-server", "1:9.2p1-2+deb12u3", "curl", "7.88.1-10+deb12u4", "nginx", "1.24.0-2", "telnetd", "0.17+2.4-2+deb12u1")
	o.sysctl(web1, "kernel.dmesg_restrict", "0")
}

// unreadable takes from the login the right to look at the database's configuration of db2.
func (o *office) unreadable() { o.chmod(db2, "etc/postgresql/15/main", 0o700) }

// wreck brings about all states, from whatever is: web1 drifts and its alerts fire, db2 cannot be judged.
func (o *office) wreck() {
	o.t.Helper()
	o.comply(web1)
	o.exporter.CheckNow()
	o.drift()
	o.unreadable()
	o.exporter.CheckNow()
	o.exporter.Eventually("the alerts fire", func() bool { return len(o.alertmanager.Alerts()) == 2 })
}

func (o *office) configure() {
	o.t.Helper()
	closed, err := net.Listen("tcp", backup1+":0")
	require.NoError(o.t, err)
	require.NoError(o.t, closed.Close())
	o.config.write("config.yaml", fmt.Sprintf(`
schedule: {cron: "0 6 * * *", timezone: UTC}
check: {concurrency: 8, timeout: 60s, retries: 0}
ssh:
  user: %s
  port: %d
  identity_files: [%s]
  known_hosts_files: [%s]
alerting:
  alertmanagers: [{url: "%s"}]
  resend_delay: 1s
machines:
  - {name: web1, display_name: Web 1, address: %s, packs: [base, web], vars: {workers: 4}, labels: {env: prod, role: web}}
  - name: web2
    display_name: Web 2
    address: %s
    packs: [base, web]
    vars: {workers: 4}
    labels: {env: prod, role: web}
    waivers: [{pack: base, kind: file, item: /etc/motd, reason: "says that it is rebuilt on Friday", expires: %s}]
  - {name: web3, display_name: Web 3, address: %s, packs: [base, staging], vars: {workers: 4}, labels: {env: staging, role: web}}
  - {name: db1, display_name: Database 1, address: %s, packs: [base, db], labels: {env: prod, role: db}}
  - {name: db2, display_name: Database 2, address: %s, packs: [base, db], labels: {env: staging, role: db}}
  - {name: backup1, display_name: Backup, address: %s, packs: [base], ssh: {port: %d}, labels: {env: prod}}
  - {name: lab1, display_name: Laboratory, address: %s, packs: [base], drift_detection_enabled: false}
`, o.sshd.User, o.sshd.Port, o.sshd.KeyFile, o.sshd.KnownHostsFile, o.alertmanager.URL, web1, web2,
		time.Now().AddDate(0, 1, 0).Format(time.DateOnly), web3, db1, db2, backup1, closed.Addr().(*net.TCPAddr).Port, lab1))
}
