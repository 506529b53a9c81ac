package checker

import (
	"errors"
	"fmt"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// maxDiffed bounds the files whose content is fetched for a diff, in bytes.
const maxDiffed = 64 << 10

var errChanged = errors.New("changed while being read")

func (fileKind) Compare(facts Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	f := item.(*fileItem)
	if f.glob != nil {
		return f.compareNoMatch(), nil, nil
	}
	path, err := onMachine(f.path, facts)
	if err != nil {
		return nil, nil, err
	}
	answer, err := answers.to("file", path)
	if err != nil {
		return nil, nil, err
	}
	got, err := parseObserved(answer)
	if err != nil {
		return nil, nil, err
	}
	if mismatch, known, err := f.compareExistence(got); known || err != nil {
		return mismatch, nil, err
	}
	mismatches, err := f.compareLink(got, answers, path)
	if err == nil {
		var attributes []state.Mismatch
		attributes, err = f.compareAttributes(got, answers)
		mismatches = append(mismatches, attributes...)
	}
	switch {
	case errors.Is(err, errUndecided):
		return nil, unanswered(answers, f.ownerQuestions()), err
	case err != nil:
		return nil, nil, err
	}
	compare := f.compareLines
	if f.hasContent() {
		compare = f.compareContent
	}
	wrong, questions, err := compare(facts, got, answers, path)
	return append(mismatches, wrong...), questions, err
}

// compareExistence judges what is not there, and what is of another type: all else is not compared then. known is
// false if the item is there, as demanded, and can be looked at.
func (f *fileItem) compareExistence(got observed) (mismatches []state.Mismatch, known bool, err error) {
	one := func(typ, expected, actual string) ([]state.Mismatch, bool, error) {
		return []state.Mismatch{{Type: typ, Expected: expected, Actual: actual}}, true, nil
	}
	switch {
	case f.absent && got.absent:
		return nil, true, nil
	case f.absent:
		return one("unexpected_file", "absent", got.lstatType())
	case got.absent:
		return one("missing_file", "present", "absent")
	case f.typ != "" && f.typ != got.lstatType():
		return one("wrong_type", f.typ, got.lstatType())
	case !f.needsReached():
		return nil, false, nil
	case got.dangling:
		return one("missing_file", "present", "symlink that leads nowhere")
	case got.reached == nil:
		return nil, true, fmt.Errorf("what the symlink leads to: %s", got.unreached)
	case f.needsRegular() && got.reached.fileType() != typeRegular:
		return one("wrong_type", "file", got.reached.typeName())
	}
	return nil, false, nil
}

// compareNoMatch judges a glob that nothing matches.
func (f *fileItem) compareNoMatch() []state.Mismatch {
	if f.absent {
		return nil
	}
	return []state.Mismatch{{Type: "missing_file", Expected: "present", Actual: "nothing matches"}}
}

// compareAttributes compares what is demanded of what the path leads to.
func (f *fileItem) compareAttributes(got observed, answers Answers) ([]state.Mismatch, error) {
	var mismatches []state.Mismatch
	if f.mode != nil && *f.mode != got.reached.permissions() {
		mismatches = append(mismatches, state.Mismatch{
			Type: "wrong_permissions", Expected: fmt.Sprintf("%04o", *f.mode), Actual: fmt.Sprintf("%04o", got.reached.permissions()),
		})
	}
	if got.reached != nil {
		mismatches = append(mismatches, f.compareSize(got.reached.size)...)
	}
	if f.own && got.link {
		return mismatches, nil
	}
	owners, err := f.compareOwner(got.reached, answers)
	return append(mismatches, owners...), err
}

// othersRead is the permission of others to read.
const othersRead = 0o004

// secret tells whether content must stay on the machine: as the pack says, or where others cannot read the file, as
// it is or as it should be.
func (f *fileItem) secret(facts Facts, got observed) bool {
	hidden := got.reached.permissions()&othersRead == 0 || f.mode != nil && *f.mode&othersRead == 0
	return facts.Sensitive.Or(hidden)
}

func (f *fileItem) compareContent(facts Facts, got observed, answers Answers, path string) ([]state.Mismatch, []Question, error) {
	sum, err := answers.to("sum", path)
	switch {
	case err != nil:
		return nil, nil, err
	case sum == "-":
		return nil, nil, errChanged
	case !isSHA256(sum):
		return nil, nil, fmt.Errorf("sha256sum gave %s", quoted(sum))
	}
	hash, wanted, err := f.want(facts)
	if err != nil {
		return nil, nil, f.unmade(facts, got, err)
	}
	if hash == sum {
		return nil, nil, nil
	}
	if len(f.ignored) > 0 {
		return f.compareRest(facts, got, answers, path, string(wanted))
	}
	mismatch := state.Mismatch{
		Type: "wrong_content", Expected: "sha256:" + hash, Actual: "sha256:" + sum, Sensitive: f.secret(facts, got),
	}
	if wanted == nil || mismatch.Sensitive || got.reached.size > maxDiffed || !isText(wanted) {
		return []state.Mismatch{mismatch}, nil, nil
	}
	question := Question{Op: "content", Arg: path, Size: got.reached.size}
	if !answers.has(question) {
		return []state.Mismatch{mismatch}, []Question{question}, nil
	}
	content, err := answers.to("content", path)
	switch {
	case errors.Is(err, errNoContent):
		return []state.Mismatch{mismatch}, nil, nil
	case err != nil:
		return nil, nil, err
	}
	// The hashes have proven the difference; the content only shows it. There is no diff of one that changed again, or
	// that a job which a login left behind has printed into.
	switch read := hashOf([]byte(content)); {
	case read == hash:
		return nil, nil, errChanged // to what is demanded: neither verdict would be true for long
	case read == sum && isText([]byte(content)):
		mismatch.Diff = unifiedDiff(string(wanted), content)
	}
	return []state.Mismatch{mismatch}, nil, nil
}
