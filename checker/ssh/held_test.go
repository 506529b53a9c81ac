package ssh

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writes is a connection that keeps what is written at a time, and fails once it has so much of it.
type writes struct {
	net.Conn
	texts []string
	most  int
}

var errFull = errors.New("full")

func (w *writes) Write(p []byte) (int, error) {
	if len(w.texts) == w.most {
		return 0, errFull
	}
	w.texts = append(w.texts, string(p))
	return len(p), nil
}

func TestALongTextIsSentAtOnceInPieces(t *testing.T) {
	conn := &writes{most: 3}
	c := &watchedConn{Conn: conn}
	long := bytes.Repeat([]byte("x"), 2*pieceSize+1)
	var sizes []int
	framed := func(p []byte) (int, error) {
		sizes = append(sizes, len(p))
		for _, text := range []string{"<", string(p), ">"} { // as the library writes
			if _, err := c.Write([]byte(text)); err != nil {
				return 0, err
			}
		}
		return len(p), nil
	}
	n, err := c.writePieces(long, framed)
	require.NoError(t, err)
	assert.Equal(t, len(long), n)
	assert.Equal(t, []int{pieceSize, pieceSize, 1}, sizes)
	piece := string(long[:pieceSize])
	assert.Equal(t, []string{"<" + piece + "><" + piece + "><x>"}, conn.texts)

	_, err = c.Write([]byte("later"))
	require.NoError(t, err)
	assert.Equal(t, "later", conn.texts[1], "nothing waits any more")

	short := func(p []byte) (int, error) { return c.Write(p) }
	n, err = c.writePieces([]byte("short"), short)
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	assert.Equal(t, "short", conn.texts[2])

	_, err = c.writePieces(long, framed)
	require.ErrorIs(t, err, errFull, "a text that could not be sent was not written")
}

func TestAPieceThatCannotBeWrittenEndsTheText(t *testing.T) {
	conn := &writes{most: 1}
	c := &watchedConn{Conn: conn}
	calls := 0
	n, err := c.writePieces(make([]byte, 3*pieceSize), func(p []byte) (int, error) {
		if calls++; calls == 2 {
			return 7, errFull
		}
		return c.Write(p)
	})
	require.ErrorIs(t, err, errFull)
	assert.Equal(t, pieceSize+7, n)
	assert.Equal(t, 2, calls)
	assert.Len(t, conn.texts, 1, "what was written before is sent")
}

// Who writes the second piece waits until the other side has the first.
func TestWhatWaitsIsSentWhileItsWriterWaitsForTheOtherSide(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { _ = ours.Close() }()
	got := make(chan string, 1)
	go func() {
		first := make([]byte, pieceSize)
		_, _ = io.ReadFull(theirs, first)
		got <- string(first)
		_, _ = io.Copy(io.Discard, theirs)
	}()
	c := &watchedConn{Conn: ours}
	text := append(bytes.Repeat([]byte("1"), pieceSize), '2')
	n, err := c.writePieces(text, func(p []byte) (int, error) {
		if p[0] == '2' {
			assert.Equal(t, string(text[:pieceSize]), <-got)
		}
		return c.Write(p)
	})
	require.NoError(t, err)
	assert.Equal(t, len(text), n)
}
