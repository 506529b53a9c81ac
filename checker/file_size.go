package checker

import (
	"fmt"
	"strconv"

	"github.com/alecthomas/units"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// size is a number of bytes, plain or with a unit: 10KiB is 10240, 10KB is 10000.
func (d *decoding) size(field string, s yamlfile.Scalar) *int64 {
	if !s.Set {
		return nil
	}
	n, err := strconv.ParseInt(s.Value, 10, 64)
	if !isDigits(s.Value) {
		n, err = units.ParseStrictBytes(s.Value)
	}
	if err != nil || n < 0 {
		d.problem(s.Line, "%s must be a number of bytes, such as 4096, 10KiB or 1MB", field)
		return nil
	}
	return &n
}

// compareSize compares the size of a regular file.
func (f *fileItem) compareSize(size int64) []state.Mismatch {
	var mismatches []state.Mismatch
	add := func(what string, bound int64) {
		mismatches = append(mismatches, state.Mismatch{
			Type: "wrong_size", Expected: fmt.Sprintf("%s %d bytes", what, bound), Actual: fmt.Sprintf("%d bytes", size),
		})
	}
	if f.minSize != nil && size < *f.minSize {
		add("at least", *f.minSize)
	}
	if f.maxSize != nil && size > *f.maxSize {
		add("at most", *f.maxSize)
	}
	return mismatches
}

func sizeText(size *int64) string {
	if size == nil {
		return ""
	}
	return strconv.FormatInt(*size, 10)
}
