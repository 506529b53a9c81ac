package ssh

import "strings"

// matchesHost reports whether the patterns of a Host line match: at least one does, and none that begins with !.
func matchesHost(patterns []string, host string) bool {
	found := false
	for _, p := range patterns {
		negated, is := strings.CutPrefix(p, "!")
		switch {
		case is && wildcardMatch(negated, host):
			return false
		case !is && wildcardMatch(p, host):
			found = true
		}
	}
	return found
}

// matchesList is the same for the patterns of a Match line, which are separated by commas.
func matchesList(list, value string) bool { return matchesHost(strings.Split(list, ","), value) }

// wildcardMatch reports whether a pattern, in which * is any text and ? one character, matches the whole of s.
func wildcardMatch(pattern, s string) bool {
	star, after := -1, 0 // the last * and where in s what it stands for ends
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, after = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0: // let the last * stand for one more
			after++
			p, i = star+1, after
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// criteria are the conditions of a Match line.
type criterion struct {
	name    string // lower case
	value   string
	negated bool
}

// criteria splits the arguments of a Match line. ok is false if they make no sense.
func criteria(args []string) (all []criterion, ok bool) {
	for i := 0; i < len(args); i++ {
		name, value, has := strings.Cut(args[i], "=")
		name, negated := strings.CutPrefix(strings.ToLower(name), "!")
		switch name {
		case "all", "canonical", "final":
		default:
			if !has {
				if i++; i == len(args) {
					return nil, false
				}
				value = args[i]
			}
		}
		all = append(all, criterion{name, value, negated})
	}
	return all, true
}
