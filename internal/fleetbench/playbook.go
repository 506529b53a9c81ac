package fleetbench

import (
	"fmt"
	"strings"
)

// ansibleTasks is how many tasks the playbook has.
const ansibleTasks = 4

// Playbook demands the items in Ansible's way: a task for each kind, all items of it in one loop or one list. In check
// mode it changes nothing, but for the last task, which only reads.
func (i Items) Playbook() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("- hosts: all")
	line("  gather_facts: false")
	line("  vars: {ansible_python_interpreter: /usr/bin/python3}")
	line("  tasks:")
	line("    - copy: {dest: \"{{ item.path }}\", content: \"{{ item.content }}\", mode: \"0644\", owner: %s, group: %s}", i.Owner, i.Group)
	line("      loop:")
	for _, path := range i.Files() {
		line("        - {path: %s, content: %q}", path, i.Content(path))
	}
	line("      loop_control: {label: \"{{ item.path }}\"}")
	line("    - file: {path: \"{{ item }}\", state: directory, mode: \"0755\", owner: %s, group: %s}", i.Owner, i.Group)
	line("      loop: [%s]", strings.Join(i.Directories(), ", "))
	line("    - apt: {name: [%s], state: present}", strings.Join(i.Packages, ", "))
	line("    - command: cat %s", strings.Join(i.parameterFiles(), " "))
	line("      check_mode: false")
	line("      register: parameters")
	var values []string
	for _, key := range i.keys() {
		values = append(values, fmt.Sprintf("%q", i.Parameters[key]))
	}
	line("      changed_when: parameters.stdout_lines != [%s]", strings.Join(values, ", "))
	return b.String()
}
