package checker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFileDecodes(t *testing.T) {
	hash := strings.Repeat("Ab", 32)
	item, problems := decode(t, fileKind{}, `{path: ~/x, mode: 0644, owner: root, group: 0, type: file, state: present, content_hash: "SHA256:`+hash+`", sensitive: yes, description: d}`)
	require.Empty(t, problems)
	f := item.(*fileItem)
	assert.Equal(t, "~/x", f.Identity())
	assert.Equal(t, uint32(0o644), *f.mode)
	assert.Equal(t, strings.ToLower(hash), f.hash)
	assert.Equal(t, "0", f.group)
	assert.False(t, f.Varies())
}

func TestFileProblems(t *testing.T) {
	decodeCases{
		{"everything may be left out but the path", `{path: /x}`, nil},
		{"modes", `{path: /x, mode: "0644"}`, nil},
		{"mode without the zero", `{path: /x, mode: 1777}`, nil},
		{"mode as YAML 1.2 has octal", `{path: /x, mode: 0o600}`, nil},
		{"any bytes", `{path: "/$(touch x)\t'\"\\|;[", content: ""}`, nil},
		{"absent with a slash", `{path: /x/, state: absent}`, []string{"path must not end with a slash where state is absent: whatever is no directory would comply"}},
		{"there with a slash", `{path: /x/, type: directory}`, nil},
		{"glob of all below", `{glob: "/x/**/y"}`, []string{"glob has a **, which is not known: each * stays within one directory"}},
		{"what looks like a glob", `{path: "/x/*.conf"}`, []string{"path is taken literally, with its * and ?: a pattern of files is given as glob"}},
		{"no path", `{mode: "0644"}`, []string{"path is required"}},
		{"null path", `{path: }`, []string{"path is required"}},
		{"empty path", `{path: ""}`, []string{"path must not be empty"}},
		{"relative path", `{path: etc/passwd}`, []string{"path must be absolute or begin with ~/"}},
		{"home of another user", `{path: ~root/x}`, []string{"path: only ~/ is known, the home of the machine's config_user; of another user's home give the whole path"}},
		{"newline", `{path: "/a\nb"}`, []string{"path must not contain a newline or a NUL"}},
		{"NUL", `{path: "/a\0b"}`, []string{"path must not contain a newline or a NUL"}},
		{"binary newline", `{path: !!binary L2EKYg==}`, []string{"path must not contain a newline or a NUL"}},
		{"endless path", `{path: /` + strings.Repeat("x", 5000) + `}`, []string{"path is longer than 4095 bytes"}},
		{"mode that is not octal", `{path: /x, mode: 0689}`, []string{`mode must be octal, such as "0644", not "0689"`}},
		{"mode as letters", `{path: /x, mode: u+rw}`, []string{`mode must be octal, such as "0644", not "u+rw"`}},
		{"mode with file type", `{path: /x, mode: 100644}`, []string{`mode must be octal, such as "0644", not "100644"`}},
		{"negative mode", `{path: /x, mode: -1}`, []string{`mode must be octal, such as "0644", not "-1"`}},
		{"empty mode", `{path: /x, mode: ""}`, []string{`mode must be octal, such as "0644", not ""`}},
		{"unknown type", `{path: /x, type: dir}`, []string{`type must be file, directory or symlink, not "dir"`}},
		{"unknown state", `{path: /x, state: gone}`, []string{`state must be present or absent, not "gone"`}},
		{"both owner and group", `{path: /x, owner: "root:root"}`, []string{"owner must be one name or number: give user and group as owner and group"}},
		{"short hash", `{path: /x, content_hash: abc}`, []string{"content_hash must be 64 hexadecimal digits, with or without sha256: before them"}},
		{"another hash", `{path: /x, content_hash: "md5:` + strings.Repeat("a", 64) + `"}`, []string{"content_hash must be 64 hexadecimal digits, with or without sha256: before them"}},
		{"unknown template", `{path: /x, template: nope}`, []string{"template: there is no such template"}},
		{"two contents", `{path: /x, template: motd, content: x}`, []string{"at most one of content_hash, template and content may be given"}},
		{"content of a directory", `{path: /x, type: directory, content: x}`, []string{"a directory has no content: content_hash, template and content need another type"}},
		{"absent with demands", `{path: /x, state: absent, mode: 0644, owner: root}`, []string{"state absent excludes mode", "state absent excludes owner"}},
		{"unknown field", `{path: /x, onwer: root}`, []string{`unknown field "onwer" (did you mean "owner"?)`}},
		{"list for a value", `{path: [/x]}`, []string{"path must be a single value, not a list", "path is required"}},
	}.run(t, fileKind{})
}

func TestFileDefinitionHoldsWhatIsDemanded(t *testing.T) {
	define := func(yaml string) string {
		item, problems := decode(t, fileKind{}, yaml)
		require.Empty(t, problems)
		return item.Definition()
	}
	base := define(`{path: /x, content: a}`)
	assert.Equal(t, base, define(`{content: "a", path: /x, description: other, state: present}`))
	seen := map[string]bool{base: true}
	for _, other := range []string{
		`{path: /y, content: a}`, `{path: /x}`, `{path: /x, content: ""}`, `{path: /x, content: a, mode: 0}`, `{path: /x, content: a, mode: 644}`,
		`{path: /x, content: a, owner: o}`, `{path: /x, content: a, group: o}`, `{path: /x, content: a, type: file}`,
		`{path: /x, state: absent}`, `{path: /x, template: motd}`, `{glob: "/x*", content: a}`, `{glob: "/y*", content: a}`,
		`{path: /x, content: a, follow: false}`, `{path: /x, content: a, ignore_lines: b}`, `{path: /x, content: a, ignore_lines: [b, c]}`,
		`{path: /x, contains: a}`, `{path: /x, contains: /a/}`, `{path: /x, not_contains: a}`, `{path: /x, min_size: 1}`, `{path: /x, max_size: 1}`,
		`{path: /x, max_size: 0}`, `{path: /x, type: symlink}`, `{path: /x, target: a}`, `{path: /x, target: b}`, `{path: /x, content: !!binary /w==}`, `{path: /x, content: !!binary /g==}`,
		`{path: /x, content_hash: ` + strings.Repeat("a", 64) + `}`,
	} {
		definition := define(other)
		assert.False(t, seen[definition], other)
		seen[definition] = true
	}
	assert.Equal(t, define(`{path: /x, max_size: 1KiB}`), define(`{path: /x, max_size: 1024}`))
	assert.Equal(t, define(`{path: /x, mode: 644}`), define(`{path: /x, mode: "0644"}`))
	assert.Contains(t, define(`{path: /x, template: motd}`), "{{ .role }}", "a changed template is a changed demand")
}

func TestGlobAndLinkProblems(t *testing.T) {
	decodeCases{
		{"glob", `{glob: "/etc/cron.d/*"}`, nil},
		{"glob in the home", `{glob: "~/.ssh/[a-z!]?[^x][!y]"}`, nil},
		{"glob with everything", `{glob: "/x*", mode: 644, owner: root, content: x}`, nil},
		{"escaped", `{glob: '/a\*/[\]]\?*'}`, nil},
		{"both", `{path: /x, glob: "/x*"}`, []string{"at most one of path and glob may be given"}},
		{"no pattern", `{glob: '/etc/\*'}`, []string{"glob holds no *, ? or […]: give it as path"}},
		{"empty glob", `{glob: ""}`, []string{"glob must not be empty"}},
		{"relative glob", `{glob: "etc/*"}`, []string{"glob must be absolute or begin with ~/"}},
		{"glob of users", `{glob: "~*/x"}`, []string{"glob: only ~/ is known, the home of the machine's config_user; of another user's home give the whole path"}},
		{"newline in a glob", `{glob: "/a*\nb"}`, []string{"glob must not contain a newline or a NUL"}},
		{"final slash", `{glob: "/etc/*/"}`, []string{"glob must not end with a slash"}},
		{"broken list", `{glob: "/etc/[a"}`, []string{"glob has a [ without a list of characters and a ], or a backslash at the end of a level"}},
		{"list over two levels", `{glob: "/etc/[a/b]*"}`, []string{"glob has a [ without a list of characters and a ], or a backslash at the end of a level"}},
		{"class", `{glob: "/etc/[[:alpha:]]"}`, []string{"glob knows no classes such as [:alpha:], only characters and ranges"}},
		{"dots", `{glob: "/etc/*/../x"}`, []string{"glob must not go through . or .. after its first *, ? or […]"}},
		{"dots before", `{glob: "/etc/../x*"}`, nil},
		{"absent", `{glob: "/x*", state: absent}`, nil},
		{"target", `{path: /x, target: ../y}`, nil},
		{"empty target", `{path: /x, target: ""}`, []string{"target must not be empty"}},
		{"target of a file", `{path: /x, target: y, type: file}`, []string{"only a symlink has a target: type must be symlink or left out"}},
		{"own mode of a link", `{path: /x, follow: false, mode: 777}`, []string{"follow: false and mode need the type file or directory: a symlink has no mode of its own"}},
		{"own mode of a symlink", `{path: /x, follow: false, target: y, mode: 777}`, []string{"follow: false and mode need the type file or directory: a symlink has no mode of its own"}},
		{"own mode of a file", `{path: /x, follow: false, type: file, mode: 644}`, nil},
		{"absent link", `{path: /x, target: y, follow: no, state: absent}`, []string{"state absent excludes follow", "state absent excludes target"}},
		{"no truth", `{path: /x, follow: maybe}`, []string{"follow must be true or false"}},
	}.run(t, fileKind{})
}

func TestLineAndSizeProblems(t *testing.T) {
	there := "must be matched on the machine, since the content is sensitive or kept from others: " + errNotPortable.Error()
	const here = "ignore_lines needs the content here, which it must not leave the machine for: it is sensitive, or its mode keeps it from others"
	decodeCases{
		{"lines", `{path: /x, contains: [a, "", /b/, "/[/"], not_contains: "/(?i)\\bc/"}`, []string{"contains: entry 4 is not a regular expression: missing closing ]"}},
		{"slashes alone", `{path: /x, contains: [/, /etc, etc/]}`, nil},
		{"no lines", `{path: /x, contains: [], not_contains: [], content: x, ignore_lines: []}`, []string{
			"ignore_lines must name at least one line", "contains must name at least one line", "not_contains must name at least one line",
			"contains and not_contains exclude content_hash, template and content",
		}},
		{"newline in a line", `{path: /x, contains: ["a\nb", "c\0"]}`, []string{
			"contains: entry 1 must not contain a newline or a NUL: each entry is one line", "contains: entry 2 must not contain a newline or a NUL: each entry is one line",
		}},
		{"a secret in what is broken", `{path: /x, sensitive: true, contains: "/(hunter2/"}`, []string{"contains: entry 1 is not a regular expression: missing closing )"}},
		{"lines of a directory", `{path: /x, type: directory, contains: a}`, []string{"a directory has neither lines nor a size: contains, not_contains, min_size and max_size need another type"}},
		{"lines and content", `{path: /x, content: a, not_contains: a}`, []string{"contains and not_contains exclude content_hash, template and content"}},
		{"lines of what is absent", `{path: /x, state: absent, contains: a}`, []string{"state absent excludes contains"}},
		{"only here", `{path: /x, contains: '/\d/'}`, nil},
		{"only here, sensitive", `{path: /x, contains: [a, '/\d/'], sensitive: true}`, []string{"contains: entry 2 " + there}},
		{"only here, kept from others", `{path: /x, not_contains: '/\d/', mode: 640}`, []string{"not_contains: entry 1 " + there}},
		{"only here, said not to be sensitive", `{path: /x, not_contains: '/\d/', mode: 640, sensitive: false}`, nil},
		{"ignored lines", `{path: /x, content: a, ignore_lines: [/b/, c]}`, nil},
		{"ignored lines of what", `{path: /x, content_hash: ` + strings.Repeat("a", 64) + `, ignore_lines: /b/}`, []string{"ignore_lines needs content or template to compare with"}},
		{"ignored lines, sensitive", `{path: /x, content: a, ignore_lines: /b/, sensitive: true}`, []string{here}},
		{"ignored lines, kept from others", `{path: /x, content: a, ignore_lines: /b/, mode: 600}`, []string{here}},
		{"sizes", `{path: /x, min_size: 10KiB, max_size: 1.5GB}`, nil},
		{"no size", `{path: /x, min_size: ten}`, []string{"min_size must be a number of bytes, such as 4096, 10KiB or 1MB"}},
		{"negative size", `{path: /x, min_size: -1KB, max_size: ""}`, []string{"min_size must be a number of bytes, such as 4096, 10KiB or 1MB", "max_size must be a number of bytes, such as 4096, 10KiB or 1MB"}},
		{"endless size", `{path: /x, max_size: 99999999999999999999}`, []string{"max_size must be a number of bytes, such as 4096, 10KiB or 1MB"}},
		{"sizes that no file has", `{path: /x, min_size: 2, max_size: 1}`, []string{"min_size is more than max_size"}},
	}.run(t, fileKind{})
}
