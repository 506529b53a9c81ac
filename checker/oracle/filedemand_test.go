package oracle_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"gopkg.in/yaml.v3"
)

// demand is what an item of the section files demands, as it is written there. Empty demands nothing.
type demand struct {
	path           string
	absent         bool
	typ, target    string
	own            bool // follow: false
	mode           string
	plainMode      bool // written without quotes
	owner, group   string
	hash           string
	content        *string
	template       string // the template that makes the content
	templateSource string
	made           []byte // the content that is demanded, of a hash too
}

func (d demand) hasContent() bool { return d.hash != "" || d.content != nil }

func (d demand) pack(t testing.TB) string {
	it := item{"path": d.path}
	for field, value := range map[string]string{
		"type": d.typ, "target": d.target, "mode": d.mode, "owner": d.owner, "group": d.group, "content_hash": d.hash, "template": d.template,
	} {
		if value != "" {
			it[field] = value
		}
	}
	if d.plainMode && d.mode != "" {
		it["mode"] = &yaml.Node{Kind: yaml.ScalarNode, Value: d.mode}
	}
	if d.absent {
		it["state"] = "absent"
	}
	if d.own {
		it["follow"] = false
	}
	if d.content != nil && d.template == "" {
		it["content"] = *d.content
		if strings.HasPrefix(*d.content, "\n") { // yaml.v3 writes a lone newline as a block that it reads as empty
			it["content"] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: *d.content}
		}
	}
	return onePack(t, "files", it)
}

// String is the demand for people: content at most begun.
func (d demand) String() string {
	text := fmt.Sprintf("%q absent=%t type=%s target=%q own=%t mode=%s owner=%s group=%s hash=%s template=%s",
		d.path, d.absent, d.typ, d.target, d.own, d.mode, d.owner, d.group, d.hash, d.template)
	if d.content != nil {
		text += fmt.Sprintf(" content=%.60q (%d bytes)", *d.content, len(*d.content))
	}
	return text
}

// look is what the generator knows of a path, to make demands that are met or nearly so. It judges nothing.
type look struct {
	typ      string // file, directory, symlink; empty: nothing, or something else
	target   string // of a symlink
	there    bool   // the path itself
	reached  bool   // what it leads to
	mode     uint32
	uid, gid string
	ownUID   string // of the path itself
	ownGID   string
	content  []byte // of a regular file
	regular  bool
	dir      bool // it leads to a directory
}

func lookAt(path string) look {
	var l look
	info, err := os.Lstat(path)
	if err != nil {
		return l
	}
	own := info.Sys().(*syscall.Stat_t)
	l.there, l.ownUID, l.ownGID = true, strconv.Itoa(int(own.Uid)), strconv.Itoa(int(own.Gid))
	switch info.Mode().Type() {
	case 0:
		l.typ = "file"
	case fs.ModeDir:
		l.typ = "directory"
	case fs.ModeSymlink:
		l.typ = "symlink"
		l.target, _ = os.Readlink(path)
	}
	info, err = os.Stat(path)
	if err != nil {
		return l
	}
	status := info.Sys().(*syscall.Stat_t)
	l.dir = info.IsDir()
	l.reached, l.mode = true, status.Mode&0o7777
	l.uid, l.gid = strconv.Itoa(int(status.Uid)), strconv.Itoa(int(status.Gid))
	if l.regular = info.Mode().IsRegular(); l.regular {
		l.content, _ = os.ReadFile(path)
	}
	return l
}

// demandOf makes a demand of a path from how things were seen: mostly what was there, each attribute now and then not.
func (f *tree) demandOf(path string, seen look) demand {
	d := demand{path: f.variant(path)}
	if (!seen.there && f.in(60)) || f.in(4) {
		d.absent, d.path = true, strings.TrimSuffix(d.path, "/") // with one the pack is refused
		return d
	}
	if f.in(35) {
		d.typ = f.mostly(85, seen.typ, of(f.chance, "file", "directory", "symlink"))
	}
	if (d.typ == "" || d.typ == "symlink") && (seen.target != "" && f.in(50) || f.in(3)) {
		d.target = f.mostly(85, seen.target, of(f.chance, "nowhere", "./"+seen.target, seen.target+"/", seen.target+" "))
	}
	if f.in(60) {
		d.mode = f.modeText(seen.mode)
		d.plainMode = f.in(30)
	}
	if f.in(40) {
		d.owner = f.ownerText(seen.uid, userName)
	}
	if f.in(40) {
		d.group = f.ownerText(seen.gid, groupName)
	}
	d.own = (d.mode == "" || d.typ == "file" || d.typ == "directory") && f.in(25)
	if d.own && seen.target != "" && f.in(80) { // then the link's own owners are what may be met
		d.owner, d.group = f.mostly(50, seen.ownUID, ""), f.mostly(50, seen.ownGID, "")
	}
	if d.typ != "directory" && (seen.regular && f.in(50) || f.in(5)) {
		f.demandContent(&d, seen.content)
	}
	return d
}

// mostly is the first with a probability of percent, unless it is empty.
func (f *tree) mostly(percent int, usual, other string) string {
	if usual != "" && f.in(percent) {
		return usual
	}
	return other
}

// variant is another way to write a path.
func (f *tree) variant(path string) string {
	dir, base := filepath.Split(path)
	switch f.IntN(25) {
	case 0:
		return path + "/"
	case 1:
		return dir + "/" + base
	case 2:
		return dir + "./" + base
	case 3:
		return filepath.Join(f.dir, "throughlink") + "/../" + strings.TrimPrefix(path, f.dir+"/")
	case 4:
		return path + "/below"
	case 5:
		return path + "/."
	case 6:
		return filepath.Join(f.dir, "throughlink", base)
	}
	return path
}

func (f *tree) modeText(mode uint32) string {
	if f.in(12) {
		mode ^= 1 << f.IntN(12)
	}
	return fmt.Sprintf(of(f.chance, "%04o", "%04o", "%o", "0o%o", "%05o"), mode)
}

// ownerText is a user or group by name, if it has one, or by number.
func (f *tree) ownerText(id string, name func(string) string) string {
	if id == "" || f.in(15) {
		id = strconv.Itoa(of(f.chance, f.ids...))
	}
	if id == "54322" && f.in(70) {
		return of(f.chance, "oracle", "oraclealias")
	}
	switch f.IntN(8) {
	case 0, 1, 2:
		return id
	case 3:
		return "0" + id
	case 4:
		return of(f.chance, "UNKNOWN", "nosuchname", "0x0", id+" ", "root ", "-x")

	}
	return f.mostly(100, name(id), id)
}

func userName(id string) string {
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return ""
}

func groupName(id string) string {
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return ""
}

// maxInline bounds the content that stands in a pack.
const maxInline = 100 << 10

func (f *tree) demandContent(d *demand, content []byte) {
	if f.in(15) {
		content = f.content()
	}
	d.made = content
	text := string(content)
	switch {
	case len(content) > maxInline || f.in(40):
		sum := sha256.Sum256(content)
		digits := hex.EncodeToString(sum[:])
		d.hash = of(f.chance, digits, "sha256:"+digits, strings.ToUpper(digits))
	case f.in(40) && !strings.Contains(text, "{{"):
		f.count++
		d.content, d.template = &text, fmt.Sprintf("t%d", f.count)
		d.templateSource = strings.ReplaceAll(text, "role=web", "role={{ .role }}")
	default:
		d.content = &text
	}
}
