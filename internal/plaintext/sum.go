package plaintext

import "regexp"

var wholeSum = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ShortSum is the beginning of s, enough to tell two apart, if s is a hash as in "sha256:9f86d081884c…"; else it is s.
func ShortSum(s string) string {
	if wholeSum.MatchString(s) {
		return s[:len("sha256:")+12] + "…"
	}
	return s
}
