// Package ssh runs a command on a machine: over SSH, one connection and one exec at a time, or with Local on this
// machine. It implements checker.Transport, and is the only user of golang.org/x/crypto/ssh.
//
// It knows nothing of packs, of scripts or of what the command prints. It asks nobody anything: keys come from
// files and from the ssh-agent, never from a password or a prompt. A host key that differs from a known one is
// refused under every policy, before a single attempt to log in. Every error that it returns wraps a
// *state.Failure that says whose fault it was and whether trying again soon may help.
package ssh
