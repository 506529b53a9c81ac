package checker

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// HelperOptions says what an installed script does for whoever may start it.
type HelperOptions struct {
	// AllowCommands lets it run the commands of packs: whoever asks says which.
	AllowCommands bool
	// NoContent keeps it from telling content of files, and whether a line is in one.
	NoContent bool
}

// Helper is the script as it is installed on a machine (ssh.helper), the same text for every machine. Unlike Script it
// runs by itself: it takes no arguments, puts on an environment of its own, and says by which functions it answers, so
// that no answer of another version is taken for one of ours. It runs commands only where it was made to.
func Helper(o HelperOptions) string {
	text := helperText(o, "")
	return helperText(o, shellDigest(text))
}

func helperText(o HelperOptions, digest string) string {
	installed := "d_installed=" + digest + "\n"
	checks := "  helper_checks\n" + helperFacts(o, digest)
	shell := scriptShell(AllOps(), o.refused(), installed, checks)
	return fmt.Sprintf(helperHead, readyProtocol, digest) + "{" + helperStart + shell + helperChecks + "drift_main\nexit\n}\n"
}

// The reasons that an installed script gives for what it was made not to do, behind "the installed helper ".
const (
	runsNoCommands = "runs no commands: drift_exporter helper --allow-commands prints one that does"
	tellsNoContent = "tells no content of files"
)

// errNoContent is the answer of one that was made to tell no content.
const errNoContent = machineError("the installed helper " + tellsNoContent)

// refused are the ops that it was made not to answer, and why. By lines that are looked for, content could be guessed
// character by character.
func (o HelperOptions) refused() map[string]string {
	refused := map[string]string{}
	if !o.AllowCommands {
		refused["command"] = runsNoCommands
	}
	if o.NoContent {
		refused["content"], refused["line"] = tellsNoContent, tellsNoContent
	}
	return refused
}

// helperFacts prints the facts by which we know an installed script again: its digest, and that of each answer.
func helperFacts(o HelperOptions, digest string) string {
	text := "  frame \"fact helper " + digest + "\"\n"
	digests, refused := answerDigests(), o.refused()
	for _, op := range sortedKeys(digests) {
		if refused[op] == "" {
			text += "  frame \"fact " + answeredBy + op + " " + digests[op] + "\"\n"
		}
	}
	return text
}

// shellDigest is a text's sha256, cut to what still tells texts apart that nobody made to collide.
func shellDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

const helperHead = `#!/bin/sh
# drift_exporter_helper: observes this machine for drift_exporter, and changes nothing on it.
# protocol %d, digest %s
#
# "drift_exporter helper" prints it. Install it owned by root and writable by nobody else, and let sudoers and the forced
# command of a key allow nothing but this. What whoever holds that key can learn: docs/least-privilege.md.
`

// helperStart is what an installed script does first: it starts itself again without anything of the environment that
// it was started with. Until then nothing is run that such an environment might have given another meaning; exec is a
// special builtin, which no function replaces in a POSIX shell.
const helperStart = `
case $#:${1-} in
0:) exec /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ SUDO_USER="${SUDO_USER-}" /bin/sh "$0" - ;;
1:-) ;;
*)
  echo "drift_exporter_helper: takes no arguments" >&2
  exit 1
  ;;
esac
cd / || exit 1
umask 077
`

// helperChecks refuses to answer where it was not started as the exporter thinks.
const helperChecks = `
helper_fail() {
  put "drift_exporter_helper: $1" >&2
  exit 1
}
helper_checks() {
  case $d_nonce in
  '' | *[!0-9a-f]*) helper_fail "expects no script: the configuration of drift_exporter must name it as ssh.helper" ;;
  esac
  case $d_how:${SUDO_USER:+sudo} in
  login:) ;;
  login:sudo) helper_fail "was started through sudo: the configuration of drift_exporter must say become: true" ;;
  become:*) ;;
  *) helper_fail "was not told how it was started" ;;
  esac
}
`
