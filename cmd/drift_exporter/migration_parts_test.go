package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func (w *workspace) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(w.path(name))
	require.NoError(w.t, err)
	return string(text)
}

// localMachines has all machines be this one.
func (w *workspace) localMachines() {
	w.t.Helper()
	var machines []map[string]any
	require.NoError(w.t, yaml.Unmarshal([]byte(w.read("machines/inventory.yaml")), &machines))
	for _, machine := range machines {
		machine["transport"] = "local"
		delete(machine, "address")
		delete(machine, "ssh")
	}
	w.writeYAML("machines/inventory.yaml", machines)
	w.write("packs/db.yaml", "items: {}\n")
}

func (w *workspace) writeYAML(name string, value any) {
	w.t.Helper()
	text, err := yaml.Marshal(value)
	require.NoError(w.t, err)
	w.write(name, string(text))
}

// runnable takes out of the playbook and of the pack what cannot be run here, handlers too, which would start services,
// and returns the names of the tasks that are left.
func (w *workspace) runnable() []string {
	w.t.Helper()
	var plays []struct {
		Hosts  string
		Become bool
		Tasks  []map[string]any
	}
	require.NoError(w.t, yaml.Unmarshal([]byte(w.read("site.yml")), &plays))
	require.Len(w.t, plays, 1)
	var left, out []string
	play := &plays[0]
	play.Tasks = slices.DeleteFunc(play.Tasks, func(task map[string]any) bool {
		delete(task, "notify")
		for key := range task {
			if notHere.MatchString(key) {
				out = append(out, task["name"].(string))
				return true
			}
		}
		left = append(left, task["name"].(string))
		return false
	})
	require.Len(w.t, out, 3, "as the page says")
	w.writeYAML("site.yml", []any{map[string]any{"hosts": play.Hosts, "become": play.Become, "tasks": play.Tasks}})

	var pack map[string]any
	require.NoError(w.t, yaml.Unmarshal([]byte(w.read("packs/web.yaml")), &pack))
	described := map[string]bool{}
	sections := pack["items"].(map[string]any)
	for name, section := range sections {
		sections[name] = slices.DeleteFunc(section.([]any), func(item any) bool {
			description := item.(map[string]any)["description"].(string)
			described[description] = true
			return slices.Contains(out, description)
		})
	}
	for _, task := range append(slices.Clone(left), out...) {
		assert.True(w.t, described[task], "no item is described as the task %q", task)
	}
	w.writeYAML("packs/web.yaml", pack)
	return left
}

// results are those of a check of one machine with one pack, in JSON.
func (w *workspace) results(name string) state.Report {
	w.t.Helper()
	var printed struct {
		Results []state.Report `json:"results"`
	}
	require.NoError(w.t, json.Unmarshal([]byte(w.read(name)), &printed), w.read(name))
	require.Len(w.t, printed.Results, 1)
	return printed.Results[0]
}

// described are the descriptions of the items that differ, sorted, each once.
func (w *workspace) described(report state.Report) []string {
	w.t.Helper()
	require.Empty(w.t, report.Errors)
	var tree yaml.Node
	require.NoError(w.t, yaml.Unmarshal([]byte(w.read("packs/web.yaml")), &tree))
	var found []string
	for _, mismatch := range report.Mismatches {
		_, number, _ := strings.Cut(mismatch.Source, ":")
		line, err := strconv.Atoi(number)
		require.NoError(w.t, err, mismatch.Source)
		description := descriptionAt(&tree, line)
		require.NotEmpty(w.t, description, mismatch.Source)
		found = append(found, description)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// descriptionAt is that of the item which begins in a line.
func descriptionAt(node *yaml.Node, line int) string {
	if node.Kind == yaml.MappingNode && node.Line == line {
		var item struct{ Description string }
		if node.Decode(&item) == nil && item.Description != "" {
			return item.Description
		}
	}
	for _, child := range node.Content {
		if found := descriptionAt(child, line); found != "" {
			return found
		}
	}
	return ""
}

var taskResult = regexp.MustCompile(`(?m)^TASK \[(.*)\] \**\n(?:\[.*\n)*(\w+):`)

// changed are the names of the tasks that Ansible would have to change something for, sorted. It must have tried all.
func changed(t *testing.T, output string, tasks []string) []string {
	t.Helper()
	var tried, found []string
	for _, match := range taskResult.FindAllStringSubmatch(output, -1) {
		tried = append(tried, match[1])
		switch match[2] {
		case "changed":
			found = append(found, match[1])
		case "ok":
		default:
			t.Errorf("%s: %s\n%s", match[1], match[2], output)
		}
	}
	require.Equal(t, tasks, tried, output)
	slices.Sort(found)
	return found
}
