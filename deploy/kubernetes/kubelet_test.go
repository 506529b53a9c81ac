package kubernetes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pod is one of a workload's, with its volumes on this machine as a kubelet would lay them out.
type pod struct {
	spec      object
	container object
	mounts    map[string]string // from where they are in the container to where they are here
	env       map[string]string // what of it is known before the pod is
}

// schedule makes the volumes of a pod of the base.
func schedule(t *testing.T, objects []object) pod {
	t.Helper()
	return scheduleOf(t, objects, one(t, objects, "StatefulSet", "drift-exporter"))
}

// scheduleOf makes the volumes of a workload's pod.
func scheduleOf(t *testing.T, objects []object, set object) pod {
	t.Helper()
	spec := object(set.at("spec", "template", "spec").(map[string]any))
	containers := spec.list("containers")
	require.Len(t, containers, 1)
	root := t.TempDir()
	p := pod{spec: spec, container: containers[0], mounts: map[string]string{}}
	p.env = environment(t, objects, p.container)
	for _, mount := range p.container.list("volumeMounts") {
		dir := filepath.Join(root, mount.text("mountPath"))
		require.NoError(t, os.MkdirAll(dir, 0o755))
		p.mounts[mount.text("mountPath")] = dir
		if claim := set.text("spec", "volumeClaimTemplates", 0, "metadata", "name"); mount.text("name") == claim {
			continue
		}
		place(t, dir, content(t, objects, volume(t, spec, mount.text("name"))))
	}
	return p
}

func volume(t *testing.T, spec object, name string) object {
	t.Helper()
	for _, v := range spec.list("volumes") {
		if v.text("name") == name {
			return v
		}
	}
	require.Fail(t, "there is no volume "+name)
	return nil
}

// secrets are those that docs/kubernetes.md has made. The key is none.
var secrets = map[string]map[string]string{
	"drift-exporter-ssh":  {"ssh_key": "not a key\n"},
	"drift-exporter-nats": {"password": "p0e5d2", "route_password": "p1e9aa"}, // such as openssl makes them there
}

// environment is a container's, without what only the cluster knows.
func environment(t *testing.T, objects []object, container object) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, variable := range container.list("env") {
		name, value := variable.text("name"), variable.text("value")
		from := object{"": variable.at("valueFrom")}
		if ref := from.text("", "configMapKeyRef", "name"); ref != "" {
			value = one(t, objects, "ConfigMap", ref).text("data", from.text("", "configMapKeyRef", "key"))
			require.NotEmpty(t, value, name)
		}
		if ref := from.text("", "secretKeyRef", "name"); ref != "" {
			value = secrets[ref][from.text("", "secretKeyRef", "key")]
			require.NotEmpty(t, value, name)
		}
		for before, what := range env { // only what is defined above
			value = strings.ReplaceAll(value, "$("+before+")", what)
		}
		require.NotContains(t, value, "$(", name)
		env[name] = value
	}
	return env
}

// content is a volume's files.
func content(t *testing.T, objects []object, v object) map[string]string {
	t.Helper()
	if name := v.text("secret", "secretName"); name != "" {
		require.Contains(t, secrets, name)
		files := secrets[name]
		if items := v.list("secret", "items"); len(items) > 0 {
			files = map[string]string{}
			for _, item := range items {
				require.Contains(t, secrets[name], item.text("key"))
				files[item.text("path")] = secrets[name][item.text("key")]
			}
		}
		return files
	}
	sources := v.list("projected", "sources")
	if source, ok := v.at("configMap").(map[string]any); ok {
		sources = []object{{"configMap": source}}
	}
	require.NotEmpty(t, sources, v)
	files := map[string]string{}
	for _, source := range sources {
		name := source.text("configMap", "name")
		if name == "" {
			name = source.text("configMap", "localObjectReference", "name")
		}
		items := source.list("configMap", "items")
		data, ok := one(t, objects, "ConfigMap", name).at("data").(map[string]any)
		require.True(t, ok, name)
		if len(items) == 0 {
			for key := range data {
				items = append(items, object{"key": key, "path": key})
			}
		}
		for _, item := range items {
			require.Contains(t, data, item.text("key"), name)
			files[item.text("path")] = data[item.text("key")].(string)
		}
	}
	return files
}

// place writes files as a kubelet does: in a hidden directory, with a link to it that is replaced at an update, and links
// through that one.
func place(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	const version = "..2026_01_29_06_00_00.123456789"
	for name, text := range files {
		file := filepath.Join(dir, version, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644)) //nolint:gosec // a ConfigMap is open to all
		top, _, _ := strings.Cut(name, "/")
		if _, err := os.Lstat(filepath.Join(dir, top)); os.IsNotExist(err) {
			require.NoError(t, os.Symlink(filepath.Join("..data", top), filepath.Join(dir, top)))
		}
	}
	require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data")))
}

// args are the container's, with its environment and where the volumes are here.
func (p pod) args(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, arg := range p.container.at("args").([]any) {
		text := arg.(string)
		for name, value := range p.env {
			text = strings.ReplaceAll(text, "$("+name+")", value)
		}
		for inside, here := range p.mounts {
			text = strings.ReplaceAll(text, "="+inside, "="+here)
		}
		require.NotContains(t, text, "$(")
		require.NotContains(t, text, "=/etc/", "it is not on a volume")
		out = append(out, text)
	}
	return out
}
