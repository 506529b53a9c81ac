package config

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// scope reports the problems of one part of a file and reads the values in it. Every reader returns something
// usable after a problem, so that the rest can be looked at.
type scope struct {
	file    string
	subject string // before each message: `machine "web1": `
	line    int    // of the part, for what has no line of its own
	out     *yamlfile.Problems
}

func (s scope) errorf(line int, format string, args ...any) { s.report(line, false, format, args) }

func (s scope) warnf(line int, format string, args ...any) { s.report(line, true, format, args) }

func (s scope) report(line int, warning bool, format string, args []any) {
	*s.out = append(*s.out, yamlfile.Problem{
		File: s.file, Line: cmp.Or(line, s.line, 1), Message: s.subject + fmt.Sprintf(format, args...), Warning: warning,
	})
}

// decoded adds the problems of decoding.
func (s scope) decoded(problems yamlfile.Problems) {
	for _, p := range problems {
		s.report(p.Line, p.Warning, "%s", []any{p.Message})
	}
}

// number reads a whole number from least to most.
func (s scope) number(v yamlfile.Scalar, field string, otherwise, least, most int) int {
	if !v.Set {
		return otherwise
	}
	n, err := strconv.Atoi(v.Value)
	switch {
	case err != nil:
		s.errorf(v.Line, "%s must be a whole number, not %q", field, v.Value)
	case n < least && most == anyNumber:
		s.errorf(v.Line, "%s must be at least %d, not %d", field, least, n)
	case n < least || n > most:
		s.errorf(v.Line, "%s must be a number from %d to %d, not %d", field, least, most, n)
	default:
		return n
	}
	return otherwise
}

const anyNumber = int(^uint(0) >> 1)

// duration reads a duration of at least one nanosecond, in Prometheus' notation (1h30m, 1d) or Go's (1.5h).
func (s scope) duration(v yamlfile.Scalar, field string, otherwise time.Duration) time.Duration {
	d := s.durationOrZero(v, field, otherwise)
	if v.Set && d == 0 {
		s.errorf(v.Line, "%s must be more than 0", field)
		return otherwise
	}
	return d
}

func (s scope) durationOrZero(v yamlfile.Scalar, field string, otherwise time.Duration) time.Duration {
	if !v.Set {
		return otherwise
	}
	d, err := parseDuration(v.Value)
	if err != nil || d < 0 {
		s.errorf(v.Line, "%s must be a duration such as 30s, 5m or 1h30m, not %q", field, v.Value)
		return otherwise
	}
	return d
}

func parseDuration(text string) (time.Duration, error) {
	if d, err := model.ParseDuration(text); err == nil {
		return time.Duration(d), nil
	}
	return time.ParseDuration(text)
}

// oneLine reads a text that is shown to people.
func (s scope) oneLine(v yamlfile.Scalar, field string) string {
	if !yamlfile.OneLine(v.Value) {
		s.errorf(v.Line, "%s must not hold line breaks or other control characters", field)
		return ""
	}
	return v.Value
}
