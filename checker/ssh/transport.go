package ssh

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
)

// Options are what a Transport takes from its process, and not from a machine's configuration.
type Options struct {
	AgentSocket string // the socket of the ssh-agent; empty: there is none
	Home        string // stands for ~ and %d in ssh_config
	User        string // whom to log in as where nothing says it; the login name of this process
	// AcceptedKeysFile is the known_hosts file that accept-new writes. It and its directory are created when
	// needed. Empty: under accept-new an unknown host is refused.
	AcceptedKeysFile string
	// AcceptedKeys keeps them instead, if not nil, for all who share it.
	AcceptedKeys KeyStore
	Logger       *slog.Logger // nil: nothing is logged
}

// Transport reaches machines over SSH. It is safe for concurrent use and holds nothing open between sessions.
type Transport struct {
	o         Options
	log       *slog.Logger
	configs   *fileCache[[]configLine]
	keys      *fileCache[identity]
	certs     *fileCache[certificate]
	locked    *unlocker
	hostKeys  *hostKeys
	startups  *startups
	keepalive keepalive
	lookupIP  func(ctx context.Context, host string) ([]netip.Addr, error)
	warned    sync.Map // what firstTime was asked about
}

var _ checker.Transport = (*Transport)(nil)

// New returns a Transport.
func New(o Options) *Transport {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Transport{
		o:         o,
		log:       log,
		configs:   newConfigCache(o.Home),
		keys:      newFileCache(identityParser(log)),
		certs:     newFileCache(parseCertificate),
		locked:    newUnlocker(log),
		hostKeys:  newHostKeys(newAccepted(o), log),
		startups:  newStartups(),
		keepalive: keepalive{interval: 15 * time.Second, missed: 3},
		lookupIP:  lookupIP,
	}
}

// Start logs in to the machine and runs argv there, on a connection of its own. Once it has returned, ctx still
// bounds the session: when it ends, the connection is closed and everything returns a failure.
func (t *Transport) Start(ctx context.Context, m *config.Machine, argv []string) (checker.Session, error) {
	command, err := commandLine(argv)
	if err != nil {
		return nil, named(m, err)
	}
	tg, err := t.resolve(m)
	if err != nil {
		return nil, named(m, err)
	}
	l := newLink(ctx)
	s, err := t.start(ctx, l, m, tg, command)
	if err != nil {
		l.close()
		return nil, named(m, err)
	}
	return s, nil
}

func (t *Transport) start(ctx context.Context, l *link, m *config.Machine, tg *target, command string) (*session, error) {
	begun := time.Now()
	conn, loggedIn, err := t.connect(ctx, l, tg)
	if err != nil {
		return nil, err
	}
	defer loggedIn(nil)
	machine := tg.hops[len(tg.hops)-1]
	t.log.Debug("logged in", "machine", m.Name, "address", machine.addr(), "user", machine.user,
		"jumps", len(tg.hops)-1, "duration", time.Since(begun))
	return t.open(l, m, conn, machine, command)
}

// named says which machine a failure is about.
func named(m *config.Machine, err error) error {
	return fmt.Errorf("machine %s: %w", m.Name, asFailure(err))
}

// firstTime reports whether it is asked about something for the first time: a warning that every check would repeat.
func (t *Transport) firstTime(what string) bool {
	_, again := t.warned.LoadOrStore(what, true)
	return !again
}
