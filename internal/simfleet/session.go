package simfleet

import (
	"context"
	"io"
	"sync"

	"golang.org/x/crypto/ssh"
)

// session runs one command. It returns when the command has ended and the channel is closed.
func (m *Machine) session(ch ssh.Channel, requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(m.ctx)
	var work sync.WaitGroup
	var exec Exec
	for r := range requests {
		ok := false
		switch {
		case r.Type == "signal":
			cancel()
			ok = true
		case r.Type == "exec" && exec == nil:
			exec = m.commands(commandOf(r))
			ok = exec != nil
		}
		if r.WantReply {
			_ = r.Reply(ok, nil)
		}
		if r.Type == "exec" && ok {
			work.Go(func() { m.run(ctx, ch, exec) })
		}
	}
	cancel() // the client is gone, or has what it wanted
	_ = ch.Close()
	work.Wait()
}

func commandOf(r *ssh.Request) string {
	var exec struct{ Command string }
	if ssh.Unmarshal(r.Payload, &exec) != nil {
		return ""
	}
	return exec.Command
}

// run runs the command and says how it ended. What the client does not read holds it up, as the channel's window does
// on both sides.
func (m *Machine) run(ctx context.Context, ch ssh.Channel, exec Exec) {
	stdin, sent := io.Pipe()
	var work sync.WaitGroup
	work.Go(func() {
		_, err := io.Copy(sent, ch)
		_ = sent.CloseWithError(err) // nil: the client has ended it
	})
	status := exec(ctx, stdin, ch, ch.Stderr())
	_ = stdin.Close()
	if ctx.Err() == nil { // else what ended it is no status
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
	}
	_ = ch.Close()
	work.Wait()
}
