package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// buildContext lists what an image build would be sent.
func buildContext(dir string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, ".dockerignore"))
	if err != nil {
		return nil, err
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		skip, err := ignored.MatchesOrParentMatches(path)
		if err == nil && !skip {
			out.WriteString(path + "\n")
		}
		return err
	})
	return out.Bytes(), err
}
