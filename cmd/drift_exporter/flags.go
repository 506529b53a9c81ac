package main

import (
	"io"
	"os"
	"os/user"
	"path/filepath"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
)

// configFlag names the configuration.
const configFlag = "config.file"

// commonFlags are understood by every command.
type commonFlags struct {
	configFile  string
	storagePath string
}

func addCommonFlags(a *kingpin.Application) *commonFlags {
	f := &commonFlags{}
	a.Flag(configFlag, "Configuration file.").PlaceHolder("FILE").Default("config.yaml").StringVar(&f.configFile)
	a.Flag("storage.path", "Directory for verdicts, the work queue and accepted host keys.").
		PlaceHolder("DIR").Default("data").StringVar(&f.storagePath)
	return f
}

// addLogFlags adds the flags that all of Prometheus' programs have, with an answer to a mistyped word.
func addLogFlags(a *kingpin.Application, w io.Writer) *promslog.Config {
	c := &promslog.Config{Writer: w}
	promslogflag.AddFlags(a, c)
	choose(a.GetFlag(promslogflag.LevelFlagName).Help("Log only messages of this severity or above."), c.Level, promslog.LevelFlagOptions...)
	choose(a.GetFlag(promslogflag.FormatFlagName).Help("Format of log messages."), c.Format, promslog.FormatFlagOptions...)
	return c
}

// environment is all that the program takes from its process: read once, here.
type environment struct {
	home        string // expands ~ in the configuration
	user        string // the SSH user if nobody names another
	agentSocket string // SSH_AUTH_SOCK
	hostname    string // in the default external URL
	term        string // TERM: what the terminal is
	noColor     bool   // NO_COLOR is set: nobody wants colours
	ownGOGC     bool   // GOGC is set: the operator has chosen how far the heap grows between collections
}

func processEnvironment() environment {
	e := environment{
		home: os.Getenv("HOME"), agentSocket: os.Getenv("SSH_AUTH_SOCK"),
		term: os.Getenv("TERM"), noColor: os.Getenv("NO_COLOR") != "",
		ownGOGC: os.Getenv("GOGC") != "",
	}
	if u, err := user.Current(); err == nil {
		e.user = u.Username
		if e.home == "" {
			e.home = u.HomeDir
		}
	}
	if name, err := os.Hostname(); err == nil {
		e.hostname = name
	}
	return e
}

// acceptedKeysFile is where host keys learnt under accept-new are written: beside the state, since they are
// state, and outside of the operator's own known_hosts.
func (f *commonFlags) acceptedKeysFile() string {
	return filepath.Join(f.storagePath, "known_hosts")
}
