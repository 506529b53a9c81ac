package checker

import (
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// mountKind checks what is mounted where.
type mountKind struct{}

func (mountKind) Name() string              { return "mount" }
func (mountKind) Section() (string, string) { return "mounts", "" }
func (mountKind) Fields() any               { return mountFields{} }

// Shell answers to mount with the lines of /proc/self/mountinfo whose mount point is the one asked for, which is
// written as it stands there, with \040 for a blank; and to all_mounts with every mount point, a line each. All
// questions are answered from one reading of the file.
func (mountKind) Shell() string {
	return `
op_mount() { mount_lines; }
op_all_mounts() { mount_lines; }
mount_lines() {
  in_list
  if ! has awk; then
    list_err "awk is missing"
    return
  fi
  d_out=$({
    put "$d_nonce$d_nl$d_list"
    whole_file /proc/self/mountinfo
  } | awk -F '[ ]' '
    NR == 1 { nonce = $0; next }
    !listing && $0 == "" { listing = 1; next }
    !listing { i = index($0, "="); number[substr($0, i + 1)] = substr($0, 1, i - 1); next }
    $0 == nonce { whole = 1 }
    NF > 5 && ($5 in number) { print number[$5] " " $0 }
    NF > 5 && ("all" in number) { print number["all"] " " $5 }
    END { if (whole) print "end" }' 2>/dev/null)
  if [ "${d_out##*"$d_nl"}" != end ]; then
    list_err "/proc/self/mountinfo cannot be read"
    return
  fi
  list_answers
}
`
}

// mountFields is an item of the section mounts.
type mountFields struct {
	Path        yamlfile.Scalar `yaml:"path" show:"always"`
	Device      yamlfile.Scalar `yaml:"device" show:"open"`
	Root        yamlfile.Scalar `yaml:"root" show:"open"`
	FSType      yamlfile.Scalar `yaml:"fstype" show:"open"`
	Options     yamlfile.Texts  `yaml:"options" show:"asked"`
	State       yamlfile.Scalar `yaml:"state" show:"always"`
	pack.Common `yaml:",inline"`
}

// mountItem is what a pack demands of a mount point. A field that is empty demands nothing.
type mountItem struct {
	path    string
	device  string
	root    string
	fstype  string
	options []string
	absent  bool
}

func (m *mountItem) Identity() string { return m.path }

func (m *mountItem) Definition() string {
	return definition("path", m.path, "device", m.device, "root", m.root, "fstype", m.fstype,
		"options", strings.Join(slices.Sorted(slices.Values(m.options)), ","), "state", stateText(m.absent))
}

func (mountKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in mountFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	m := &mountItem{
		path:    d.path("path", in.Path),
		device:  d.text("device", in.Device),
		root:    d.text("root", in.Root),
		fstype:  d.text("fstype", in.FSType),
		options: d.names("options", in.Options, d.mountOption),
		absent:  d.state(in.State),
	}
	switch {
	case strings.HasPrefix(m.path, "~"):
		d.problem(in.Path.Line, "path must be absolute")
	case strings.HasPrefix(m.path, "/"):
		m.path = path.Clean(m.path)
	}
	for _, tag := range []string{"UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "ID="} {
		if strings.HasPrefix(m.device, tag) {
			d.problem(in.Device.Line, "device must be what the kernel says, such as /dev/sda1: it knows no %s", strings.TrimSuffix(tag, "="))
		}
	}
	d.nothingElse(m.absent, map[string]bool{
		"device": in.Device.Set, "root": in.Root.Set, "fstype": in.FSType.Set, "options": in.Options.Set,
	})
	return m, d.problems
}

// mountOption is an option that a mount can have. Some stand in /etc/fstab only.
func (d *decoding) mountOption(field string, s yamlfile.Scalar) string {
	option := d.text(field, s)
	name, _, _ := strings.Cut(option, "=")
	switch {
	case slices.Contains([]string{
		"defaults", "auto", "noauto", "fail", "nofail", "user", "nouser", "users", "owner", "_netdev", "comment", "loop", "remount", "bind", "rbind",
	}, name) || strings.HasPrefix(name, "x-"):
		d.problem(s.Line, "%s: %s is for mount(8) and /etc/fstab: no mount shows it", field, name)
	case !strings.Contains(option, `"`) && strings.Contains(option, ","):
		d.problem(s.Line, "%s must be a list, not options with commas between them", field)
	}
	return option
}

func (mountKind) Ops(pack.Item) []string {
	return []string{"mount"}
}

func (mountKind) Ask(_ Facts, item pack.Item) ([]Question, error) {
	var questions []Question
	for _, prefix := range prefixes(item.(*mountItem).path) {
		questions = append(questions, Question{Op: "mount", Arg: escapeMount(prefix)})
	}
	return questions, nil
}

func (mountKind) Compare(_ Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	m := item.(*mountItem)
	have, err := mountAt(m.path, answers)
	switch {
	case err != nil:
		return nil, nil, err
	case have == nil && m.absent:
		return nil, nil, nil
	case have == nil:
		return []state.Mismatch{{Type: "missing_mount", Expected: "mounted", Actual: "not mounted"}}, nil, nil
	case m.absent:
		return []state.Mismatch{{Type: "unexpected_mount", Expected: "not mounted", Actual: have.device + ", " + have.fstype}}, nil, nil
	}
	wrong := differences{typ: "wrong_mount"}
	wrong.field("device", m.device, have.device)
	wrong.field("root", m.root, have.root)
	wrong.field("fstype", m.fstype, have.fstype)
	if slices.ContainsFunc(m.options, func(option string) bool { return !have.has(option) }) {
		wrong.add("options "+strings.Join(m.options, ","), "options "+strings.Join(have.options, ","))
	}
	return wrong.mismatches, nil, nil
}
