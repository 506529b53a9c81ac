package ssh

import (
	"context"
	"io"
	"slices"

	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

const methodPublicKey = "publickey"

// login is one attempt to log in. It offers the keys of the identity files in their order, then, only if none of
// them is accepted, those of the ssh-agent: first the ones that an identity file names, then the rest. Certificates
// come before plain keys, each time. OpenSSH asks the agent first; but a server disconnects after a few keys, and
// the keys that were configured for the machine must not be among those that it never saw.
type login struct {
	t            *Transport
	ctx          context.Context
	link         *link
	hop          hop
	conn         *watchedConn
	identities   []identity
	certificates []certificate
	agentAsked   bool
	agentNote    string // why the agent was of no use
	queue        []*candidate
	next         int // of queue, to be offered
	banner       string
	failed       *state.Failure
	closeAgent   func()
}

// candidate is a key to offer, with what became of it.
type candidate struct {
	ssh.AlgorithmSigner
	algorithms []string
	name       string
	offered    bool
	signError  error
}

func (t *Transport) newLogin(ctx context.Context, l *link, h hop, conn *watchedConn) *login {
	g := &login{t: t, ctx: ctx, link: l, hop: h, conn: conn, closeAgent: func() {}, certificates: t.certificates(h)}
	for _, path := range h.identityFiles {
		g.identities = append(g.identities, t.identity(path, h.passphraseFile))
	}
	for _, c := range g.certificates {
		for _, id := range g.identities {
			g.add(c.signWith(id.signer), c.path)
		}
	}
	for _, id := range g.identities {
		g.add(id.signer, id.path)
	}
	return g
}

// add puts a key, if it is one, at the end of the queue, unless it is there already.
func (g *login) add(signer ssh.AlgorithmSigner, name string) {
	if signer == nil || g.has(signer.PublicKey()) {
		return
	}
	g.queue = append(g.queue, &candidate{
		AlgorithmSigner: signer, name: name, algorithms: signatures(plainType(signer.PublicKey())),
	})
}

func (g *login) has(key ssh.PublicKey) bool {
	return slices.ContainsFunc(g.queue, func(c *candidate) bool { return sameKey(c.PublicKey(), key) })
}

// Algorithms are those that the key may sign with.
func (c *candidate) Algorithms() []string { return c.algorithms }

// SignWithAlgorithm signs, and remembers if that fails: the keys after this one can still be tried.
func (c *candidate) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	sig, err := c.AlgorithmSigner.SignWithAlgorithm(rand, data, algorithm)
	c.signError = err
	return sig, err
}

// choose is the ssh.ClientAuthCallback: it picks what to try next, or ends the attempt.
func (g *login) choose(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	if err := g.conn.broken(); err != nil {
		return nil, err // which the library takes for a refusal, to be asked again
	}
	if !slices.Contains(c.AllowedMethods, methodPublicKey) {
		g.failed = g.refused(c)
		return nil, g.failed
	}
	for i := len(g.queue) - 1; i >= g.next; i-- {
		if g.queue[i].offered { // a key was accepted whose signature was not, or could not be made
			g.next = i + 1
			break
		}
	}
	if g.next == len(g.queue) && !g.agentAsked {
		g.askAgent()
	}
	if g.next == len(g.queue) {
		g.failed = g.refused(c)
		return nil, g.failed
	}
	rest := g.queue[g.next:]
	return ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
		signers := make([]ssh.Signer, 0, len(rest))
		for _, c := range rest {
			signers = append(signers, offered{c})
		}
		return signers, nil
	}), nil
}

// offered marks a candidate as offered when the library looks at its key, which it does when it gets to it.
type offered struct{ *candidate }

// PublicKey is the candidate's.
func (o offered) PublicKey() ssh.PublicKey {
	o.offered = true
	return o.candidate.PublicKey()
}

// askAgent puts the agent's keys into the queue.
func (g *login) askAgent() {
	g.agentAsked = true
	if g.t.o.AgentSocket == "" {
		g.agentNote = "there is no ssh-agent"
		return
	}
	keys, done, err := g.t.agentKeys(g.ctx, g.link)
	g.closeAgent = done
	if err != nil {
		g.agentNote = "the ssh-agent cannot be used: " + printable(err.Error(), maxQuoted)
		return
	}
	if len(keys) == 0 {
		g.agentNote = "the ssh-agent holds no keys"
	}
	for _, c := range g.certificates {
		for _, k := range keys {
			g.add(c.signWith(k.signer), c.path+" in the ssh-agent")
		}
	}
	slices.SortStableFunc(keys, func(a, b agentKey) int { return plainness(a) - plainness(b) })
	for _, k := range keys {
		if path := g.names(k.signer.PublicKey()); path != "" {
			g.add(k.signer, path+" in the ssh-agent")
		}
	}
	if g.hop.identitiesOnly {
		return
	}
	for _, k := range keys {
		g.add(k.signer, "the ssh-agent's "+quote(k.comment))
	}
}

// plainness sorts certificates before keys.
func plainness(k agentKey) int {
	if certificateIn(k.signer.PublicKey()) != nil {
		return 0
	}
	return 1
}

// names is the file that names a key of the ssh-agent, or the key in its certificate; empty if none does.
func (g *login) names(key ssh.PublicKey) string {
	plain := key
	if cert := certificateIn(key); cert != nil {
		plain = cert.Key
	}
	for _, id := range g.identities {
		if sameKey(id.public, plain) || sameKey(id.public, key) {
			return id.path
		}
	}
	for _, c := range g.certificates {
		if c.cert != nil && sameKey(c.cert.Key, plain) {
			return c.path
		}
	}
	return ""
}
