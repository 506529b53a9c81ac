package checker

import (
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// maxFact bounds a fact, in bytes.
const maxFact = 256

// parseFacts reads what the script said of the machine.
func parseFacts(raw map[string]string) state.Facts {
	fact := func(s string) string { return printable(s, maxFact) }
	f := state.Facts{
		OS:             fact(unquoteOSRelease(raw["ID"])),
		Version:        fact(unquoteOSRelease(raw["VERSION_ID"])),
		Name:           fact(unquoteOSRelease(raw["PRETTY_NAME"])),
		PackageManager: fact(raw["package_manager"]),
		Init:           fact(raw["init"]),
		User:           fact(raw["user"]),
	}
	if uname := strings.Fields(raw["uname"]); len(uname) == 3 {
		f.Hostname, f.Kernel, f.Arch = fact(uname[0]), fact(uname[1]), fact(uname[2])
	}
	if home := raw["home"]; strings.HasPrefix(home, "/") && home == fact(home) {
		f.Home = home // one that does not print could not be shown in an error as what it is
	}
	return f
}

// unquoteOSRelease takes the quotes off a value of os-release(5): a shell-like assignment without expansions.
func unquoteOSRelease(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		s = s[1 : len(s)-1]
	}
	return osReleaseEscapes.Replace(s)
}

var osReleaseEscapes = strings.NewReplacer(`\"`, `"`, `\$`, `$`, `\\`, `\`, "\\`", "`")
