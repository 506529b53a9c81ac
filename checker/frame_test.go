package checker

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testNonce = "0123456789abcdef0123456789abcdef"

// readFrames reads all frames of an output in which N stands for the nonce.
func readFrames(output string) ([]frame, error) {
	r := newFrameReader(strings.NewReader(strings.ReplaceAll(output, "N", testNonce)), testNonce)
	var frames []frame
	for {
		f, err := r.next()
		if err != nil {
			return frames, err
		}
		frames = append(frames, f)
	}
}

func TestFramesAreToldFromEverythingElse(t *testing.T) {
	cases := []struct {
		name, output string
		want         []frame
	}{
		{"value", "\nN 1 val a b \n", []frame{{verb: "val", number: 1, text: "a b "}}},
		{"empty value", "\nN 12 val\n", []frame{{verb: "val", number: 12}}},
		{"several lines", "\nN 1 more a\n\nN 1 val b\n", []frame{{verb: "more", number: 1, text: "a"}, {verb: "val", number: 1, text: "b"}}},
		{"error", "\nN 3 err stat is missing\n", []frame{{verb: "err", number: 3, text: "stat is missing"}}},
		{"body", "\nN 4 body\na\nb\nN 4 end 0\n", []frame{{verb: "val", number: 4, text: "a\nb"}}},
		{"body that ends with a newline", "\nN 4 body\na\n\nN 4 end 0\n", []frame{{verb: "val", number: 4, text: "a\n"}}},
		{"empty body", "\nN 4 body\n\nN 4 end 0\n", []frame{{verb: "val", number: 4}}},
		{"body of any bytes", "\nN 4 body\n\x00\xff\r\n\n\n\nN 4 end 0\n", []frame{{verb: "val", number: 4, text: "\x00\xff\r\n\n\n"}}},
		{"body that could not be read", "\nN 4 body\nhalf\nN 4 end 1\n", []frame{{verb: "err", number: 4, text: "cannot be read"}}},
		{"batch", "\nN batch 1 2l\na\nb\n\nN batched 0\n", []frame{{verb: "batch", text: "a\nb\n", batch: []batched{{1, false}, {2, true}}}}},
		{"batch without a last newline", "\nN batch 1\na\nN batched 0\n", []frame{{verb: "batch", text: "a", batch: []batched{{1, false}}}}},
		{"batch that failed", "\nN batch 1 2\na\n\nN batched 1\nN 1 val x\n", []frame{{verb: "batch"}, {verb: "val", number: 1, text: "x"}}},
		{"fact", "\nN fact uname a b c\n", []frame{{verb: "fact", key: "uname", text: "a b c"}}},
		{"stage and end", "\nN stage 2\nN bye 2\n", []frame{{verb: "stage", number: 2}, {verb: "bye", number: 2}}},
		{"noise around", "Welcome!\n$ \nN 1 val x\nbye 1\nrm: N 2 val y\nNN 3 val z\nN\n", []frame{{verb: "val", number: 1, text: "x"}}},
		{"long noise", strings.Repeat("x", maxLine+10) + "\nN 1 val x\n", []frame{{verb: "val", number: 1, text: "x"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			frames, err := readFrames(c.output)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, c.want, frames)
		})
	}
}

func TestFramesThatMakeNoSense(t *testing.T) {
	for _, output := range []string{
		"N \n", "N x\n", "N 1\n", "N 1 wal x\n", "N +1 val x\n", "N 01 val x\n", "N -1 val x\n", "N 1.0 val x\n",
		"N 99999999999999999999 val x\n", "N stage\n", "N stage x\n", "N bye 1 \n", "N 1 end 0\n",
		"N 1 body\nx\nN 2 end 0\n", "N 1 body\nx\nN 1 val y\n", "N 1 body\nx\nN bye 1\n",
		"N 1 body\n" + strings.Repeat("x\n", maxContent) + "\nN 1 end 0\n",
	} {
		_, err := readFrames(output)
		assert.ErrorIs(t, err, errMalformed, "%.40q", output)
	}
}

func TestOutputIsBounded(t *testing.T) {
	r := newFrameReader(io.LimitReader(endless{}, maxOutput*2), testNonce)
	_, err := r.next()
	require.ErrorIs(t, err, errOutput)

	r = newFrameReader(io.LimitReader(endless{}, maxOutput*2), testNonce)
	require.ErrorIs(t, r.ready(), errNoise)
}

// endless is noise without end, in lines.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "noise\n"[i%6]
	}
	return len(p), nil
}

func FuzzFrames(f *testing.F) {
	for _, seed := range []string{
		"", "\nN 1 val x\n", "N 1 body\nx\n\nN 1 end 0\n", "noise\nN 1 more a\nN 1 val b\nN stage 1\nN bye 1\n", "N 1 err", "N batch 1 2l\na\nb\n\nN batched 0\n", "N batch 1\n\nN batched 1\n", "N fact a b\nN facts\n",
	} {
		f.Add([]byte(strings.ReplaceAll(seed, "N", testNonce)))
	}
	f.Fuzz(func(t *testing.T, output []byte) {
		read := func(output []byte) (frames []frame, err error) {
			r := newFrameReader(bytes.NewReader(output), testNonce)
			for {
				next, err := r.next()
				if err != nil {
					return frames, err
				}
				frames = append(frames, next)
			}
		}
		frames, err := read(output)
		if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errMalformed) {
			t.Fatalf("unexpected error %v", err)
		}
		if len(frames) > bytes.Count(output, []byte(testNonce+" ")) {
			t.Fatalf("%d frames without as many nonces", len(frames))
		}
		// What is cut off gives the beginning of the same frames, never another one.
		cut, _ := read(output[:len(output)/2])
		if len(cut) > len(frames) {
			t.Fatalf("cutting %q made frames", output)
		}
		for i := range cut {
			if !reflect.DeepEqual(cut[i], frames[i]) {
				t.Fatalf("cutting %q changed frame %d", output, i)
			}
		}
	})
}
