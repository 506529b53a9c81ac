package fleetbench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/simfleet"
)

// Recording is a check that a real shell has answered, to be answered in the same way again without one. The nonce, which
// differs each time, is replaced in it by placeholder.
type Recording struct {
	Exchanges []Exchange `json:"exchanges"`
}

// Exchange is what was sent to the shell and what it answered before more was sent.
type Exchange struct {
	In  string `json:"in"`
	Out string `json:"out"`
}

// placeholder is as long as a nonce, so that lengths are those of every check.
var placeholder = strings.Repeat("@", 32)

var (
	nonceLine = regexp.MustCompile(`(?m)^([0-9a-f]{32}) facts$`)
	errOther  = errors.New("this is not what was recorded")
)

// ParseRecording makes a recording of all that was sent in one check and all that was answered.
func ParseRecording(in, out []byte) (*Recording, error) {
	m := nonceLine.FindSubmatch(out)
	if m == nil {
		return nil, errors.New("no facts were answered")
	}
	sent := strings.ReplaceAll(string(in), string(m[1]), placeholder)
	said := strings.ReplaceAll(string(out), string(m[1]), placeholder)
	ins, err := requests(sent)
	if err != nil {
		return nil, err
	}
	outs := answers(said)
	if len(ins) != len(outs) || len(ins) < 3 {
		return nil, fmt.Errorf("%d requests and %d answers: the dialogue is not the one that this knows", len(ins), len(outs))
	}
	r := &Recording{}
	for i := range ins {
		r.Exchanges = append(r.Exchanges, Exchange{ins[i], outs[i]})
	}
	return r, nil
}

// requests cuts what was sent after the script, and after each stage.
func requests(sent string) ([]string, error) {
	script, err := simfleet.ReadScript(bufio.NewReader(strings.NewReader(sent)))
	if err != nil {
		return nil, err
	}
	ends := func(line string) bool { return line == "stage\n" || line == "bye\n" }
	return append([]string{script}, cutAfter(sent[len(script):], ends)...), nil
}

// answers cuts what was said after the facts, and after each stage.
func answers(said string) []string {
	ends := regexp.MustCompile(`^` + placeholder + ` (facts|stage \d+|bye \d+)\n$`)
	return cutAfter(said, ends.MatchString)
}

// cutAfter cuts a text after each line of that kind.
func cutAfter(text string, ends func(line string) bool) []string {
	var pieces []string
	piece := ""
	for line := range strings.Lines(text) {
		piece += line
		if ends(line) {
			pieces, piece = append(pieces, piece), ""
		}
	}
	if piece != "" {
		pieces = append(pieces, piece)
	}
	return pieces
}

// ReadRecording reads a file that Write has written.
func ReadRecording(file string) (*Recording, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Recording{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("read recording %s: %w", file, err)
	}
	return r, nil
}

// Write writes it to a file.
func (r *Recording) Write(file string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

// Output is all that is answered, in one piece.
func (r *Recording) Output() string {
	var b strings.Builder
	for _, e := range r.Exchanges {
		b.WriteString(e.Out)
	}
	return b.String()
}

// Play is an Exec that answers whoever sends what was recorded, to the byte. Anything else ends it with status 1.
func (r *Recording) Play() simfleet.Exec {
	type pieces struct{ in, out [][]byte }
	var all []pieces
	longest := 0
	for _, e := range r.Exchanges {
		all = append(all, pieces{bytes.Split([]byte(e.In), []byte(placeholder)), bytes.Split([]byte(e.Out), []byte(placeholder))})
		longest = max(longest, len(e.In))
	}
	return func(_ context.Context, stdin io.ReadCloser, stdout, _ io.Writer) int {
		defer func() { _ = stdin.Close() }()
		in, nonce := bufio.NewReader(stdin), []byte(nil)
		for _, p := range all {
			got := make([]byte, len(bytes.Join(p.in, []byte(placeholder))))
			if _, err := io.ReadFull(in, got); err != nil {
				return 1
			}
			var err error
			if nonce, err = matches(p.in, got, nonce); err != nil {
				return 1
			}
			if _, err := stdout.Write(bytes.Join(p.out, nonce)); err != nil {
				return 1
			}
		}
		return 0
	}
}

// matches tells whether a text is made of these pieces with the nonce between them. The first text to have one decides
// which it is.
func matches(pieces [][]byte, got, nonce []byte) ([]byte, error) {
	for i, piece := range pieces {
		if i > 0 {
			if nonce == nil {
				nonce = got[:len(placeholder)]
			}
			if !bytes.HasPrefix(got, nonce) {
				return nil, errOther
			}
			got = got[len(nonce):]
		}
		if !bytes.HasPrefix(got, piece) {
			return nil, errOther
		}
		got = got[len(piece):]
	}
	return nonce, nil
}
