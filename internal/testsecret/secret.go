// Package testsecret is what tests plant where a secret would be: passwords, passphrases, content that is sensitive. All
// of them bear one mark, so that all that the program writes, shows, sends and stores can be searched for every one of
// them at once, and also for private keys. It is for tests only; nothing that ships may import it.
package testsecret

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Mark is in every planted secret. It needs no quotes in YAML, in a shell or in a URL.
const Mark = "tellnobody7f3a"

// Of is a secret, told apart from others by what it is of.
func Of(what string) string { return Mark + "-" + what }

// leaked matches the mark as it is and as encoders would write it, and how keys begin: their armour, or the
// first bytes of OpenSSH's.
var leaked = regexp.MustCompile("(?i)" + strings.Join(append(encodings(),
	regexp.QuoteMeta(hex.EncodeToString([]byte(Mark))), Mark, "PRIVATE KEY-----", "NKEY SEED-----", "b3BlbnNzaC1rZXktdjE"), "|"))

// encodings are the mark in base64: what of it is the same whatever stands before and after, for each place in a group
// of three bytes that it can begin at.
func encodings() []string {
	var all []string
	for before := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + Mark))
		first := (before*8 + 5) / 6 // the first that holds nothing of what is before
		all = append(all, regexp.QuoteMeta(text[first:len(text)-1]))
	}
	return all
}

// Found is what a text gives away, with some of what stands around it.
func Found(text string) (excerpts []string) {
	for _, at := range leaked.FindAllStringIndex(text, -1) {
		excerpts = append(excerpts, text[max(0, at[0]-60):min(len(text), at[1]+30)])
	}
	return excerpts
}

// Check fails the test if a text gives something away. It may be called from any goroutine.
func Check(t testing.TB, where, text string) {
	t.Helper()
	if excerpts := Found(text); len(excerpts) > 0 {
		t.Errorf("%s has a planted secret %d times, first in %q", where, len(excerpts), excerpts[0])
	}
}

// CheckFiles fails the test if a file below a directory, or its name, gives something away, and returns how many files
// there are.
func CheckFiles(t testing.TB, dir string) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		Check(t, "the name of "+path, filepath.Base(path))
		Check(t, path, string(text))
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("searching %s for planted secrets: %v", dir, err)
	}
	return files
}
