package checker

import (
	"cmp"
	"strings"
)

// parsePacmanVersion takes what makepkg lets a package have, see PKGBUILD(5). Signs of relations are refused: they
// are a mistake in a pack.
func parsePacmanVersion(s string) (evr, error) {
	return parseEVR(s, func(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte("/:-<>=", c) < 0 })
}

// comparePacman is negative if v is the older one, as vercmp(8) orders versions; but there a release counts only
// if both have one, which is no order.
func (v evr) comparePacman(w evr) int { return v.compare(w, comparePacmanPart) }

// pacmanInstalled orders an installed version and a wanted one. The release counts only where both have one.
func pacmanInstalled(installed, wanted string, _ bool) (int, error) {
	have, want, err := parseBoth(installed, wanted, parsePacmanVersion)
	if err != nil {
		return 0, err
	}
	if have.release == "" {
		want.release = ""
	}
	return have.alike(want).comparePacman(want), nil
}

// comparePacmanPart compares numbers and words alternately, as rpm once did. Between them, more separators are newer
// than fewer, whichever they are. A word that directly follows is older than the end, and whatever else follows is
// newer.
func comparePacmanPart(a, b string) int {
	for a != "" && b != "" {
		x, y := strings.TrimLeftFunc(a, pacmanSeparates), strings.TrimLeftFunc(b, pacmanSeparates)
		separators := cmp.Compare(len(a)-len(x), len(b)-len(y))
		if a, b = x, y; a == "" || b == "" {
			break
		}
		if order := cmp.Or(separators, cmp.Compare(rpmRank(a), rpmRank(b))); order != 0 {
			return order
		}
		order := 0
		if isDigit(a[0]) {
			order, a, b = compareDigits(a, b)
		} else {
			order, a, b = compareWords(a, b)
		}
		if order != 0 {
			return order
		}
	}
	switch {
	case a == "" && b == "":
		return 0
	case a == "" && !isLetter(b[0]), a != "" && isLetter(a[0]):
		return -1
	}
	return 1
}

func pacmanSeparates(r rune) bool { return r >= 0x80 || !isDigit(byte(r)) && !isLetter(byte(r)) }
