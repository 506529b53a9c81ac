package ssh

import (
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// hostKeys verifies host keys against known_hosts files and accepted keys.
type hostKeys struct {
	files    *fileCache[*knownFile]
	accepted accepted
	log      *slog.Logger
}

func newHostKeys(accepted accepted, log *slog.Logger) *hostKeys {
	return &hostKeys{
		log:      log,
		files:    newFileCache(parseReadable(log)),
		accepted: accepted,
	}
}

// keysOf returns the keys that a host is known by, under any of its addresses.
func (k *hostKeys) keysOf(files []string, addrs ...string) ([]knownKey, error) {
	var keys []knownKey
	for _, addr := range addrs {
		err := k.each(files, func(f *knownFile) { keys = append(keys, f.keysOf(addr)...) })
		if err != nil {
			return nil, err
		}
		learned, err := k.accepted.keysOf(addr)
		if err != nil {
			return nil, err
		}
		keys = append(keys, learned...)
	}
	return keys, nil
}

// each calls f for every known_hosts file that exists.
func (k *hostKeys) each(files []string, f func(*knownFile)) error {
	for _, path := range files {
		file, err := k.files.get(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var unreadable *state.Failure
		if errors.As(err, &unreadable) {
			return unreadable
		}
		if err != nil {
			return internal(err, "known_hosts file cannot be used")
		}
		f(file)
	}
	return nil
}

// algorithms are the host key algorithms to negotiate: those of the keys that the host is known by come first, so
// that a host with several keys shows the known one. The others follow, since a host that shows another key is to
// be refused for that, with its fingerprint. Certificates are asked for only where an authority is known.
func algorithms(keys []knownKey) []string {
	supported := ssh.SupportedAlgorithms().HostKeys
	var known, certs, rest []string
	authority := slices.ContainsFunc(keys, func(k knownKey) bool { return k.cert })
	for _, k := range keys {
		if !k.cert {
			known = append(known, signatures(k.key.Type())...)
		}
	}
	for _, a := range supported {
		switch {
		case !strings.Contains(a, "-cert-"):
			rest = append(rest, a)
		case authority:
			certs = append(certs, a)
		}
	}
	var all []string
	for _, a := range slices.Concat(known, certs, preferModern(rest)) {
		if slices.Contains(supported, a) && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// signatures are the algorithms that a type of key signs with: an RSA key has two that are not broken.
func signatures(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// preferModern puts ed25519 first, as OpenSSH does: it is the key that is recorded for a new host.
func preferModern(algorithms []string) []string {
	return slices.SortedStableFunc(slices.Values(algorithms), func(a, b string) int {
		rank := func(s string) int {
			if s == ssh.KeyAlgoED25519 {
				return 0
			}
			return 1
		}
		return rank(a) - rank(b)
	})
}

// verify decides about the key that a host has proven to hold. The address that answered, which is the first one, is
// asked about first; the machine's others speak for it only if it is not known itself. Under accept-new, the key of a
// host that is not known yet is recorded.
func (k *hostKeys) verify(tg *target, addrs []string, remote net.Addr, key ssh.PublicKey) *state.Failure {
	addr := addrs[0]
	var all opinion
	for _, a := range addrs {
		o, err := k.opinion(tg.knownHosts, a, remote, key)
		if err != nil {
			return asFailure(err)
		}
		if all.revoked = all.revoked || o.revoked; all.revoked {
			break
		}
		if !all.trusted && len(all.known) == 0 {
			all.add(o)
		}
	}
	switch {
	case all.revoked:
		return hostKeyFailure("the host key of %s, %s, is revoked", addr, describe(key))
	case all.trusted:
		return nil
	case all.err != nil:
		return hostKeyFailure("the host certificate of %s is not valid: %s", addr, printable(all.err.Error(), maxQuoted))
	case len(all.known) > 0:
		return changed(addr, key, all.known)
	case tg.policy == config.HostKeyAcceptNew:
		return k.learn(addr, remote, key)
	}
	return unknown(addr, key, tg.knownHosts)
}

// opinion is what all sources say about the key under one address.
func (k *hostKeys) opinion(files []string, addr string, remote net.Addr, key ssh.PublicKey) (opinion, error) {
	var all opinion
	if err := k.each(files, func(f *knownFile) { all.add(f.ask(addr, remote, key)) }); err != nil {
		return opinion{}, err
	}
	learned, err := k.accepted.ask(addr, remote, key)
	if err != nil {
		return opinion{}, err
	}
	all.add(learned)
	return all, nil
}

func (k *hostKeys) learn(addr string, remote net.Addr, key ssh.PublicKey) *state.Failure {
	now, err := k.accepted.learn(addr, remote, key)
	if err != nil {
		return asFailure(err)
	}
	if !now.trusted { // another connection was faster, and met another key
		return changed(addr, key, now.known)
	}
	k.log.Info("accepted the key of a new host", "address", addr, "key", describe(key), "file", k.accepted.where())
	return nil
}

func hostKeyFailure(format string, args ...any) *state.Failure {
	return failure(state.ReasonHostKey, false, nil, format, args...)
}

func unknown(addr string, key ssh.PublicKey, files []string) *state.Failure {
	where := "a known_hosts file"
	if len(files) > 0 {
		where = files[0]
	}
	return hostKeyFailure("the host key of %s is not known: it is %s; if the machine's own ssh-keygen -l says the same, "+
		"add it to %s, or let host_key_policy be accept-new", knownhosts.Normalize(addr), describe(key), where)
}

func changed(addr string, key ssh.PublicKey, known []knownKey) *state.Failure {
	var have []string
	for _, k := range known {
		have = append(have, describe(k.key)+" ("+k.file+")")
	}
	return hostKeyFailure("the host key of %s has changed: it is %s, but known is %s; if the machine was "+
		"reinstalled, remove the known key; if not, something else answers in its place",
		knownhosts.Normalize(addr), describe(key), strings.Join(have, ", "))
}
