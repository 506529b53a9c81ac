package checker

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// packageKind checks packages of dpkg.
type packageKind struct{}

func (packageKind) Name() string              { return "package" }
func (packageKind) Section() (string, string) { return "packages", "" }

// Shell answers with a line "STATUS<tab>ARCHITECTURE<tab>VERSION" for each package of that name, "NAME" or
// "NAME:ARCHITECTURE", that dpkg knows, and an empty one. dpkg-query takes arguments for patterns, so it lists all
// packages, once, and awk picks those whose name is literally one that was asked for. The names reach awk as data.
func (packageKind) Shell() string {
	return `
op_package() {
  in_list
  for d_q in dpkg-query awk; do
    if ! has "$d_q"; then
      list_err "$d_q is missing"
      return
    fi
  done
  d_out=$({
    put "$d_list"
    dpkg-query -W -f='${Status}\t${Architecture}\t${Version}\t${Package}\n' 2>/dev/null </dev/null && put end
  } | awk -F '\t' '
    !listing && $0 == "" { listing = 1; next }
    !listing { i = index($0, "="); number[substr($0, i + 1)] = substr($0, 1, i - 1); next }
    $0 == "end" { whole = 1 }
    function found(name) { if (name in number) print number[name] " " $1 "\t" $2 "\t" $3 }
    NF == 4 { found($4); found($4 ":" $2) }
    END { if (whole) print "end" }' 2>/dev/null)
  if [ "${d_out##*"$d_nl"}" != end ]; then
    list_err "dpkg-query failed"
    return
  fi
  IFS=$d_nl
  for d_line in $d_out; do
    case $d_line in
    end) break ;;
    *) frame "${d_line%% *} more ${d_line#* }" ;;
    esac
  done
  IFS=$d_ifs
  while [ "$d_first" -le "$d_n" ]; do
    frame "$d_first val"
    d_first=$((d_first + 1))
  done
}
`
}

// packageItem is what a pack demands of a package.
type packageItem struct {
	name       string
	minVersion string
	version    string
	absent     bool
}

func (p *packageItem) Identity() string { return p.name }

func (p *packageItem) Definition() string {
	return definition("name", p.name, "min_version", p.minVersion, "version", p.version, "state", stateText(p.absent))
}

func (packageKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in struct {
		Name        yamlfile.Scalar `yaml:"name"`
		MinVersion  yamlfile.Scalar `yaml:"min_version"`
		Version     yamlfile.Scalar `yaml:"version"`
		State       yamlfile.Scalar `yaml:"state"`
		pack.Common `yaml:",inline"`
	}
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	p := &packageItem{
		name:       d.required("name", in.Name),
		minVersion: d.version("min_version", in.MinVersion),
		version:    d.version("version", in.Version),
		absent:     d.state(in.State),
	}
	if p.absent && (in.MinVersion.Set || in.Version.Set) {
		d.problem(0, "state absent excludes min_version and version")
	}
	if in.MinVersion.Set && in.Version.Set {
		d.problem(0, "at most one of min_version and version may be given")
	}
	return p, d.problems
}

func (d *decoding) version(field string, s yamlfile.Scalar) string {
	version := d.text(field, s)
	if version != "" {
		if _, err := parseDebVersion(version); err != nil {
			d.problem(s.Line, "%s: %s", field, err)
		}
	}
	return version
}

func (packageKind) Ask(f Facts, item pack.Item) ([]Question, error) {
	switch f.PackageManager {
	case "dpkg":
		return []Question{{Op: "package", Arg: item.(*packageItem).name}}, nil
	case "":
		return nil, errors.New("no package manager found")
	}
	return nil, fmt.Errorf("packages are not supported with %s yet", f.PackageManager)
}

// Compare takes a package for installed only if dpkg has finished with it, and for absent only if at most its
// configuration is left: files of one that is half there may well be in use. Where it is installed for several
// architectures, each of them must satisfy the demanded version.
func (packageKind) Compare(_ Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	p := item.(*packageItem)
	answer, err := answers.to("package", p.name)
	if err != nil {
		return nil, nil, err
	}
	installed, unfinished, there, err := parsePackages(answer)
	if err != nil {
		return nil, nil, err
	}
	one := func(typ, expected, actual string) ([]state.Mismatch, []Question, error) {
		return []state.Mismatch{{Type: typ, Expected: expected, Actual: actual}}, nil, nil
	}
	switch {
	case p.absent && len(there) > 0:
		return one("unexpected_package", "absent", strings.Join(there, ", "))
	case p.absent:
		return nil, nil, nil
	case len(installed) == 0:
		return one("missing_package", p.expected(), unfinished)
	}
	for _, version := range installed {
		if ok, err := p.satisfied(version); err != nil {
			return nil, nil, err
		} else if !ok {
			return one("wrong_version", p.expected(), version)
		}
	}
	return nil, nil, nil
}

func (p *packageItem) expected() string {
	switch {
	case p.minVersion != "":
		return ">= " + p.minVersion
	case p.version != "":
		return p.version
	}
	return "installed"
}

// satisfied tells whether an installed version is one that is demanded. A demand without an epoch is compared
// without the installed one, and an exact version without a revision holds for every revision.
func (p *packageItem) satisfied(installed string) (bool, error) {
	wanted := p.version
	if p.minVersion != "" {
		wanted = p.minVersion
	}
	if wanted == "" {
		return true, nil
	}
	want, err := parseDebVersion(wanted)
	if err != nil {
		return false, err
	}
	have, err := parseDebVersion(installed)
	if err != nil {
		return false, fmt.Errorf("the installed version: %w", err)
	}
	if !want.hasEpoch {
		have.epoch = 0
	}
	if p.minVersion != "" {
		return have.compare(want) >= 0, nil
	}
	if want.revision == "" {
		have.revision = ""
	}
	return have.compare(want) == 0, nil
}

// parsePackages reads an answer: the versions that are installed; of what is not, in which state it is; and what of
// the package is there, installed or not.
func parsePackages(answer string) (installed []string, unfinished string, there []string, err error) {
	unfinished = "absent"
	for line := range strings.Lines(strings.TrimSuffix(answer, "\n")) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 {
			return nil, "", nil, fmt.Errorf("dpkg-query gave %s", quoted(line))
		}
		status := strings.Fields(fields[0]) // wanted, error flag, status: "install ok installed", "hold ok installed"
		if len(status) != 3 {
			return nil, "", nil, fmt.Errorf("dpkg-query gave %s", quoted(line))
		}
		if status[1] == "ok" && status[2] == "installed" {
			installed = append(installed, fields[2])
			there = append(there, fields[2])
			continue
		}
		now := status[2]
		if status[1] != "ok" { // reinstreq
			now = status[1] + " " + now
		}
		now = strings.TrimSpace(now + " " + fields[2])
		if status[2] != "not-installed" {
			unfinished = now
		}
		if status[1] != "ok" || status[2] != "not-installed" && status[2] != "config-files" {
			there = append(there, now)
		}
	}
	return installed, unfinished, there, nil
}
