package oracle_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// task is a module of Ansible with its arguments.
type task struct {
	module string
	args   map[string]string
}

// python is the interpreter that Debian's Python packages, python3-apt among them, are for.
const python = "/usr/bin/python3"

// said is Ansible's word on one task.
type said struct {
	Changed bool   `json:"changed"`
	Failed  bool   `json:"failed"`
	Msg     string `json:"msg"`
}

// ansible runs tasks in check mode on this machine and returns what it said of each. All are in one playbook, a loop for
// each module. The only task that is not in check mode writes the results to a file.
func ansible(t testing.TB, tasks []task) []said {
	program := testenv.Program(t, "ansible-playbook", "ansible-core")
	dir := t.TempDir()
	var modules []string
	of := map[string][]int{} // the tasks of each module
	for i, one := range tasks {
		if of[one.module] == nil {
			modules = append(modules, one.module)
		}
		of[one.module] = append(of[one.module], i)
	}
	var play []map[string]any
	var names []string
	for n, module := range modules {
		var loop []map[string]string
		args := map[string]string{}
		for _, i := range of[module] {
			loop = append(loop, tasks[i].args)
			for name := range tasks[i].args {
				args[name] = "{{ item." + name + " | default(omit) }}"
			}
		}
		names = append(names, fmt.Sprintf("said%d.results", n))
		play = append(play, map[string]any{module: args, "loop": loop, "register": fmt.Sprintf("said%d", n), "ignore_errors": true})
	}
	results := filepath.Join(dir, "results")
	play = append(play, map[string]any{"check_mode": false, "ansible.builtin.copy": map[string]string{
		"dest": results, "content": "{{ [" + strings.Join(names, ", ") + "] | to_json }}",
	}})
	runPlaybook(t, program, dir, []any{map[string]any{"hosts": "all", "gather_facts": false, "tasks": play}})

	text, err := os.ReadFile(results)
	require.NoError(t, err)
	var byModule [][]said
	require.NoError(t, json.Unmarshal(text, &byModule))
	all := make([]said, len(tasks))
	for n, module := range modules {
		require.Len(t, byModule[n], len(of[module]))
		for k, i := range of[module] {
			all[i] = byModule[n][k]
		}
	}
	return all
}

func runPlaybook(t testing.TB, program, dir string, playbook any) {
	text, err := json.Marshal(playbook)
	require.NoError(t, err)
	file := filepath.Join(dir, "playbook.yml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	config := filepath.Join(dir, "ansible.cfg") // empty, so that no other one is found
	require.NoError(t, os.WriteFile(config, nil, 0o600))
	cmd := exec.CommandContext(t.Context(), program, "--check", "--connection=local", "--inventory=localhost,",
		"--extra-vars=ansible_python_interpreter="+python, file)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+dir, "ANSIBLE_CONFIG="+config, "ANSIBLE_PIPELINING=1", "ANSIBLE_NOCOLOR=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// refusals are failures by which Ansible says that what is there is not what is demanded, and that it would not make it.
var refusals = regexp.MustCompile(`^file \(.*\) is (absent|directory|file|link), cannot continue$|already exists as a |` +
	`^Destination directory .* does not exist$|^No package matching |^no available installation candidate for |^'apt-get remove '.*' failed: `)

const anyDrift verdict = "drifted"

// verdict is what Ansible's word means: would anything have to be changed?
func (s said) verdict() verdict {
	switch {
	case s.Failed && refusals.MatchString(s.Msg), !s.Failed && s.Changed:
		return anyDrift
	case s.Failed:
		return unobserved
	}
	return compliant
}

// plainly is the checker's verdict without what has drifted, which Ansible does not say.
func plainly(v verdict) verdict {
	if v != compliant && v != unobserved {
		return anyDrift
	}
	return v
}

// judgedByAnsible has both judge the same.
func judgedByAnsible(t testing.TB, items []string, ours []verdict, tasks []task) []judged {
	cases := make([]judged, len(tasks))
	for i, word := range ansible(t, tasks) {
		cases[i] = judged{
			item: items[i], ours: plainly(ours[i]), theirs: word.verdict(),
			note: fmt.Sprintf("%v: changed=%t failed=%t %s; ours in full: %s", tasks[i], word.Changed, word.Failed, word.Msg, ours[i]),
		}
	}
	return cases
}
