package exporter

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// links builds the addresses of pages as browsers see them.
type links struct {
	base string  // "" or "/x"
	host url.URL // scheme and host; empty if there is no external URL

	fleet func() *Fleet // asked where items of packs are
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._~-]*$`)

// cleanPrefix makes "/x" of "x", "/x/" and the like, and "" of "/". Only plain paths are taken: braces would be
// wildcards to the router, and escapes mean different things to different proxies.
func cleanPrefix(p string) (string, error) {
	if !plainPath.MatchString(p) {
		return "", fmt.Errorf("%q must have only letters, digits and / . _ ~ -", p)
	}
	return strings.TrimSuffix(path.Clean("/"+p), "/"), nil
}

// Fleet is the fleet page.
func (l links) Fleet() string { return l.base + "/" }

// Path is a fixed address, such as "/metrics".
func (l links) Path(p string) string { return l.base + p }

// Machine is the page of a machine.
func (l links) Machine(name string) string { return l.base + "/machines/" + url.PathEscape(name) }

// Pair is the diff view.
func (l links) Pair(machine, pack string) string {
	return l.base + l.pairPath(state.Key{Machine: machine, Pack: pack})
}

// History is the page of how a pair has stood.
func (l links) History(machine, pack string) string { return l.Pair(machine, pack) + "/history" }

// pairPath is the part that the diff view and its data in the API have in common.
func (l links) pairPath(k state.Key) string {
	return "/machines/" + url.PathEscape(k.Machine) + "/packs/" + url.PathEscape(k.Pack)
}

// Packs is the list of packs.
func (l links) Packs() string { return l.base + "/packs" }

// Pack is the page of a pack.
func (l links) Pack(id string) string { return l.base + l.packPath(id) }

// packPath is the part that the page of a pack and its data in the API have in common.
func (l links) packPath(id string) string { return "/packs/" + url.PathEscape(id) }

// Source is where the page of a pack shows what a mismatch's source ("packs/base.yaml:9") names; empty if no pack is
// in that file.
func (l links) Source(source string) string {
	index := l.fleet().packs()
	if at, ok := index.items[source]; ok {
		return l.packPage(at.pack, at.page) + fmt.Sprintf("#L%d", at.line)
	}
	if i := strings.LastIndexByte(source, ':'); i >= 0 { // the pack has changed since
		source = source[:i]
	}
	if pack, ok := index.files[source]; ok {
		return l.Pack(pack)
	}
	return ""
}

// packPage is one of the pages, from 1, of a pack that has more items than one page.
func (l links) packPage(id string, page int) string {
	if page <= 1 {
		return l.Pack(id)
	}
	return fmt.Sprintf("%s?page=%d", l.Pack(id), page)
}

// Absolute is an address for somewhere else than a page of ours; without an external URL it stays a path.
func (l links) Absolute(p string) string {
	if l.host.Host == "" {
		return p
	}
	return l.host.String() + p
}

// DiffURL is the address of a pair's diff view below an external URL: the link in its alert.
func DiffURL(external *url.URL, k state.Key) string {
	return external.JoinPath("machines", url.PathEscape(k.Machine), "packs", url.PathEscape(k.Pack)).String()
}
