package oracle_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestFilesAreJudgedAsAnsibleInCheckModeDoes(t *testing.T) {
	root(t)
	c := newChance(t)
	cases := planned(t, "ansible files")
	m := here("dash", nil, []string{testenv.Program(t, "dash", "dash")})
	sources := t.TempDir()
	demands := newTree(t, c, openDir(t), cases/2+10).changedDemands(cases, demand.ansibleKnows)
	items, tasks := make([]string, cases), make([]task, cases)
	for i, d := range demands {
		source := filepath.Join(sources, fmt.Sprint(i))
		require.NoError(t, os.WriteFile(source, d.made, 0o644))
		items[i], tasks[i] = d.String(), d.asTask(source)
	}
	var n tally
	n.add(t, c, judgedByAnsible(t, items, m.ours(t, demands), tasks))
	n.healthy(t, cases)
}

var ordinaryOwner = regexp.MustCompile(`^([0-9]+|root|daemon|bin|www-data|nobody|nogroup)?$`)

// ansibleKnows tells whether there is a task that demands the same. Where there is none the tools differ on purpose:
//   - to Ansible a path is text, $HOME in it is expanded, and one with a slash at its end is another one to it;
//   - users and groups that the machine does not know fail there; here they are not those who own the file;
//   - `type` is of the path itself here, while Ansible's states file and directory follow symbolic links, and it takes
//     FIFOs and devices for files; its state link demands a target, and owners of the link only;
//   - below a symbolic link that leads to itself there is nothing to Ansible, while here that is an error;
//   - content demanded of a directory puts a file into it there, and replaces a FIFO; here both are of the wrong type.
func (d demand) ansibleKnows() bool {
	now := lookAt(d.path)
	_, err := os.Lstat(d.path)
	switch {
	case errors.Is(err, syscall.ELOOP):
		return false
	case !utf8.ValidString(d.path), strings.Contains(d.path, "$"), filepath.Clean(d.path) != d.path:
		return false
	case !ordinaryOwner.MatchString(d.owner), !ordinaryOwner.MatchString(d.group):
		return false
	case d.target != "":
		return d.mode == "" && !d.hasContent() && (d.own || d.owner == "" && d.group == "")
	case d.own && now.typ == "symlink", d.typ == "symlink", d.typ != "" && now.there && now.typ != "file" && now.typ != "directory":
		return false
	}
	return !d.hasContent() || !now.reached || now.regular
}

// asTask is the task that demands the same. Both follow symbolic links: copy where it is told to; file only in a state
// that is given, so that of a link it gets that of what it leads to.
func (d demand) asTask(source string) task {
	args := map[string]string{"follow": "true"}
	for name, value := range map[string]string{"mode": d.mode, "owner": d.owner, "group": d.group} {
		if value != "" {
			args[name] = value
		}
	}
	if d.hasContent() {
		args["src"], args["dest"], args["remote_src"] = source, d.path, "true"
		return task{"ansible.builtin.copy", args}
	}
	args["path"] = d.path
	if d.target != "" { // that it leads nowhere is no objection
		args["state"], args["src"], args["follow"], args["force"] = "link", d.target, "false", "true"
		return task{"ansible.builtin.file", args}
	}
	switch now := lookAt(d.path); {
	case d.absent:
		args["state"] = "absent"
	case d.typ != "":
		args["state"] = d.typ
	case now.typ == "symlink" && now.dir:
		args["state"] = "directory"
	case now.typ == "symlink":
		args["state"] = "file"
	}
	return task{"ansible.builtin.file", args}
}
