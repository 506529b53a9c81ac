package ssh

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// pieces is a connection that gives one text at each read, and then an error.
type pieces struct {
	net.Conn
	texts []string
	end   error
}

func (p *pieces) Read(into []byte) (int, error) {
	if len(p.texts) == 0 {
		return 0, p.end
	}
	n := copy(into, p.texts[0])
	if p.texts[0] = p.texts[0][n:]; p.texts[0] == "" {
		p.texts = p.texts[1:]
	}
	return n, nil
}

func TestVersionIsReadAtOnceAndNothingIsLost(t *testing.T) {
	end := errors.New("reset")
	conn := &pieces{texts: []string{"hello\r\nSSH-2.0-x\r\nkeys", "and more"}, end: end}
	c := &watchedConn{Conn: conn}
	version := make([]byte, len("hello\r\nSSH-2.0-x\r\n"))
	for i := range version {
		_, err := io.ReadFull(c, version[i:i+1])
		require.NoError(t, err)
	}
	assert.Equal(t, "hello\r\nSSH-2.0-x\r\n", string(version))
	assert.Equal(t, []string{"and more"}, conn.texts, "the first text was read once")
	assert.Equal(t, "hello", c.preamble())
	require.NoError(t, c.broken())
	rest, err := io.ReadAll(c)
	assert.Equal(t, "keysand more", string(rest))
	require.ErrorIs(t, err, end)
	require.ErrorIs(t, c.broken(), end)
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, end)
}

// A server may ask for what it likes, also before it lets anything run. All of it is answered, and nothing is granted.
func TestWhatAServerAsksForIsRefused(t *testing.T) {
	const often = 100 // more than the library keeps waiting
	granted, refused := 0, 0
	var opened error
	f := startFake(t, func(f *fakeServer) {
		f.onLogin = func(c *ssh.ServerConn) {
			for range often {
				if ok, _, err := c.SendRequest("tcpip-forward", true, nil); ok {
					granted++
				} else if err == nil {
					refused++
				}
			}
			_, _, opened = c.OpenChannel("forwarded-tcpip", nil)
		}
		f.onExec = answer(func(ch ssh.Channel) { exitWith(ch, 0) })
	})
	_, err := run(t, newTransport(t), f.machine(), "true")
	require.NoError(t, err)
	assert.Zero(t, granted)
	assert.Equal(t, often, refused)
	var why *ssh.OpenChannelError
	require.ErrorAs(t, opened, &why)
	assert.Equal(t, ssh.UnknownChannelType, why.Reason)
}
