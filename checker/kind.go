package checker

import (
	"errors"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
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
	// Ops are those of all questions about an item, of Ask and of Compare: only these functions are sent to a machine.
	Ops(item pack.Item) []string
	// Ask says what must be observed for an item. Questions are data lines, never shell source.
	Ask(f Facts, item pack.Item) ([]Question, error)
	// Compare judges the item by the answers to Ask. It may return further questions beside its judgement (a file's
	// content, once its hash is known to differ): then it is called again with all answers, unless the machine has
	// been asked enough; the judgement stands as it is then. If there is none without their answers, it returns them
	// with errUndecided. Any other error means that the item could not be observed: it becomes an ItemError and the
	// attempt is unknown; mismatches beside it are those that were seen nonetheless.
	Compare(f Facts, item pack.Item, a Answers) ([]state.Mismatch, []Question, error)
}

// errUndecided is what Compare returns with the questions that it cannot judge without.
var errUndecided = errors.New("the machine was asked too many questions")

// expander is a kind of which an item may stand for several things: all files that a pattern matches.
type expander interface {
	// expand returns the items that an item stands for on this machine, by the answers to Ask. Each is then asked for
	// and compared in its place; its mismatches are of that item, and Of the one in the pack. With none, the item
	// itself is compared.
	expand(f Facts, item pack.Item, a Answers) ([]pack.Item, error)
}

// selfHiding is a kind that itself hides what is sensitive. Of all others neither what is demanded nor what there is
// is shown of sensitive items.
type selfHiding interface{ hidesItself() }

// permitted is a kind that a configuration must allow. The error says how.
type permitted interface {
	permit(config.Check) error
}

// Facts is what Ask and Compare know beside the item: what the machine said of itself, the machine's vars, and what
// the pack says of the item whatever its kind.
type Facts struct {
	state.Facts
	Vars map[string]any
	// Elevate is what in the configuration would let the script run as root there; empty if it does.
	Elevate string
	// Sensitive is as in pack.Entry.
	Sensitive yamlfile.Bool
}
