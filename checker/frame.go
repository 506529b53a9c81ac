package checker

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// The bounds of what a machine may print.
const (
	maxNoise  = 1 << 20   // before the script is ready
	maxOutput = 16 << 20  // in all, beside the contents that are asked for
	maxLine   = 512 << 10 // of a frame: the largest environment variable in hex, and room
	maxBatch  = 4 << 20   // of what answers several questions: a thousand paths of the longest
)

// A frame is a line that begins with the session's nonce; whatever else a machine prints between frames is noise of
// its login files and is skipped. As printed by the script:
//
//	NONCE fact KEY VALUE        NONCE facts
//	NONCE N more TEXT           a line of the answer to question N that is not its last
//	NONCE N val TEXT            the last line of the answer
//	NONCE N err TEXT            why there is no answer
//	NONCE N body … NONCE N end STATUS   the answer as raw bytes, up to the newline before the end
//	NONCE batch N N… … NONCE batched STATUS   raw bytes that answer all these questions; none of them if STATUS is not 0
//	NONCE stage N               every question of a stage was read; N is their number so far
//	NONCE bye N                 the end
type frame struct {
	verb   string
	number int    // of the question, or of all questions read so far
	key    string // of a fact
	text   string // of a fact, answer or error
	batch  []batched
}

// batched is a question of a batch, and whether the script has marked it.
type batched struct {
	number int
	marked bool
}

// frameReader takes frames out of what a machine prints.
type frameReader struct {
	*readBuffers
	nonce string
	left  int64 // how much more may be read
}

// readBuffers are those of a frame reader: each session has one, and sessions come and go.
type readBuffers struct {
	in  *bufio.Reader
	raw []byte
}

var readers = sync.Pool{New: func() any { return &readBuffers{in: bufio.NewReaderSize(nil, 8<<10)} }}

var (
	errMalformed = errors.New("the answer makes no sense")
	errOutput    = fmt.Errorf("printed %d MiB more than was asked for", maxOutput>>20)
	errNoise     = fmt.Errorf("printed more than %d MiB before the script was ready", maxNoise>>20)
)

func newFrameReader(r io.Reader, nonce string) *frameReader {
	buffers := readers.Get().(*readBuffers)
	buffers.in.Reset(r)
	return &frameReader{readBuffers: buffers, nonce: nonce, left: maxOutput}
}

// close gives back the buffer. Nothing may be read any more.
func (f *frameReader) close() {
	if f.readBuffers == nil {
		return
	}
	f.in.Reset(nil)
	if cap(f.raw) > maxKept {
		f.raw = nil
	}
	readers.Put(f.readBuffers)
	f.readBuffers = nil
}

// expect lets a machine print that much more: it is asked for it.
func (f *frameReader) expect(size int64) { f.left += min(size, maxContent) }

// otherReady is how a script begins whose frames are not ours.
var otherReady = regexp.MustCompile(`^drift_exporter/[0-9]{1,9} ready$`)

// ready skips what login files print until the script says that it runs.
func (f *frameReader) ready() error {
	for {
		line, err := f.line(maxLine)
		switch {
		case err != nil:
			return err
		case string(line) == readyLine:
			return nil
		case otherReady.Match(line):
			return fmt.Errorf("the installed helper says %s, and this exporter speaks protocol %d: %s", quoted(string(line)), readyProtocol, installThisOne)
		case maxOutput-f.left > maxNoise:
			return errNoise
		}
	}
}

// next returns the next frame. Frames are whole or not there: a line that the machine did not end is an error.
func (f *frameReader) next() (frame, error) {
	for {
		line, err := f.line(maxLine)
		if err != nil {
			return frame{}, err
		}
		if rest, ours := f.strip(line); ours {
			return f.parse(rest)
		}
	}
}

// strip takes the nonce off a line, if it has it.
func (f *frameReader) strip(line []byte) (string, bool) {
	if f.nonce == "" || len(line) <= len(f.nonce) || string(line[:len(f.nonce)]) != f.nonce || line[len(f.nonce)] != ' ' {
		return "", false
	}
	return string(line[len(f.nonce)+1:]), true
}

// line reads a line and returns it without its end, until the next is read. Of one longer than limit nothing is kept: it is no
// frame.
func (f *frameReader) line(limit int) ([]byte, error) {
	var line []byte
	long := false
	for {
		piece, err := f.in.ReadSlice('\n')
		if f.left -= int64(len(piece)); f.left < 0 {
			return nil, errOutput
		}
		if long = long || len(line)+len(piece) > limit; long {
			line, piece = nil, nil
		}
		if line == nil && err == nil {
			return bytes.TrimSuffix(piece, []byte("\n")), nil
		}
		line = append(line, piece...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(line, []byte("\n")), nil
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

func (f *frameReader) parse(line string) (frame, error) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "fact":
		key, value, _ := strings.Cut(rest, " ")
		return frame{verb: word, key: key, text: value}, nil
	case "facts":
		return frame{verb: word}, nil
	case "batch":
		return f.batch(rest)
	case "stage", "bye":
		n, err := frameNumber(rest)
		return frame{verb: word, number: n}, err
	}
	n, err := frameNumber(word)
	if err != nil {
		return frame{}, err
	}
	verb, text, _ := strings.Cut(rest, " ")
	switch verb {
	case "more", "val", "err":
		return frame{verb: verb, number: n, text: text}, nil
	case "body":
		return f.body(n)
	}
	return frame{}, errMalformed
}

func frameNumber(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s || n < 0 {
		return 0, errMalformed
	}
	return n, nil
}

// body reads a file's content.
func (f *frameReader) body(n int) (frame, error) {
	body, status, err := f.bytes(strconv.Itoa(n)+" end ", maxContent+3)
	switch {
	case err != nil:
		return frame{}, err
	case status != "0":
		return frame{verb: "err", number: n, text: "cannot be read"}, nil
	}
	return frame{verb: "val", number: n, text: body}, nil
}

// batch reads what answers several questions. Of one that failed nothing is left but that it was tried.
func (f *frameReader) batch(numbers string) (frame, error) {
	out := frame{verb: "batch"}
	out.batch = make([]batched, 0, strings.Count(numbers, " ")+1)
	for word := range strings.FieldsSeq(numbers) {
		digits, marked := strings.CutSuffix(word, "l")
		n, err := frameNumber(digits)
		if err != nil {
			return frame{}, err
		}
		out.batch = append(out.batch, batched{n, marked})
	}
	text, status, err := f.bytes("batched ", maxBatch)
	if err != nil || status != "0" {
		return frame{verb: "batch"}, err
	}
	out.text = text
	return out, nil
}

// bytes reads what is there up to the newline in front of the frame that ends them, and how that goes on. They cannot hold the frame,
// since the nonce is known to no file.
func (f *frameReader) bytes(end string, limit int) (text, status string, err error) {
	f.raw = f.raw[:0]
	for {
		line, err := f.line(limit)
		if err != nil {
			return "", "", err
		}
		if rest, ours := f.strip(line); ours {
			status, ended := strings.CutPrefix(rest, end)
			if !ended {
				return "", "", errMalformed
			}
			return string(bytes.TrimSuffix(f.raw, []byte("\n"))), status, nil
		}
		if f.raw = append(append(f.raw, line...), '\n'); len(f.raw) > limit {
			return "", "", errMalformed
		}
	}
}
