// Package alertmanager holds the Alertmanager configuration and the Slack templates that an operator runs, for programs
// that run an Alertmanager of their own with them: tests, a demonstration.
package alertmanager

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed alertmanager.yml *.tmpl
var files embed.FS

// configFile is the name of the configuration.
const configFile = "alertmanager.yml"

// Options are what Install changes.
type Options struct {
	SlackURL string // of the incoming webhook

	// Waiting is group_wait and group_interval of every route; zero leaves them as they are. It is given where nobody
	// wants to wait for minutes.
	Waiting time.Duration
}

// Install writes the configuration, the templates and the file with the Slack URL into a folder, and returns the
// configuration's path. Apart from the Options only the paths of its files are changed: they become absolute.
func Install(dir string, o Options) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	text, err := files.ReadFile(configFile)
	if err != nil {
		return "", err
	}
	changed, err := render(string(text), dir, o)
	if err != nil {
		return "", err
	}
	contents := map[string]string{configFile: changed, "slack_url": o.SlackURL + "\n"}
	for _, name := range templates() {
		text, err := files.ReadFile(name)
		if err != nil {
			return "", err
		}
		contents[name] = string(text)
	}
	for name, text := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil { // the URL is a secret
			return "", err
		}
	}
	return filepath.Join(dir, configFile), nil
}

// render is the configuration with its files in that folder.
func render(text, dir string, o Options) (string, error) {
	paths := make([]string, 0, len(templates()))
	for _, name := range templates() {
		paths = append(paths, quoted(dir, name))
	}
	changes := [][2]string{
		{`templates: \[.*\]`, "templates: [" + strings.Join(paths, ", ") + "]"},
		{`api_url_file: .*`, "api_url_file: " + quoted(dir, "slack_url")},
	}
	if o.Waiting > 0 {
		changes = append(changes, [2]string{`(group_wait|group_interval): \S+`, "${1}: " + fmt.Sprintf("%dms", o.Waiting.Milliseconds())})
	}
	for _, change := range changes {
		pattern := regexp.MustCompile(change[0])
		if !pattern.MatchString(text) {
			return "", fmt.Errorf("%s has no %s", configFile, change[0])
		}
		text = pattern.ReplaceAllString(text, change[1])
	}
	return text, nil
}

// quoted is a path as YAML takes it, and as it must be in a replacement.
func quoted(dir, name string) string {
	return strings.ReplaceAll(strconv.Quote(filepath.Join(dir, name)), "$", "$$")
}

func templates() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".tmpl") {
			names = append(names, entry.Name())
		}
	}
	return names
}
