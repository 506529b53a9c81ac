package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/pack"
)

// secretItems are items with a secret in every field that takes free text, or an unmistakable number in one that takes
// numbers only. What names an item is n: what is a secret even there is not hidden of any kind.
var secretItems = map[string][]string{
	"file": {
		`path: /n1, target: SECRET, description: SECRET`,
		`path: /n2, mode: "0644", owner: root, group: root, content_hash: ` + secretHash,
		`path: /n3, content: SECRET, ignore_lines: [SECRET, "/SECRET$/"], type: file, follow: true, state: present`,
		`path: /n4, contains: [SECRET, "/^SECRET$/"], not_contains: SECRET, min_size: 7770001, max_size: 7770002`,
		`glob: /n5/*, mode: "0640"`,
		`path: /n6, template: secret.txt`,
	},
	"package": {
		`name: n1, manager: dpkg, min_version: 1SECRET, max_version: 2SECRET, description: SECRET`,
		`name: n2, version: 1SECRET, when: {vars: {SECRET: SECRET}}`, `name: n3, state: absent`,
	},
	"env_var": {`key: n1, expected: SECRET, type: env_var, description: SECRET`},
	"sysctl":  {`key: n1.n2, expected: SECRET, type: sysctl, description: SECRET`},
	"config": {
		`path: /n1.ini, section: n, key: n1, expected: SECRET, type: config, format: ini, ignore_case: true, inline_comments: true, repeated: last, description: SECRET`,
		`path: /n1.ini, section: n, key: n2, state: absent, type: config`,
		`path: /n1.json, key: n3, expected: [SECRET, SECRET], type: config`,
		`key: n4, expected: SECRET, type: config`, // of the older format
	},
	"port":    {`port: 1, protocol: tcp, address: 127.0.0.1, listening: true, process: SECRET, description: SECRET`},
	"command": {`name: n1, argv: [n, "--password=SECRET"], exit: 1, stdout: [SECRET, "/SECRET/"], description: SECRET`},
	"user": {
		`name: n1, uid: 7770003, group: secret, groups: [secret], only_groups: true, home: /SECRET, shell: /SECRET, comment: SECRET, password_locked: true, description: SECRET`,
		`name: n2, state: absent`,
	},
	"group": {
		`name: n1, gid: 7770004, members: [secret], description: SECRET`, `name: n2, members_include: [secret]`, `name: n3, state: absent`,
	},
	"authorized_keys": {
		`user: n1, keys: ['environment="A=SECRET" ssh-ed25519 ` + secretKey + ` SECRET'], description: SECRET`,
		`path: /n2, keys: ['command="SECRET" ssh-ed25519 ` + secretKey + ` SECRET']`,
	},
	"mount": {
		`path: /n1, device: //SECRET@n/x, root: /SECRET, fstype: SECRET, options: ["password=SECRET"], description: SECRET`, `path: /n2, state: absent`,
	},
	"service":       {`name: n1, enabled: true, running: true, masked: false, description: SECRET`},
	"kernel_module": {`name: n1, parameters: {SECRET: SECRET}, description: SECRET`, `name: n2, state: absent`},
	"cron": {
		`name: n1, user: n, command: "n --token=SECRET", schedule: "7 7 7 7 7", description: SECRET`,
		`user: n, file: /n, command: "n -pSECRET", state: absent`, // its identity, too
	},
}

const (
	secretHash = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2"
	secretKey  = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
)

var secretText = regexp.MustCompile(`(?i)secret|` + secretHash + `|777000\d|7 7 7 7 7|AAAAC3`)

// secretPack has the items of all kinds; each with what more is given, if it makes a valid item.
func secretPack(more string) string {
	kinds := checker.Kinds()
	sections := map[string][]string{}
	for _, name := range kinds.Names() {
		for _, section := range kinds.Sections() {
			if kind, _, _ := kinds.Kind(section, ""); kind == name {
				sections[section] = append(sections[section], secretItems[name]...)
			}
			if slices.Contains(kinds.Types(section), name) {
				sections[section] = append(sections[section], secretItems[name]...)
			}
		}
	}
	var b strings.Builder
	b.WriteString("name: Pack\nitems: # SECRET\n")
	for section, items := range sections {
		fmt.Fprintf(&b, "  %s: # SECRET\n", section)
		for _, item := range items {
			if strings.Contains(more, "true") && (section == "cron" && !strings.Contains(item, "name:") || strings.Contains(item, "ignore_lines")) {
				continue // refused beside sensitive: true
			}
			fmt.Fprintf(&b, "    # SECRET\n    - {%s%s} # SECRET\n", item, more)
		}
	}
	return b.String()
}

// Every field of every kind has a secret in some item, or can hold none.
func TestSecretsArePlantedInEveryField(t *testing.T) {
	kinds := checker.Kinds()
	for _, name := range kinds.Names() {
		planted := strings.Join(secretItems[name], "\n")
		for field := range fieldsOf(t, kinds, name) {
			if !slices.Contains([]string{"sensitive", "when", "description"}, field) {
				assert.Contains(t, planted, field+":", "no item of kind %s has the field", name)
			}
		}
	}
}

// fieldsOf are the fields of a kind, with when they are shown.
func fieldsOf(t *testing.T, kinds *checker.Registry, name string) map[string]string {
	t.Helper()
	for _, section := range kinds.Sections() {
		for _, typ := range append(kinds.Types(section), "") {
			kind, decoder, _ := kinds.Kind(section, typ)
			if kind != name {
				continue
			}
			fields := map[string]string{}
			in := reflect.TypeOf(decoder.(pack.Discloser).Fields())
			for i := range in.NumField() {
				if tag := in.Field(i).Tag; !strings.Contains(tag.Get("yaml"), "inline") {
					fields[tag.Get("yaml")] = tag.Get("show")
				}
			}
			return fields
		}
	}
	t.Fatalf("no kind %s", name)
	return nil
}

// everythingShown is what the pages and the API say of a pack, and of all.
func everythingShown(t *testing.T, content string) string {
	t.Helper()
	w := newWorkspace(t)
	w.write("packs/templates/secret.txt", "SECRET {{.secret}}\n")
	w.write("packs/pack.yaml", content)
	w.write("packs/child.yaml", "extends: pack\n")
	w.write("config.yaml", "packs_dir: packs\ncheck: {allow_commands: true}\nmachines: [{name: here, transport: local, packs: [pack, child], vars: {secret: SECRET}}]\n")
	d := newTestDaemon(t, w)
	var all strings.Builder
	for _, target := range []string{"/packs", "/packs/pack", "/packs/child", "/api/v1/packs", "/api/v1/packs/pack?limit=1000", "/api/v1/packs/child?limit=1000"} {
		answer := httptest.NewRecorder()
		d.server.Handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, target, nil))
		require.Equal(t, 200, answer.Code, target)
		all.WriteString(answer.Body.String())
	}
	return strings.ReplaceAll(all.String(), "secret.txt", "") // the name of a template is shown
}

// found are the lines that hold a secret, shortened.
func found(text string) (lines []string) {
	for _, at := range secretText.FindAllStringIndex(text, -1) {
		lines = append(lines, text[max(0, at[0]-60):min(len(text), at[1]+20)])
	}
	return lines
}

func TestNothingOfSensitiveItemsIsShown(t *testing.T) {
	shown := everythingShown(t, secretPack(", sensitive: true"))
	shown = strings.ReplaceAll(shown, "may be secret are", "") // the page's own words
	assert.Empty(t, found(shown))
	assert.Contains(t, shown, "(not shown)")
}

// Where nothing is said of sensitivity, the fields that hold content are hidden all the same.
func TestContentIsNotShownUnlessThePackSaysThatItMayBe(t *testing.T) {
	// The fields that are shown by default have other secrets here than those that are not.
	content := secretPack("")
	for _, open := range openFields {
		content = strings.ReplaceAll(content, open, strings.ReplaceAll(open, "SECRET", "PUBLIC"))
	}
	shown := everythingShown(t, content)
	shown = strings.ReplaceAll(shown, "may be secret are", "")
	shown = regexp.MustCompile(secretHash+`|777000\d|7 7 7 7 7|secret\b`).ReplaceAllString(shown, "")
	assert.Empty(t, found(shown))
	assert.Contains(t, shown, "PUBLIC")

	shown = everythingShown(t, secretPack(", sensitive: false"))
	for _, want := range []string{"--password=SECRET", "n -pSECRET", "password=SECRET", "AAAAC3", "{SECRET: SECRET}"} {
		assert.Contains(t, shown, want, "sensitive: false lets it be shown")
	}
	assert.NotContains(t, shown, "# SECRET")
	assert.NotContains(t, shown, "SECRET {{", "nor is a template")
}

// openFields are the planted secrets of fields that are shown unless an item is sensitive.
var openFields = []string{
	"description: SECRET", "target: SECRET", "min_version: 1SECRET", "max_version: 2SECRET", "version: 1SECRET", "vars: {SECRET: SECRET}",
	"n1.n2, expected: SECRET", "process: SECRET", "home: /SECRET", "shell: /SECRET", "comment: SECRET", "//SECRET@n/x", "root: /SECRET", "fstype: SECRET",
}
