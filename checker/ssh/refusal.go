package ssh

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// refused says what was tried and what could not be.
func (g *login) refused(c *ssh.ClientAuthContext) *state.Failure {
	var b strings.Builder
	switch {
	case slices.Contains(c.PartialSuccessMethods, methodPublicKey):
		b.WriteString("it accepted a key, but wants more than that (" + methods(c.AllowedMethods) + ")")
	case !slices.Contains(c.AllowedMethods, methodPublicKey):
		b.WriteString("it takes no keys, only " + methods(c.AllowedMethods))
	case len(g.tried()) == 0:
		b.WriteString("there is no key to log in with")
	default:
		b.WriteString("it accepted no key")
	}
	return g.failure(b.String(), nil)
}

func (g *login) failure(what string, cause error) *state.Failure {
	parts := []string{what}
	if tried := g.tried(); len(tried) > 0 {
		parts = append(parts, "tried "+strings.Join(tried, ", "))
	}
	parts = append(parts, g.unusable()...)
	if g.agentNote != "" {
		parts = append(parts, g.agentNote)
	}
	if g.banner != "" {
		parts = append(parts, "it says "+quote(g.banner))
	}
	f := failure(state.ReasonAuth, false, nil, "cannot log in as %s: %s", g.hop, strings.Join(parts, "; "))
	f.Err = cause
	return f
}

// tried are the keys that the machine was offered.
func (g *login) tried() []string {
	var names []string
	for _, c := range g.queue {
		switch {
		case c.signError != nil:
			names = append(names, c.name+" (which could not sign: "+printable(c.signError.Error(), maxQuoted)+")")
		case c.offered:
			names = append(names, c.name+" ("+describe(c.PublicKey())+")")
		}
	}
	return names
}

// unusable are the files that had nothing to offer.
func (g *login) unusable() []string {
	var notes []string
	for _, id := range g.identities {
		if id.signer == nil && (id.public == nil || !g.has(id.public)) {
			notes = append(notes, id.path+" cannot be used: "+id.problem)
		}
	}
	for _, c := range g.certificates {
		switch {
		case c.cert == nil:
			notes = append(notes, c.path+" cannot be used: "+c.problem)
		case !g.has(c.cert):
			notes = append(notes, c.path+" cannot be used: nothing here has its private key")
		}
	}
	return notes
}

// ended reports whether err is the machine's answer to the login, not a connection that broke off.
func (g *login) ended(err error) *state.Failure {
	if g.failed != nil {
		return g.failed
	}
	text := err.Error()
	for _, sign := range []string{"Too many authentication failures", "ssh: disconnect, reason 14:"} {
		if strings.Contains(text, sign) {
			return g.failure(fmt.Sprintf("it disconnected after %d keys (%s)", len(g.tried()), printable(text, maxQuoted)), err)
		}
	}
	return nil
}

func methods(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return printable(strings.Join(names, ", "), maxQuoted)
}
