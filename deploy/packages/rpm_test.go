package packages_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testroot"
)

// rpmInstalls uses the real rpm, on a machine whose other packages are none of it: so it cannot look at what the package requires.
func rpmInstalls(t *testing.T, dist string) {
	testenv.Program(t, "rpm", "rpm")
	root := testroot.New(t)
	root.Put(one(t, dist, "*.rpm"), "/tmp/first.rpm", 0o644)
	root.Put(next(t, dist, "rpm", arch(t)), "/tmp/next.rpm", 0o644)
	root.Run(`rpm --initdb` + failing)
	assert.Contains(t, root.Run(`rpm -i --nodeps /tmp/first.rpm 2>&1`), "systemctl enable --now drift_exporter")
	assert.Equal(t, "daemon-reload\n", root.Run(asked), "it is not started")
	installed(t, root)
	assert.Empty(t, root.Run(`rpm -V --nodeps drift-exporter`))
	root.Run(`rpm -ql drift-exporter >/tmp/files`)

	root.Run(used)
	out := root.Run(`rpm -U --nodeps /tmp/next.rpm 2>&1`)
	assert.NotContains(t, out, "systemctl enable")
	assert.Equal(t, "daemon-reload\ndaemon-reload\ntry-restart drift_exporter.service\n", root.Run(asked))
	assert.Equal(t, "the next version\n", root.Run(`drift_exporter`))
	assert.Equal(t, "0.1.1", root.Run(`rpm -q --qf '%{VERSION}' drift-exporter`))
	assert.Equal(t, "# Mine.\n", root.Run(`tail -n 1 /etc/drift_exporter/config.yaml`))
	assert.Equal(t, "# Of the next version.\n", root.Run(`tail -n 1 /etc/drift_exporter/packs/base.yaml`), "what nobody changed is replaced")
	assert.Equal(t, "# Of the next version.\n", root.Run(`tail -n 1 /etc/drift_exporter/config.yaml.rpmnew`))
	assert.Equal(t, "verdicts\n", root.Run(`cat /var/lib/drift_exporter/state`))

	root.Run(`rpm -e drift-exporter`)
	assert.Equal(t, "disable --now drift_exporter.service\ndaemon-reload\n", root.Run(asked))
	assert.Empty(t, root.Run(leftovers))
	assert.Empty(t, root.Run(`ls /etc/systemd/system/multi-user.target.wants | grep drift_exporter || :`))
	assert.Equal(t, "# Mine.\n", root.Run(`tail -n 1 /etc/drift_exporter/config.yaml.rpmsave`))
	assert.Equal(t, "verdicts\n", root.Run(`cat /var/lib/drift_exporter/state`))
}
