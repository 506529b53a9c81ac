package checker

import "github.com/drift-exporter/drift_exporter/internal/yamlfile"

// fileProblems reports fields that exclude each other.
func (d *decoding) fileProblems(in fileFields) {
	if in.Glob.Set && in.Path.Set {
		d.problem(in.Glob.Line, "at most one of path and glob may be given")
	}
	d.contentProblems(in)
	d.linkProblems(in)
	demands := map[string]bool{
		"mode": in.Mode.Set, "owner": in.Owner.Set, "group": in.Group.Set, "type": in.Type.Set, "target": in.Target.Set,
		"follow": in.Follow.Set, "content_hash": in.ContentHash.Set, "template": in.Template.Set, "content": in.Content.Set,
	}
	for _, field := range sortedKeys(demands) {
		if in.State.Value == "absent" && demands[field] {
			d.problem(0, "state absent excludes %s", field)
		}
	}
}

// contentProblems reports contents that exclude each other, or the type.
func (d *decoding) contentProblems(in fileFields) {
	contents := 0
	for _, s := range []yamlfile.Scalar{in.ContentHash, in.Template, in.Content} {
		if s.Set {
			contents++
		}
	}
	if contents > 1 {
		d.problem(0, "at most one of content_hash, template and content may be given")
	}
	if contents > 0 && in.Type.Set && in.Type.Value == "directory" {
		d.problem(0, "a directory has no content: content_hash, template and content need another type")
	}
}

// linkProblems reports what makes no sense of a symbolic link.
func (d *decoding) linkProblems(in fileFields) {
	if in.Target.Set && in.Type.Set && in.Type.Value != "symlink" {
		d.problem(in.Target.Line, "only a symlink has a target: type must be symlink or left out")
	}
	link := in.Target.Set || in.Type.Value != "file" && in.Type.Value != "directory"
	if !in.Follow.Or(true) && in.Mode.Set && link {
		d.problem(in.Follow.Line, "follow: false and mode need the type file or directory: a symlink has no mode of its own")
	}
}
