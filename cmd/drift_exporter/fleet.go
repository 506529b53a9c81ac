package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"github.com/jonboulle/clockwork"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/ssh"
	"github.com/drift-exporter/drift_exporter/internal/config"
)

// errInvalid is a configuration that cannot be used; the problems were printed or logged one by one.
var errInvalid = errors.New("the configuration is not valid")

// loadFleet reads configuration and packs and prints what is wrong with them, a line each.
func (c *cli) loadFleet(w io.Writer) (*checker.Fleet, error) {
	fleet, problems := checker.LoadFleet(c.common.configFile, c.env.home)
	c.printProblems(w, problems, colorAuto)
	if problems.Fatal() {
		return nil, errInvalid
	}
	return fleet, nil
}

// firstSteps are commands that make a configuration which can be checked at once.
const firstSteps = `  mkdir -p packs
  echo 'items: {files: [{path: /etc/passwd, owner: root, mode: "0644"}]}' > packs/base.yaml
  echo 'machines: [{name: localhost, transport: local, packs: [base]}]' > config.yaml
`

// sayHowToBegin helps who has no configuration, or is in another directory than it.
func (c *cli) sayHowToBegin(w io.Writer) {
	if _, err := os.Stat(c.common.configFile); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	fmt.Fprintf(w, "\nThere is no %s. Name yours with --config.file=FILE, or begin with one that checks this machine:\n\n%s  drift_exporter check\n\n"+
		"docs/configuration.md and docs/packs.md describe both files.\n", printable(c.common.configFile), firstSteps)
}

// newChecker wires the checker to the transports of this build. They log what they learn to one logger, such as new
// host keys; what checks came to is logged to the other. Accepted host keys are kept beside the state unless replicas
// share them.
func (c *cli) newChecker(log, outcomes *slog.Logger, clock clockwork.Clock, shared ssh.KeyStore) *checker.Checker {
	return checker.New(map[config.Transport]checker.Transport{
		config.TransportSSH: ssh.New(ssh.Options{
			User:             c.env.user,
			Home:             c.env.home,
			AgentSocket:      c.env.agentSocket,
			AcceptedKeysFile: c.common.acceptedKeysFile(),
			AcceptedKeys:     shared,
			Logger:           log,
		}),
		config.TransportLocal: ssh.NewLocal(),
	}, outcomes, clock)
}
