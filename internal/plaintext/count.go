package plaintext

import (
	"fmt"
	"strings"
)

// Count is how many there are of what one of is called noun, as in "1 row", "2 rows" and "2 mismatches".
func Count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ch"):
		return fmt.Sprintf("%d %ses", n, noun)
	default:
		return fmt.Sprintf("%d %ss", n, noun)
	}
}
