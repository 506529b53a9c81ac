package ssh

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// loneSession is a session without a server.
func loneSession(t *testing.T, channel ssh.Channel) *session {
	s := &session{
		m: &config.Machine{Name: "web1"}, link: newLink(t.Context()), channel: channel,
		exited: make(chan struct{}), ended: make(chan struct{}), lost: make(chan struct{}),
	}
	t.Cleanup(s.link.close)
	return s
}

func TestStatusAfterAFailureDoesNotCount(t *testing.T) {
	s := loneSession(t, nil)
	s.link.fail(failure(state.ReasonTimeout, true, nil, "out of time"))
	requests := make(chan *ssh.Request, 1)
	requests <- &ssh.Request{Type: "exit-status", Payload: []byte{0, 0, 0, 0}}
	close(requests)
	s.follow(requests)
	close(s.ended)
	requireFailure(t, s.Wait(), state.ReasonTimeout, true, "out of time")
	_, err := s.Stdout().Read(make([]byte, 1))
	requireFailure(t, err, state.ReasonTimeout, true, "out of time")
}

// oddChannel gives data together with an error, as the library does when it cannot enlarge the window.
type oddChannel struct {
	ssh.Channel
	reads int
}

func (c *oddChannel) Read(p []byte) (int, error) {
	if c.reads++; c.reads > 3 {
		return 0, io.EOF
	}
	return copy(p, "data"), errors.New("broken pipe")
}

func TestDataBesideAnErrorIsNotTheEnd(t *testing.T) {
	s := loneSession(t, &oddChannel{})
	close(s.exited)
	out, err := io.ReadAll(s.Stdout())
	require.NoError(t, err)
	assert.Equal(t, "datadatadata", string(out))
}

func TestTail(t *testing.T) {
	var kept tail
	var all []byte
	for i := range 3000 {
		text := []byte{byte('a' + i%26), byte('A' + i%26), '\n', '-', byte('0' + i%10)}
		all = append(all, text...)
		n, err := kept.Write(text)
		require.NoError(t, err)
		require.Equal(t, len(text), n)
	}
	assert.Equal(t, string(all[len(all)-stderrLimit:]), kept.String())
	_, _ = kept.Write(all)
	assert.Equal(t, string(all[len(all)-stderrLimit:]), kept.String())
	_, _ = kept.Write([]byte("\xff"))
	assert.Equal(t, "\uFFFD", kept.String()[stderrLimit-1:])
}

func TestPrintable(t *testing.T) {
	assert.Equal(t, `ä€"\n\x1b[0m\u202e\xff\x07`, printable("ä€\"\n\x1b[0m\u202e\xff\a", 100))
	assert.Equal(t, `"a\"b"`, quote(`a"b`))
	assert.Equal(t, "abc…", printable("abcdef", 3))
	assert.Equal(t, "\uFFFD", printable("\uFFFD", 3), "a replacement character that was sent as such")
}
