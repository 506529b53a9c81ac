package yamlfile

import "strings"

// Suggest returns ` (did you mean "port"?)` for the known name that is nearest to a mistyped one, or nothing if
// none is near.
func Suggest(name string, known []string) string {
	best, nearest := "", 1+max(1, min(3, len(name)/3))
	for _, candidate := range known {
		if d := distance(normal(name), normal(candidate)); d < nearest {
			best, nearest = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return ` (did you mean "` + best + `"?)`
}

// normal takes away what people mix up without meaning another word: case, and - for _.
func normal(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "_")
}

// distance is the optimal string alignment distance: the insertions, deletions, substitutions and swaps of
// neighbours that turn a into b. Names longer than any field are too far from everything.
func distance(a, b string) int {
	const tooLong = 64
	if len(a) > tooLong || len(b) > tooLong {
		return tooLong
	}
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}
