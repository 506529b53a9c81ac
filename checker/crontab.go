package checker

import (
	"fmt"
	"regexp"
	"strings"
)

// cronEntry is a command that cron runs.
type cronEntry struct {
	schedule string // five fields with single blanks between, or @daily and the like
	user     string // empty in a user's own crontab
	command  string
}

var (
	// cronSetting is a line that sets a variable: crontab(5).
	cronSetting = regexp.MustCompile(`^(?:"[^"]*"|'[^']*'|[^\s="'][^\s=]*)[ \t]*=`)
	cronField   = regexp.MustCompile(`^[0-9A-Za-z*,/~?#-]+$`)
	cronUser    = regexp.MustCompile(`^[^\s:/*]+$`)
)

// cronNames are the names for schedules, and what they stand for.
var cronNames = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *", "@reboot": "@reboot",
}

// parseCrontab reads a crontab as crontab(5) describes it; that of the system has a column more, the user. Some crons
// ignore the whole of a crontab with a line that they do not understand, or whose last line has no end: with such a line
// it cannot be known what is run. Errors quote nothing, since a crontab is readable by its user only.
func parseCrontab(content string, system bool) ([]cronEntry, error) {
	if content != "" && !strings.HasSuffix(content, "\n") {
		return nil, fmt.Errorf("the crontab's last line has no end, for which some crons ignore it")
	}
	var entries []cronEntry
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.Trim(strings.TrimSuffix(line, "\n"), " \t")
		if line == "" || line[0] == '#' || cronSetting.MatchString(line) {
			continue
		}
		entry, ok := parseCronLine(line, system)
		if !ok {
			return nil, fmt.Errorf("the crontab's line %d cannot be understood", number)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func parseCronLine(line string, system bool) (cronEntry, bool) {
	schedule, rest, ok := cutSchedule(line)
	if !ok {
		return cronEntry{}, false
	}
	e := cronEntry{schedule: schedule, command: rest}
	if system {
		e.user, e.command = cutField(rest)
		ok = cronUser.MatchString(e.user)
	}
	return e, ok && e.command != "" && !strings.ContainsRune(line, 0)
}

// cutSchedule takes the schedule off a line.
func cutSchedule(line string) (schedule, rest string, ok bool) {
	if strings.HasPrefix(line, "@") {
		name, rest := cutField(line)
		_, known := cronNames[name]
		return name, rest, known
	}
	var fields []string
	for rest = line; len(fields) < 5; {
		var field string
		if field, rest = cutField(rest); !cronField.MatchString(field) {
			return "", "", false
		}
		fields = append(fields, field)
	}
	return strings.Join(fields, " "), rest, true
}

// cutField takes a field off a line; blanks and tabs are between.
func cutField(line string) (field, rest string) {
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return line, ""
	}
	return line[:i], strings.TrimLeft(line[i:], " \t")
}

// sameSchedule is a schedule such that two that mean the same are the same, by name or by case.
func sameSchedule(schedule string) string {
	if meant, named := cronNames[schedule]; named {
		return meant
	}
	return strings.ToLower(schedule)
}
