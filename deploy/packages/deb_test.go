package packages_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testroot"
)

// next is the package of the version after: the same, but for what its config.yaml, its base pack and its program say.
func next(t *testing.T, dist, format, packageArch string) string {
	t.Helper()
	tree := unpack(t, dist)
	for _, name := range []string{"deploy/systemd/config.yaml", "packs/base.yaml"} {
		file, err := os.OpenFile(filepath.Join(tree, name), os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = file.WriteString("# Of the next version.\n")
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
	out, err := exec.Command("gzip", "-9nk", filepath.Join(tree, "man/drift_exporter.1")).CombinedOutput()
	require.NoError(t, err, string(out))
	program := filepath.Join(t.TempDir(), "drift_exporter")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho the next version\n"), 0o755))
	dir := t.TempDir()
	cmd := exec.Command(testenv.Built(t, "nfpm"), "package", "--config", "deploy/packages/nfpm.yaml", "--packager", format, "--target", dir)
	cmd.Dir = testenv.Repository(t)
	cmd.Env = append(os.Environ(), "STAGE="+tree, "BINARY="+program, "VERSION=0.1.1", "PACKAGE_ARCH="+packageArch,
		"SOURCE_DATE_EPOCH="+epoch)
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return one(t, dir, "*."+format)
}

// installed holds what is on a machine after the installation, by either package.
func installed(t *testing.T, root *testroot.Root) {
	t.Helper()
	assert.Equal(t, `755 root root /usr/bin/drift_exporter
644 root root /usr/lib/systemd/system/drift_exporter.service
644 root root /usr/share/man/man1/drift_exporter.1.gz
644 root root /etc/default/drift_exporter
750 root drift_exporter /etc/drift_exporter
750 root drift_exporter /etc/drift_exporter/machines
750 root drift_exporter /etc/drift_exporter/packs
640 root drift_exporter /etc/drift_exporter/config.yaml
640 root drift_exporter /etc/drift_exporter/packs/base.yaml
`, root.Run(`cd /; stat -c '%a %U %G %n' /usr/bin/drift_exporter /usr/lib/systemd/system/drift_exporter.service \
	/usr/share/man/man1/drift_exporter.1.gz /etc/default/drift_exporter /etc/drift_exporter /etc/drift_exporter/machines \
	/etc/drift_exporter/packs /etc/drift_exporter/config.yaml /etc/drift_exporter/packs/base.yaml`))
	assert.Contains(t, root.Run(`drift_exporter --version`), "version 0.1.0 ")
	assert.Contains(t, root.Run(`cd / && drift_exporter --config.file=/etc/drift_exporter/config.yaml validate 2>&1`), "is valid: 0 machines, 1 pack, ")
	// The service, and nobody else, reads the configuration.
	root.Run(`setpriv --reuid drift_exporter --regid drift_exporter --clear-groups cat /etc/drift_exporter/config.yaml >/dev/null`)
	_, err := root.Try(`setpriv --reuid nobody --regid nogroup --clear-groups cat /etc/drift_exporter/config.yaml`)
	require.ErrorContains(t, err, "Permission denied")
	assert.Contains(t, root.Run(`bash -c '. /usr/share/bash-completion/completions/drift_exporter && complete -p drift_exporter'`), "drift_exporter")
}

// failing stands in for a systemd that does nothing it is asked for, and writes down what that was. No package may fail for it.
const failing = `
mkdir -p /run/systemd/system /etc/systemd/system/multi-user.target.wants
printf '#!/bin/sh\necho "$*" >>/tmp/asked\nexit 1\n' >/usr/bin/systemctl
chmod 0755 /usr/bin/systemctl`

// asked is what systemd was asked for since the last time.
const asked = `cat /tmp/asked; rm /tmp/asked`

// used leaves the traces of an administrator and of the service.
const used = `
echo '# Mine.' >>/etc/drift_exporter/config.yaml
echo '{name: web1, packs: [base]}' >/etc/drift_exporter/machines/web1.yaml
install -d -m 0700 -o drift_exporter -g drift_exporter /var/lib/private/drift_exporter
ln -s private/drift_exporter /var/lib/drift_exporter
ln -s /usr/lib/systemd/system/drift_exporter.service /etc/systemd/system/multi-user.target.wants/
echo verdicts >/var/lib/private/drift_exporter/state`

// leftovers are files of the package that are still there, of the list that was taken while it was installed.
const leftovers = `while read -r file; do [ -d "$file" ] || [ ! -e "$file" ] || echo "$file"; done </tmp/files`

func debInstalls(t *testing.T, dist string) {
	testenv.Program(t, "dpkg", "dpkg")
	root := testroot.New(t)
	root.Put(one(t, dist, "*.deb"), "/tmp/first.deb", 0o644)
	root.Put(next(t, dist, "deb", arch(t)), "/tmp/next.deb", 0o644)
	root.Run(failing)
	assert.Contains(t, root.Run(`dpkg -i /tmp/first.deb 2>&1`), "systemctl enable --now drift_exporter")
	assert.Equal(t, "daemon-reload\n", root.Run(asked), "it is not started")
	installed(t, root)
	assert.Empty(t, root.Run(`dpkg -V drift-exporter`))
	root.Run(`dpkg -L drift-exporter >/tmp/files`)

	root.Run(used)
	out := root.Run(`dpkg -i --force-confold /tmp/next.deb 2>&1`) // as an unattended upgrade does it
	assert.NotContains(t, out, "systemctl enable")
	assert.Equal(t, "daemon-reload\ntry-restart drift_exporter.service\n", root.Run(asked))
	assert.Equal(t, "the next version\n", root.Run(`drift_exporter`))
	assert.Equal(t, "0.1.1", root.Run(`dpkg-query -W -f '${Version}' drift-exporter`))
	assert.Equal(t, "# Mine.\n", root.Run(`tail -n 1 /etc/drift_exporter/config.yaml`))
	assert.Equal(t, "# Of the next version.\n", root.Run(`tail -n 1 /etc/drift_exporter/packs/base.yaml`), "what nobody changed is replaced")
	assert.Equal(t, "640 root drift_exporter\n", root.Run(`stat -c '%a %U %G' /etc/drift_exporter/config.yaml`))
	assert.Equal(t, "verdicts\n", root.Run(`cat /var/lib/drift_exporter/state`))

	root.Run(`dpkg -r drift-exporter`)
	assert.Equal(t, "disable --now drift_exporter.service\ndaemon-reload\n", root.Run(asked))
	assert.Equal(t, "/etc/drift_exporter/config.yaml\n/etc/drift_exporter/packs/base.yaml\n/etc/default/drift_exporter\n",
		sortedLike(root.Run(leftovers), "config.yaml", "base.yaml", "default"), "removal keeps the configuration and nothing else")
	assert.Equal(t, "verdicts\n", root.Run(`cat /var/lib/drift_exporter/state`))

	root.Run(`rm -r /run/systemd; dpkg -P drift-exporter`)
	assert.Empty(t, root.Run(leftovers))
	assert.Empty(t, root.Run(`ls -d /var/lib/drift_exporter /var/lib/private/drift_exporter 2>/dev/null || :`))
	assert.Equal(t, "/etc/drift_exporter/machines/web1.yaml\n", root.Run(`find /etc -path '*drift_exporter*' ! -type d`), "what the administrator wrote stays")
}

// sortedLike puts lines into the order of words that are in them.
func sortedLike(lines string, words ...string) string {
	var out strings.Builder
	for _, word := range words {
		for line := range strings.Lines(lines) {
			if strings.Contains(line, word) {
				out.WriteString(line)
			}
		}
	}
	if out.Len() != len(lines) {
		return lines
	}
	return out.String()
}
