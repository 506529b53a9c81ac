package checker

import (
	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Kind is a kind of thing to check: files, packages, environment variables, … One Go file implements it, and
// nothing else names it.
type Kind interface {
	pack.Decoder
	// Name is the kind in results and in the dialogue: file, package, env_var, sysctl.
	Name() string
	// Section is where its items stand in a pack: the section, and the `type` within it where the section holds
	// several kinds (empty otherwise).
	Section() (section, typ string)
	// Shell is the POSIX sh functions that observe it: constant text, part of the one script.
	Shell() string
	// Ask says what must be observed for an item. Questions are data lines, never shell source.
	Ask(f Facts, item pack.Item) ([]Question, error)
	// Compare judges the item by the answers to Ask. It may return further questions beside its judgement (a file's
	// content, once its hash is known to differ): then it is called again with all answers, unless the machine has
	// been asked enough; the judgement stands as it is then. An error means that the item could not be observed: it
	// becomes an ItemError and the attempt is unknown.
	Compare(f Facts, item pack.Item, a Answers) ([]state.Mismatch, []Question, error)
}

// Facts is what Ask and Compare know beside the item: what the machine said of itself and the machine's vars.
type Facts struct {
	state.Facts
	Vars map[string]any
}
