package ssh

import (
	"strings"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// commandLine joins words with spaces. The far end gives the result to a shell, so anything that a shell could
// take for more than a word is refused: nothing from a configuration may become shell code.
func commandLine(argv []string) (string, error) {
	if len(argv) == 0 {
		return "", internal(nil, "no command to run")
	}
	for _, word := range argv {
		if !checker.PlainWord(word) {
			return "", &state.Failure{
				Reason:  state.ReasonInternal,
				Message: "refusing to run a command with the word " + quote(word),
			}
		}
	}
	return strings.Join(argv, " "), nil
}
