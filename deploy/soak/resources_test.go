package soak_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// resources are what the exporter uses after a run.
type resources struct {
	goroutines, files, heap, resident, store float64
}

// measures are what is compared, and by how much more of it there may be at the end: a share, and something for what is there by
// chance when it is looked at.
var measures = []struct {
	name        string
	of          func(resources) float64
	share, more float64
}{
	{"goroutines", func(r resources) float64 { return r.goroutines }, 1.1, 5},
	{"file descriptors", func(r resources) float64 { return r.files }, 1.1, 5},
	{"heap before a collection, bytes", func(r resources) float64 { return r.heap }, 1.2, 1 << 20},
	{"resident memory, bytes", func(r resources) float64 { return r.resident }, 1.2, 4 << 20},
	{"store without histories, bytes", func(r resources) float64 { return r.store }, 1.2, 64 << 10},
}

// bytesOfChange is what an entry of a history takes on the disk. Histories are what may grow in a month: each pair's up to
// 64 entries.
const bytesOfChange = 800

// measure is taken between runs.
func (s *soak) measure() {
	s.t.Helper()
	number := func(series string) float64 {
		value, err := strconv.ParseFloat(s.Metric(series), 64)
		require.NoError(s.t, err, series)
		return value
	}
	s.measured = append(s.measured, resources{
		goroutines: number("go_goroutines"), files: number("process_open_fds"),
		heap: number("go_memstats_next_gc_bytes"), resident: number("process_resident_memory_bytes"),
		store: float64(s.stored()) - bytesOfChange*float64(s.Model.Changes()),
	})
}

// stored is how much is on the disk.
func (s *soak) stored() (size int64) {
	_ = filepath.WalkDir(s.Storage, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // gone meanwhile
		}
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size
}

// flatFrom is how many runs a soak must have for its quarters to mean anything.
const flatFrom = 200

// compareQuarters compares the second quarter of the runs with the last. The exporter is the same process in both.
func (s *soak) compareQuarters(t *testing.T) {
	quarter := len(s.measured) / 4
	for _, m := range measures {
		second, last := median(s.measured[quarter:2*quarter], m.of), median(s.measured[3*quarter:], m.of)
		t.Logf("%s: %.0f at first, %.0f in the second quarter, %.0f in the last, %.0f at last", m.name, m.of(s.measured[0]), second, last,
			m.of(s.measured[len(s.measured)-1]))
	}
	if len(s.measured) >= flatFrom {
		assert.Empty(t, grown(s.measured), "what is used grows")
	}
}

// grown names what there was more of in the last quarter than in the second.
func grown(all []resources) (names []string) {
	quarter := len(all) / 4
	for _, m := range measures {
		if second, last := median(all[quarter:2*quarter], m.of), median(all[3*quarter:], m.of); last > second*m.share+m.more {
			names = append(names, m.name)
		}
	}
	return names
}

func TestGrowthIsSeen(t *testing.T) {
	flat := resources{goroutines: 80, files: 19, heap: 20 << 20, resident: 64 << 20, store: 10 << 20}
	for name, grow := range map[string]func(r *resources, run float64){
		"goroutines":                      func(r *resources, run float64) { r.goroutines += run / 10 },
		"file descriptors":                func(r *resources, run float64) { r.files += run / 20 },
		"heap before a collection, bytes": func(r *resources, run float64) { r.heap += run * 30_000 },
		"resident memory, bytes":          func(r *resources, run float64) { r.resident += run * 60_000 },
		"store without histories, bytes":  func(r *resources, run float64) { r.store += run * 10_000 },
	} {
		var all []resources
		for run := range 720 {
			r := flat
			r.goroutines += float64(run % 7) // what goes up and down is no growth
			grow(&r, float64(run))
			all = append(all, r)
		}
		assert.Equal(t, []string{name}, grown(all))
	}
}

func median(all []resources, of func(resources) float64) float64 {
	var values []float64
	for _, r := range all {
		values = append(values, of(r))
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}
