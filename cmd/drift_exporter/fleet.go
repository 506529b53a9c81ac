package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/jonboulle/clockwork"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/ssh"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// errInvalid is a configuration that cannot be used; the problems were printed or logged one by one.
var errInvalid = errors.New("the configuration is not valid")

// loadFleet reads configuration and packs and prints what is wrong with them, a line each.
func (c *cli) loadFleet(w io.Writer) (*checker.Fleet, yamlfile.Problems, error) {
	fleet, problems := checker.LoadFleet(c.common.configFile, c.env.home)
	for _, p := range problems {
		fmt.Fprintln(w, p)
	}
	if problems.Fatal() {
		return nil, problems, errInvalid
	}
	return fleet, problems, nil
}

// newChecker wires the checker to the transports of this build. They log what they learn to one logger, such as new
// host keys; what checks came to is logged to the other.
func (c *cli) newChecker(log, outcomes *slog.Logger, clock clockwork.Clock) *checker.Checker {
	return checker.New(map[config.Transport]checker.Transport{
		config.TransportSSH: ssh.New(ssh.Options{
			User:             c.env.user,
			Home:             c.env.home,
			AgentSocket:      c.env.agentSocket,
			AcceptedKeysFile: c.common.acceptedKeysFile(),
			Logger:           log,
		}),
		config.TransportLocal: ssh.NewLocal(),
	}, outcomes, clock)
}
