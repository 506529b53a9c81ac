package checker

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/template"
)

// What a template may take: nobody who writes one by mistake, or means harm, may keep a check from ending or fill the memory.
const (
	maxRendered = 4 << 20   // bytes of what it makes, and of each text on the way
	maxSteps    = 1_000_000 // pieces that it writes; the loader has each round of a loop write one, see pack
	maxMade     = 64 << 20  // bytes of all texts that its functions make on the way
	maxVerbs    = 100       // of a printf
)

var (
	errTooMuchText = errors.New("makes texts of more than " + strconv.Itoa(maxMade) + " bytes on the way, or one of more than " + strconv.Itoa(maxRendered))
	errTooManyVerb = errors.New("formats more than " + strconv.Itoa(maxVerbs) + " values at once")
)

// execute is what a template makes of the data.
func execute(t *template.Template, data any) ([]byte, error) {
	t, err := t.Clone() // the functions count for this once
	if err != nil {
		return nil, err
	}
	out := boundedBuffer{left: maxRendered, steps: maxSteps}
	if err := t.Funcs(boundedFunctions()).Execute(&out, data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// boundedBuffer is a buffer that refuses to grow without end, or to be written to for ever.
type boundedBuffer struct {
	bytes.Buffer
	left, steps int
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("makes more than " + strconv.Itoa(maxRendered) + " bytes")
	}
	if b.steps--; b.steps < 0 {
		return 0, errors.New("does not end within " + strconv.Itoa(maxSteps) + " steps")
	}
	return b.Buffer.Write(p)
}

// boundedFunctions stand in for those functions of text/template that make texts.
func boundedFunctions() template.FuncMap {
	left := maxMade
	bounded := func(times int, made func(args ...any) string) func(args ...any) (string, error) {
		return func(args ...any) (string, error) {
			size := 0
			for _, arg := range args {
				if text, ok := arg.(string); ok {
					size += len(text)
				}
			}
			if times*size > maxRendered {
				return "", errTooMuchText
			}
			text := made(args...)
			if left -= len(text); left < 0 || len(text) > maxRendered {
				return "", errTooMuchText
			}
			return text, nil
		}
	}
	return template.FuncMap{
		"print": bounded(1, fmt.Sprint), "println": bounded(1, fmt.Sprintln), "html": bounded(1, template.HTMLEscaper),
		"js": bounded(1, template.JSEscaper), "urlquery": bounded(1, template.URLQueryEscaper),
		"printf": func(format string, args ...any) (string, error) {
			verbs := strings.Count(format, "%")
			if verbs > maxVerbs {
				return "", errTooManyVerb
			}
			return bounded(max(1, verbs), func(args ...any) string { return fmt.Sprintf(format, args...) })(args...)
		},
	}
}
