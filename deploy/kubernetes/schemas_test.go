package kubernetes_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// kubernetesVersion is the one whose API the objects are checked against: the newest that kubectl-validate has.
const kubernetesVersion = "1.30"

// schemas finds those of Kubernetes in kubectl-validate, and those of the Prometheus Operator in its own definitions. Both
// modules are pinned in tools/kubernetes-schemas; nothing of them is compiled.
var schemas struct {
	once                 sync.Once
	kubernetes, operator string // directories of the modules
	err                  error
}

func schemaDirs(t *testing.T) (kubernetes, operator string) {
	t.Helper()
	schemas.once.Do(func() {
		cmd := exec.Command("go", "mod", "download", "-json", "sigs.k8s.io/kubectl-validate", "github.com/prometheus-operator/prometheus-operator")
		cmd.Dir = filepath.Join(testenv.Repository(t), "tools", "kubernetes-schemas")
		var out []byte
		if out, schemas.err = cmd.Output(); schemas.err != nil {
			return
		}
		for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
			var module struct{ Path, Dir string }
			if schemas.err = decoder.Decode(&module); schemas.err != nil {
				return
			}
			if module.Path == "sigs.k8s.io/kubectl-validate" {
				schemas.kubernetes = filepath.Join(module.Dir, "pkg", "openapiclient", "builtins", kubernetesVersion)
			} else {
				schemas.operator = filepath.Join(module.Dir, "example", "prometheus-operator-crd")
			}
		}
	})
	if schemas.err != nil {
		testenv.Missing(t, "the schemas of tools/kubernetes-schemas from the module proxy: %v", schemas.err)
	}
	return schemas.kubernetes, schemas.operator
}

// schema is the strict schema of an object's kind.
func schema(t *testing.T, o object) (*openapi3.Schema, error) {
	t.Helper()
	kubernetes, operator := schemaDirs(t)
	group, version, _ := strings.Cut(o.text("apiVersion"), "/")
	if group == "monitoring.coreos.com" {
		return definition(filepath.Join(operator, group+"_"+strings.ToLower(o.kind())+"s.yaml"), version)
	}
	file := filepath.Join(kubernetes, "apis", group, version+".json")
	if version == "" {
		file = filepath.Join(kubernetes, "api", group+".json")
	}
	all, err := components(file)
	if err != nil {
		return nil, fmt.Errorf("%s is not known: %w", o.text("apiVersion"), err)
	}
	var found *openapi3.Schema
	for name, ref := range all {
		if strings.HasPrefix(name, "io.k8s.api.") && strings.HasSuffix(name, "."+o.kind()) {
			found = ref.Value
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s has no %s", o.text("apiVersion"), o.kind())
	}
	return found, nil
}

// components are the strict schemas of an API group, by their names. Core alone is 1.8 MB: each is read once.
func components(file string) (openapi3.Schemas, error) {
	if known, ok := read.Load(file); ok {
		return known.(openapi3.Schemas), nil
	}
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return nil, err
	}
	for _, ref := range doc.Components.Schemas {
		strict(ref)
	}
	read.Store(file, doc.Components.Schemas)
	return doc.Components.Schemas, nil
}

var read sync.Map

// definition is the schema in a CustomResourceDefinition.
func definition(file, version string) (*openapi3.Schema, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPIV3Schema any `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		return nil, err
	}
	for _, v := range crd.Spec.Versions {
		if v.Name != version {
			continue
		}
		asJSON, err := json.Marshal(v.Schema.OpenAPIV3Schema)
		if err != nil {
			return nil, err
		}
		found := &openapi3.Schema{}
		if err := json.Unmarshal(asJSON, found); err != nil {
			return nil, err
		}
		strict(found.NewRef())
		return found, nil
	}
	return nil, fmt.Errorf("%s has no version %s", file, version)
}

// strict refuses fields that are not there, in a schema and in those within it. What it refers to is by itself in the list.
func strict(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Ref != "" || ref.Value == nil {
		return
	}
	s := ref.Value
	_, open := s.Extensions["x-kubernetes-preserve-unknown-fields"]
	if len(s.Properties) > 0 && s.AdditionalProperties.Schema == nil && !open {
		no := false
		s.AdditionalProperties.Has = &no
	}
	for _, property := range s.Properties {
		strict(property)
	}
	strict(s.Items)
	strict(s.AdditionalProperties.Schema)
}

// validate is what the API server would refuse the object for, as far as schemas tell.
func validate(t *testing.T, o object) error {
	t.Helper()
	s, err := schema(t, o)
	if err != nil {
		return err
	}
	asJSON, err := json.Marshal(o)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(asJSON, &value))
	if err := s.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		return errors.New(o.String() + ": " + err.Error())
	}
	return nil
}
