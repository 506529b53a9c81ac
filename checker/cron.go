package checker

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// cronKind checks what cron runs, by the crontabs themselves: they are read on our side.
type cronKind struct{}

func (cronKind) Name() string              { return "cron" }
func (cronKind) Section() (string, string) { return "cron", "" }
func (cronKind) Fields() any               { return cronFields{} }

// Shell is empty: files and their content are what the kind file observes.
func (cronKind) Shell() string { return "" }

// cronFields is an item of the section cron.
type cronFields struct {
	Name        yamlfile.Scalar `yaml:"name" show:"always"`
	User        yamlfile.Scalar `yaml:"user" show:"always"`
	File        yamlfile.Scalar `yaml:"file" show:"always"`
	Schedule    yamlfile.Texts  `yaml:"schedule" show:"open"`
	Command     yamlfile.Scalar `yaml:"command" show:"asked"`
	State       yamlfile.Scalar `yaml:"state" show:"always"`
	pack.Common `yaml:",inline"`
}

// cronItem is what a pack demands of a command in a crontab.
type cronItem struct {
	name      string // in place of the command in results
	user      string // whose crontab it is, or as whom it runs where a file is given
	file      string // a crontab of the system
	schedules []string
	command   string
	absent    bool
}

func (c *cronItem) Identity() string { return c.where() + ": " + cmp.Or(c.name, c.command) }

// Concealed is the identity without the command, which may hold a password.
func (c *cronItem) Concealed() string { return c.where() + ": " + cmp.Or(c.name, pack.NotShown) }

func (c *cronItem) where() string {
	if c.file == "" {
		return c.user
	}
	return strings.TrimSuffix(c.file+" "+c.user, " ")
}

func (c *cronItem) Definition() string {
	return definition("name", c.name, "user", c.user, "file", c.file, "schedule", strings.Join(c.schedules, "; "),
		"command", c.command, "state", stateText(c.absent))
}

func (cronKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in cronFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	c := &cronItem{
		name: d.text("name", in.Name), user: d.text("user", in.User), command: strings.Trim(d.required("command", in.Command), " \t"),
		schedules: d.schedules(in.Schedule), absent: d.state(in.State),
	}
	if in.File.Set {
		c.file = d.path("file", in.File)
	}
	var sensitive yamlfile.Bool
	switch {
	case !in.User.Set && !in.File.Set:
		d.problem(0, "user or file is required")
	case c.user != "" && (!cronUser.MatchString(c.user) || strings.ContainsAny(c.user[:1], ".-")):
		d.problem(in.User.Line, "user must be the name of a user")
	case strings.HasPrefix(c.file, "~"):
		d.problem(in.File.Line, "file must be a crontab of the system, such as /etc/cron.d/backup; of a user's own give the user")
	}
	if in.Sensitive.Kind != 0 && sensitive.UnmarshalYAML(&in.Sensitive) == nil && sensitive.Value && c.name == "" {
		d.problem(in.Sensitive.Line, "name is required beside sensitive: without it results name the item by its command")
	}
	return c, d.problems
}

// schedules are written as in a crontab.
func (d *decoding) schedules(in yamlfile.Texts) []string {
	var out, meant []string
	if in.Set && len(in.Values) == 0 {
		d.problem(in.Line, "schedule must not be empty")
	}
	for _, value := range in.Values {
		schedule, rest, ok := cutSchedule(strings.Trim(value.Value, " \t"))
		switch {
		case !ok || rest != "":
			d.problem(value.Line, "schedule must be as in a crontab, such as \"0 6 * * *\" or @daily, not %q", value.Value)
		case slices.Contains(meant, sameSchedule(schedule)):
			d.problem(value.Line, "schedule %q is given twice", value.Value)
		}
		out, meant = append(out, schedule), append(meant, sameSchedule(schedule))
	}
	return out
}

// cronSpools are where the crontabs of users are: of Debian's cron and BusyBox, cronie, SUSE, and Alpine and OpenWrt.
var cronSpools = []string{"/var/spool/cron/crontabs/", "/var/spool/cron/", "/var/spool/cron/tabs/", "/etc/crontabs/"}

// crontabs are the files in which the entry may be.
func (c *cronItem) crontabs() []string {
	if c.file != "" {
		return []string{c.file}
	}
	var files []string
	for _, spool := range cronSpools {
		files = append(files, spool+c.user)
	}
	return files
}

func (cronKind) Ops(pack.Item) []string {
	return contentOps()
}

func (cronKind) Ask(_ Facts, item pack.Item) ([]Question, error) {
	var questions []Question
	for _, file := range item.(*cronItem).crontabs() {
		questions = append(questions, Question{Op: "file", Arg: file})
	}
	return questions, nil
}

func (cronKind) Compare(_ Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	c := item.(*cronItem)
	content, more, err := c.crontab(answers)
	if err != nil {
		return nil, more, err
	}
	entries, err := parseCrontab(content, c.file != "")
	if err != nil {
		return nil, nil, err
	}
	return c.compare(entries), nil, nil
}

// crontab is the content of the crontab, empty if there is none. Of a user there may be several places for it, or one
// by several paths; which of them a cron reads nobody can tell if they differ.
func (c *cronItem) crontab(answers Answers) (content string, more []Question, err error) {
	var contents []string
	for _, path := range c.crontabs() {
		got, there, err := regularFile(answers, path)
		if c.file == "" && errors.Is(err, errDirectory) { // that of all crontabs, by the name of one
			continue
		}
		if err != nil {
			return "", nil, err
		}
		if !there {
			continue
		}
		text, asked, err := readWhole(got, answers, path)
		switch {
		case errors.Is(err, errUndecided):
			more = append(more, asked...)
		case err != nil:
			return "", nil, err
		default:
			content = text
			contents = append(contents, text)
		}
	}
	if len(more) > 0 {
		return "", more, errUndecided
	}
	if len(slices.Compact(contents)) > 1 {
		return "", nil, errors.New("the user has several crontabs that differ, and cron reads one of them")
	}
	return content, nil, nil
}

func (c *cronItem) compare(entries []cronEntry) []state.Mismatch {
	var found, others []string // schedules; users
	for _, e := range entries {
		switch {
		case e.command != c.command:
		case c.file != "" && c.user != "" && e.user != c.user:
			others = append(others, e.user)
		case !c.absent || len(c.schedules) == 0 || c.demands(e.schedule):
			found = append(found, e.schedule)
		}
	}
	one := func(typ, expected, actual string) []state.Mismatch {
		return []state.Mismatch{{Type: typ, Expected: expected, Actual: actual}}
	}
	expected := strings.Join(c.schedules, "; ")
	if expected == "" {
		expected = "present"
	}
	switch {
	case c.absent && len(found) > 0:
		return one("unexpected_cron", "absent", strings.Join(found, "; "))
	case c.absent:
		return nil
	case len(found) == 0 && len(others) > 0:
		return one("missing_cron", expected, "absent, but there as user "+strings.Join(others, ", "))
	case len(found) == 0:
		return one("missing_cron", expected, "absent")
	case !c.satisfied(found):
		return one("wrong_schedule", expected, strings.Join(found, "; "))
	}
	return nil
}

func (c *cronItem) demands(schedule string) bool {
	return slices.ContainsFunc(c.schedules, func(own string) bool { return sameSchedule(own) == sameSchedule(schedule) })
}

// satisfied tells whether a command is run on all demanded schedules and on no other.
func (c *cronItem) satisfied(found []string) bool {
	if len(c.schedules) == 0 {
		return true
	}
	meant := map[string]bool{}
	for _, schedule := range found {
		if !c.demands(schedule) {
			return false
		}
		meant[sameSchedule(schedule)] = true
	}
	return len(meant) == len(c.schedules)
}
