package checker

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// answeredBy begins the facts in which an installed script gives the digest of each answer's functions.
const answeredBy = "answer_"

// factsAnswer is what all answers rest on: how questions are read, frames written and facts gathered.
const factsAnswer = "facts"

// answerDigests are, for each op and for the facts, the digest of all functions that take part in the answer. A
// function of the same text answers the same; of another one nobody can tell whether its answer still means the same.
var answerDigests = sync.OnceValue(func() map[string]string {
	shell := scriptCommon
	for _, kind := range Kinds().kinds {
		shell += kind.Shell()
	}
	functions := shellFunctions(shell + scriptUser + scriptMain + helperChecks)
	base := helperStart + functions.needed("", "drift_main", "helper_checks", "helper_fail")
	digests := map[string]string{factsAnswer: shellDigest(base)}
	for _, op := range scriptOps(shell) {
		digests[op] = shellDigest(base + functions.needed("op_"+op))
	}
	return digests
})

// shellText is the functions of a shell text by their names, and under "" what is in front of the first.
type shellText struct {
	functions map[string]string
	order     []string // of the names in the text
}

var functionStart = regexp.MustCompile(`(?m)^([a-z_]+)\(\) \{`)

// shellFunctions takes a shell text apart. What stands between two functions counts as the end of the first of them.
func shellFunctions(text string) shellText {
	f, name, begin := shellText{functions: map[string]string{}}, "", 0
	end := func(at int) {
		if _, again := f.functions[name]; !again {
			f.order = append(f.order, name)
		}
		f.functions[name] += text[begin:at]
	}
	for _, at := range functionStart.FindAllStringSubmatchIndex(text, -1) {
		end(at[0])
		name, begin = text[at[2]:at[3]], at[0]
	}
	end(len(text))
	return f
}

var shellWord = regexp.MustCompile(`[a-z_]+`)

// needed is the text of these functions and of all that they call, in an order that does not depend on the whole text's.
func (f shellText) needed(names ...string) string {
	var all []string
	for name := range f.calls(names...) {
		all = append(all, f.functions[name])
	}
	slices.Sort(all)
	return strings.Join(all, "")
}

// only is the text without functions that these do not need.
func (f shellText) only(names ...string) string {
	calls, out := f.calls(names...), ""
	for _, name := range f.order {
		if calls[name] {
			out += f.functions[name]
		}
	}
	return out
}

// calls are these functions and all that they call. Every word that is a function's name counts as a call, and one that ends
// with _, to which a variable adds the rest, as calls of all that begin so.
func (f shellText) calls(names ...string) map[string]bool {
	seen := map[string]bool{}
	for len(names) > 0 {
		name := names[0]
		if names = names[1:]; seen[name] {
			continue
		}
		seen[name] = true
		for _, word := range shellWord.FindAllString(f.functions[name], -1) {
			if _, there := f.functions[word]; there {
				names = append(names, word)
			}
			if strings.HasSuffix(word, "_") {
				names = append(names, f.beginningWith(word)...)
			}
		}
	}
	return seen
}

func (f shellText) beginningWith(prefix string) []string {
	var names []string
	for name := range f.functions {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// installed is what an installed script said of itself.
type installed struct {
	digest  string
	answers map[string]string // the digest of each answer
}

func parseInstalled(raw map[string]string) *installed {
	h := &installed{digest: raw["helper"], answers: map[string]string{}}
	for key, value := range raw {
		if op, ok := strings.CutPrefix(key, answeredBy); ok {
			h.answers[op] = value
		}
	}
	return h
}

const installThisOne = "install the one that this version's command drift_exporter helper prints"

// usable refuses a script whose facts may mean something else. Nothing is asked of it then.
func (h *installed) usable() error {
	if h.answersAsWeDo(factsAnswer) {
		return nil
	}
	return &state.Failure{Reason: state.ReasonProtocol, Message: "the installed helper is of another version: " + installThisOne}
}

// answersAsWeDo tells whether its answers to an op are made as ours are. A nil one is the script that was sent.
func (h *installed) answersAsWeDo(op string) bool {
	return h == nil || h.answers[op] != "" && h.answers[op] == answerDigests()[op]
}

// ofThisVersion tells whether it is, to the byte, one that we would install.
func (h *installed) ofThisVersion() bool {
	return h == nil || slices.Contains(helperDigests(), h.digest)
}

var helperDigests = sync.OnceValue(func() []string {
	var digests []string
	for _, o := range []HelperOptions{{}, {AllowCommands: true}, {NoContent: true}, {AllowCommands: true, NoContent: true}} {
		digests = append(digests, shellDigest(helperText(o, "")))
	}
	return digests
})
