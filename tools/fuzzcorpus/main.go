// Command fuzzcorpus keeps of what fuzzing has found what later tests need of it: of Go's cache of inputs, each of which reached
// something new at its time, those that together reach all that the cache reaches and the seeds in the code do not. They are
// written below testdata/fuzz, where every `go test` tries them. What is there is never removed: it may be an input that once failed.
//
// Usage, in the repository: fuzzcorpus [REGEXP]: the targets whose "package FuzzName" matches.
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const module = "github.com/drift-exporter/drift_exporter"

func main() {
	wanted := regexp.MustCompile(strings.Join(os.Args[1:], " "))
	if err := keepAll(wanted); err != nil {
		fmt.Fprintln(os.Stderr, "fuzzcorpus:", err)
		os.Exit(1)
	}
}

func keepAll(wanted *regexp.Regexp) error {
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return fmt.Errorf("asking for Go's cache: %w", err)
	}
	root := filepath.Join(strings.TrimSpace(string(cache)), "fuzz", module)
	dirs, err := filepath.Glob(filepath.Join(root, "*", "Fuzz*"))
	if err != nil {
		return err
	}
	deeper, err := filepath.Glob(filepath.Join(root, "*", "*", "Fuzz*"))
	if err != nil {
		return err
	}
	for _, dir := range append(dirs, deeper...) {
		pkg, _ := filepath.Rel(root, filepath.Dir(dir))
		if t := (target{pkg: pkg, name: filepath.Base(dir), cache: dir}); wanted.MatchString(t.pkg + " " + t.name) {
			if err := t.keep(); err != nil {
				return fmt.Errorf("%s %s: %w", t.pkg, t.name, err)
			}
		}
	}
	return nil
}

// target is a fuzz target of a package, by its path in the repository, and the folder of the inputs that were found.
type target struct{ pkg, name, cache string }

// keep writes what is to be kept of one target's inputs.
func (t target) keep() error {
	work, err := os.MkdirTemp("", "fuzzcorpus")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	binary := filepath.Join(work, "test")
	if out, err := exec.Command("go", "test", "-c", "-cover", "-coverpkg="+module+"/...", "-o", binary, "./"+t.pkg).CombinedOutput(); err != nil {
		return fmt.Errorf("building its tests: %w: %s", err, out)
	}
	candidates, err := bySize(t.cache)
	if err != nil {
		return err
	}
	seen, err := t.reached(binary, work, "")
	if err != nil {
		return err
	}
	corpus := filepath.Join(t.pkg, "testdata", "fuzz", t.name)
	if err := os.MkdirAll(corpus, 0o755); err != nil {
		return err
	}
	kept := 0
	for _, input := range candidates {
		file := filepath.Join(corpus, filepath.Base(input))
		if _, err := os.Stat(file); err == nil {
			continue
		}
		content, err := os.ReadFile(input)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
		reached, err := t.reached(binary, work, filepath.Base(input))
		if err != nil {
			return fmt.Errorf("input %s: %w", input, err)
		}
		if more := len(seen); len(union(seen, reached)) == more {
			if err := os.Remove(file); err != nil {
				return err
			}
			continue
		}
		kept++
	}
	_ = os.Remove(corpus) // if it is empty
	fmt.Printf("%s %s: %d of %d kept\n", t.pkg, t.name, kept, len(candidates))
	return nil
}

// bySize lists a folder's files, the smallest first: of two inputs that reach the same it is the one to keep.
func bySize(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	var files []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, e.Name())
		files, sizes[file] = append(files, file), info.Size()
	}
	slices.SortStableFunc(files, func(a, b string) int { return cmp.Compare(sizes[a], sizes[b]) })
	return files, nil
}

// reached is which blocks of code one input reaches; without a name what the seeds and all that is kept reach.
func (t target) reached(binary, work, input string) (map[string]bool, error) {
	run := "^" + t.name + "$"
	if input != "" {
		run += "/^" + input + "$"
	}
	profile := filepath.Join(work, "profile")
	test := exec.Command(binary, "-test.run="+run, "-test.coverprofile="+profile)
	test.Dir = t.pkg
	if out, err := test.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	f, err := os.Open(profile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	blocks := map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); { // FILE:FROM,TO STATEMENTS COUNT
		if at := strings.LastIndexByte(lines.Text(), ' '); at > 0 && lines.Text()[at:] != " 0" && strings.Contains(lines.Text(), ":") && !strings.HasPrefix(lines.Text(), "mode:") {
			block, _, _ := strings.Cut(lines.Text(), " ")
			blocks[block] = true
		}
	}
	return blocks, nil
}

// union adds to the first what the second has, and returns it.
func union(into, from map[string]bool) map[string]bool {
	for block := range from {
		into[block] = true
	}
	return into
}
