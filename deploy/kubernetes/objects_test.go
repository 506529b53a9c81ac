// Package kubernetes_test shows what can be shown of the manifests without a cluster: kustomize builds them, every object
// keeps to the schema of its kind, they fit each other, and the exporter does what they say of it.
package kubernetes_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/testmanifests"
)

// object is one of Kubernetes'.
type object map[string]any

func (o object) kind() string { return o.text("kind") }
func (o object) name() string { return o.text("metadata", "name") }

func (o object) String() string { return o.kind() + " " + o.name() }

// at is what a path of fields and list positions leads to; nil if that is not there.
func (o object) at(path ...any) any {
	var here any = map[string]any(o)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := here.(map[string]any)
			here = m[step]
		case int:
			l, _ := here.([]any)
			if step >= len(l) {
				return nil
			}
			here = l[step]
		}
	}
	return here
}

func (o object) text(path ...any) string {
	text, _ := o.at(path...).(string)
	return text
}

// list is a list of mappings.
func (o object) list(path ...any) []object {
	items, _ := o.at(path...).([]any)
	var out []object
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// build is what kustomize makes of a directory.
func build(t *testing.T, dir string) []object {
	t.Helper()
	var out []object
	text, known := built.Load(dir)
	if !known {
		text = testmanifests.Read(t, "kustomize", dir)
		built.Store(dir, text)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text.([]byte)))
	for {
		var o map[string]any // and not object, which yaml would make of all mappings within it
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			require.NotEmpty(t, out)
			return out
		}
		require.NoError(t, err)
		out = append(out, o)
	}
}

// built is what kustomize printed of a directory, of which every directory is asked for often.
var built sync.Map

// one is the only object of that kind and, unless it is empty, name.
func one(t *testing.T, objects []object, kind, name string) object {
	t.Helper()
	var found []object
	for _, o := range objects {
		if o.kind() == kind && (name == "" || o.name() == name) {
			found = append(found, o)
		}
	}
	require.Len(t, found, 1, "%s %s", kind, name)
	return found[0]
}

// single are the kustomizations of one pod with a volume, clustered those of many replicas; shipped are all that an
// operator may apply.
var (
	single    = []string{"base", "overlays/example"}
	clustered = []string{"clustered", "overlays/clustered"}
	shipped   = append(slices.Clone(single), clustered...)
)

// workloads are what has pods.
func workloads(objects []object) []object {
	return slices.DeleteFunc(slices.Clone(objects), func(o object) bool {
		return o.kind() != "Deployment" && o.kind() != "StatefulSet"
	})
}

func TestEveryObjectKeepsToItsSchema(t *testing.T) {
	for _, dir := range shipped {
		t.Run(dir, func(t *testing.T) {
			for _, o := range build(t, dir) {
				assert.NoError(t, validate(t, o))
			}
		})
	}
}

func TestTheBasesNeedNoDefinitionsOfAnOperator(t *testing.T) {
	for _, dir := range []string{"base", "clustered"} {
		for _, o := range build(t, dir) {
			assert.NotContains(t, o.text("apiVersion"), "coreos.com", o)
		}
	}
	monitor := one(t, build(t, "overlays/example"), "ServiceMonitor", "drift-exporter")
	assert.Equal(t, "drift_exporter", monitor.text("spec", "endpoints", 0, "relabelings", 0, "replacement"), "the job of the rules and the dashboard")
}

// What the check finds: each case is an object of the base with one mistake in it.
func TestTheCheckFindsMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		kind   string
		change func(o object)
		want   string
	}{
		"a field that does not exist": {"StatefulSet", func(o object) {
			o.at("spec", "template", "spec").(map[string]any)["runAsNonRoot"] = true
		}, `property "runAsNonRoot" is unsupported`},
		"a field that does not exist, in a list": {"StatefulSet", func(o object) {
			o.list("spec", "template", "spec", "containers")[0]["readOnlyRootFilesystem"] = true
		}, `property "readOnlyRootFilesystem" is unsupported`},
		"a text for a number": {"StatefulSet", func(o object) { o.at("spec").(map[string]any)["replicas"] = "1" }, "replicas"},
		"a number for a text": {"NetworkPolicy", func(o object) {
			o.list("spec", "egress", 1, "ports")[0]["protocol"] = 6
		}, "protocol"},
		"a field that is missing":    {"StatefulSet", func(o object) { delete(o.at("spec").(map[string]any), "selector") }, `property "selector" is missing`},
		"a list for a mapping":       {"Service", func(o object) { o.at("spec").(map[string]any)["selector"] = []any{"a"} }, "selector"},
		"a kind that does not exist": {"PodDisruptionBudget", func(o object) { o["kind"] = "PodBudget" }, "has no PodBudget"},
		"an old version":             {"PodDisruptionBudget", func(o object) { o["apiVersion"] = "policy/v1beta1" }, "policy/v1beta1 is not known"},
		"a field of an operator's kind": {"ServiceMonitor", func(o object) {
			o.list("spec", "endpoints")[0]["intervall"] = "1m"
		}, `property "intervall" is unsupported`},
		"a value that a pattern excludes": {"ServiceMonitor", func(o object) {
			o.list("spec", "endpoints")[0]["interval"] = "often"
		}, "interval"},
	} {
		t.Run(name, func(t *testing.T) {
			var o object
			for _, candidate := range build(t, "overlays/example") {
				if candidate.kind() == c.kind {
					o = candidate
				}
			}
			require.NoError(t, validate(t, o))
			c.change(o)
			assert.ErrorContains(t, validate(t, o), c.want)
		})
	}
}
