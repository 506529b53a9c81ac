package yamlfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MaxSize is the largest file that is read: far more than anyone writes, and little enough to hold in memory.
const MaxSize = 16 << 20

// ReadFile reads a file of at most MaxSize bytes. Its errors do not repeat the file's name.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	return read(f, err)
}

// ReadFS is ReadFile within a file system.
func ReadFS(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	return read(f, err)
}

func read(f fs.File, err error) ([]byte, error) {
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	switch {
	case err != nil:
		return nil, bare(err)
	case len(data) > MaxSize:
		return nil, fmt.Errorf("is larger than %d MiB", MaxSize>>20)
	}
	return data, nil
}

// bare takes the operation and the file's name off an error, since problems name the file themselves.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// ShortName is a file's name as a user would write it: relative to the working directory if the file is within
// it, as it is otherwise.
func ShortName(name string) string {
	wd, err := os.Getwd()
	if err != nil || !filepath.IsAbs(name) {
		return name
	}
	relative, err := filepath.Rel(wd, name)
	if err != nil || relative == ".." || strings.HasPrefix(relative, ".."+string(filepath.Separator)) {
		return name
	}
	return relative
}
