package checker

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
)

// want is the sha256 that is demanded, and the content itself where it is known. It is nil where only a hash is.
func (f *fileItem) want(facts Facts) (hash string, content []byte, err error) {
	switch {
	case f.hash != "":
		return f.hash, nil, nil
	case f.template != nil:
		if content, err = execute(f.template, templateData(facts)); err != nil {
			return "", nil, fmt.Errorf("template %s: %w", f.templateName, err)
		}
	case f.content != nil:
		return f.contentHash, []byte(*f.content), nil
	}
	if content == nil {
		content = []byte{}
	}
	return hashOf(content), content, nil
}

// templateData is what a template sees: the machine's vars at the root, and its facts.
func templateData(f Facts) map[string]any {
	data := make(map[string]any, len(f.Vars)+1)
	for name, value := range f.Vars {
		data[name] = value
	}
	data["facts"] = map[string]any{
		"os": f.OS, "version": f.Version, "name": f.Name, "kernel": f.Kernel, "arch": f.Arch, "hostname": f.Hostname,
		"package_manager": f.PackageManager, "init": f.Init, "user": f.User, "home": f.Home,
	}
	return data
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

var noSuchVar = regexp.MustCompile(`map has no entry for key "[^"\\]*"`)

// unmade is the error of a template. Of a file whose content must not be seen it only says which variable is missing:
// what else a template complains of may quote it, or a value.
func (f *fileItem) unmade(facts Facts, got observed, err error) error {
	if !f.secret(facts, got) {
		return err
	}
	why := noSuchVar.FindString(err.Error())
	if why == "" {
		why = "it makes no content; why is not shown of a sensitive file"
	}
	return fmt.Errorf("template %s: %s", f.templateName, why)
}

// errDirectory is a directory where a file is to be read.
var errDirectory = errors.New("is a directory and not a file")

// regularFile is what a machine says of a file that is to be read, once it was asked; there is false if it has none.
func regularFile(answers Answers, path string) (got observed, there bool, err error) {
	answer, err := answers.to("file", path)
	if err != nil {
		return observed{}, false, err
	}
	got, err = parseObserved(answer)
	switch {
	case err != nil || got.absent || got.dangling:
		return got, false, err
	case got.reached == nil:
		return got, false, fmt.Errorf("what the symlink leads to: %s", got.unreached)
	case got.reached.fileType() == typeDirectory:
		return got, false, errDirectory
	case got.reached.fileType() != typeRegular:
		return got, false, fmt.Errorf("is a %s and not a file", got.reached.typeName())
	}
	return got, true, nil
}

// readWhole is a file's content, whose hash proves that it is nothing else. Without the answers that takes it returns
// the questions with errUndecided.
func readWhole(got observed, answers Answers, path string) (string, []Question, error) {
	if err := tooLarge(got.reached.size); err != nil {
		return "", nil, err
	}
	questions := []Question{{Op: "sum", Arg: path}, {Op: "content", Arg: path, Size: got.reached.size}}
	if !answers.has(questions[0]) || !answers.has(questions[1]) {
		return "", questions, errUndecided
	}
	sum, err := answers.to("sum", path)
	if err != nil {
		return "", nil, err
	}
	content, err := answers.to("content", path)
	if err != nil {
		return "", nil, err
	}
	if err := tooLarge(int64(len(content))); err != nil {
		return "", nil, err
	}
	if hashOf([]byte(content)) != sum {
		return "", nil, errChanged
	}
	return content, nil, nil
}

func tooLarge(size int64) error {
	if size > maxContent {
		return fmt.Errorf("is larger than %d bytes", maxContent)
	}
	return nil
}

// contentOps are the ops of regularFile and readWhole.
func contentOps() []string { return []string{"file", "sum", "content"} }
