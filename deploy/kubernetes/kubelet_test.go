package kubernetes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pod is the StatefulSet's, with its volumes on this machine as a kubelet would lay them out.
type pod struct {
	spec      object
	container object
	mounts    map[string]string // from where they are in the container to where they are here
}

// schedule makes the pod's volumes.
func schedule(t *testing.T, objects []object) pod {
	t.Helper()
	set := one(t, objects, "StatefulSet", "drift-exporter")
	spec := object(set.at("spec", "template", "spec").(map[string]any))
	containers := spec.list("containers")
	require.Len(t, containers, 1)
	root := t.TempDir()
	p := pod{spec: spec, container: containers[0], mounts: map[string]string{}}
	for _, mount := range p.container.list("volumeMounts") {
		dir := filepath.Join(root, mount.text("mountPath"))
		require.NoError(t, os.MkdirAll(dir, 0o755))
		p.mounts[mount.text("mountPath")] = dir
		if mount.text("name") == "state" {
			require.Equal(t, "state", set.text("spec", "volumeClaimTemplates", 0, "metadata", "name"))
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

// content is a volume's files. Of Secrets none is here: they have a file that is not a key.
func content(t *testing.T, objects []object, v object) map[string]string {
	t.Helper()
	if v.at("secret") != nil {
		return map[string]string{"ssh_key": "not a key\n"}
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
		for _, env := range p.container.list("env") {
			text = strings.ReplaceAll(text, "$("+env.text("name")+")", env.text("value"))
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
