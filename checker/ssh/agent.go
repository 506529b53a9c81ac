package ssh

import (
	"context"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// agentTimeout bounds a conversation with the ssh-agent, which is on this machine. An agent that waits for
// somebody to confirm is not waited for.
const agentTimeout = 10 * time.Second

// agentKey is a key that the ssh-agent holds.
type agentKey struct {
	signer  ssh.AlgorithmSigner
	comment string
}

// agentKeys asks the agent for its keys. Its connection is the link's, since signing needs it too; done ends it
// before that.
func (t *Transport) agentKeys(ctx context.Context, l *link) (keys []agentKey, done func(), err error) {
	done = func() {}
	dialer := net.Dialer{Timeout: agentTimeout}
	conn, err := dialer.DialContext(ctx, "unix", t.o.AgentSocket)
	if err != nil {
		return nil, done, err
	}
	if !l.add(conn) {
		return nil, done, net.ErrClosed
	}
	done = func() { _ = conn.Close() }
	if err := conn.SetDeadline(time.Now().Add(agentTimeout)); err != nil {
		return nil, done, err
	}
	client := agent.NewClient(conn)
	listed, err := client.List()
	if err != nil {
		return nil, done, err
	}
	signers, err := client.Signers()
	if err != nil {
		return nil, done, err
	}
	comments := map[string]string{}
	for _, k := range listed {
		comments[string(k.Marshal())] = k.Comment
	}
	for _, s := range signers {
		if m := modern(s); m != nil {
			keys = append(keys, agentKey{signer: m, comment: comments[string(s.PublicKey().Marshal())]})
		}
	}
	return keys, done, nil
}
