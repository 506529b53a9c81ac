package checker

import (
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// fileProblems reports fields that exclude each other.
func (d *decoding) fileProblems(in fileFields, f *fileItem) {
	if in.Glob.Set && in.Path.Set {
		d.problem(in.Glob.Line, "at most one of path and glob may be given")
	}
	if f.absent && f.path != "/" && strings.HasSuffix(f.path, "/") {
		d.problem(in.Path.Line, "path must not end with a slash where state is absent: whatever is no directory would comply")
	}
	d.contentProblems(in)
	d.lineProblems(in, f)
	d.linkProblems(in)
	d.nothingElse(f.absent, map[string]bool{
		"mode": in.Mode.Set, "owner": in.Owner.Set, "group": in.Group.Set, "type": in.Type.Set, "target": in.Target.Set,
		"follow": in.Follow.Set, "contains": in.Contains.Set, "not_contains": in.NotContains.Set,
		"min_size": in.MinSize.Set, "max_size": in.MaxSize.Set, "content_hash": in.ContentHash.Set, "template": in.Template.Set, "content": in.Content.Set,
	})
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
	lines := in.Contains.Set || in.NotContains.Set
	if contents > 0 && lines {
		d.problem(0, "contains and not_contains exclude content_hash, template and content")
	}
	if (lines || in.MinSize.Set || in.MaxSize.Set) && in.Type.Value == "directory" {
		d.problem(0, "a directory has neither lines nor a size: contains, not_contains, min_size and max_size need another type")
	}
}

// lineProblems reports lines that cannot be looked at, and sizes that no file has.
func (d *decoding) lineProblems(in fileFields, f *fileItem) {
	if in.IgnoreLines.Set && !in.Content.Set && !in.Template.Set {
		d.problem(in.IgnoreLines.Line, "ignore_lines needs content or template to compare with")
	}
	if f.minSize != nil && f.maxSize != nil && *f.minSize > *f.maxSize {
		d.problem(in.MinSize.Line, "min_size is more than max_size")
	}
	var sensitive yamlfile.Bool
	if !yamlfile.IsNull(&in.Sensitive) {
		yamlfile.DecodeField("sensitive", &in.Sensitive, &sensitive) // the loader says what is wrong with it
	}
	if !sensitive.Or(f.mode != nil && *f.mode&othersRead == 0) {
		return
	}
	if in.IgnoreLines.Set {
		d.problem(in.IgnoreLines.Line, "ignore_lines needs the content here, which it must not leave the machine for: it is sensitive, or its mode keeps it from others")
	}
	d.portableProblems("contains", in.Contains, f.contains)
	d.portableProblems("not_contains", in.NotContains, f.without)
}

// portableProblems reports lines of a sensitive file that a machine cannot look for itself.
func (d *decoding) portableProblems(field string, in yamlfile.Texts, patterns []*linePattern) {
	for i, p := range patterns {
		if p.absent != nil {
			d.problem(in.Line, "%s: entry %d must be matched on the machine, since the content is sensitive or kept from others: %s", field, i+1, p.absent)
		}
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
