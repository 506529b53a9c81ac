package state

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
)

// serverLog passes the embedded server's log to slog. Its notices are debug to us: what a user must know of
// the store, the store says itself.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string] // the first, for Open's error
}

func (l *serverLog) Noticef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l *serverLog) Debugf(format string, v ...any)  { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l *serverLog) Tracef(format string, v ...any)  { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l *serverLog) Errorf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }

// recovered are the server's warnings after its process was killed, when it reads what it wrote instead of its
// index of that. Nothing is lost then, and nothing is to be done.
var recovered = []string{
	"last block has additional entries, will rebuild",
	"Recovering stream state from index errored: prior state file",
	"TTL state is outdated; attempting to recover using linear scan",
}

func (l *serverLog) Warnf(format string, v ...any) {
	msg := fmt.Sprintf(format, v...)
	level := slog.LevelWarn
	if slices.ContainsFunc(recovered, func(s string) bool { return strings.Contains(msg, s) }) {
		level = slog.LevelDebug
	}
	l.log.Log(context.Background(), level, msg)
}

// Fatalf must not end the process: that is for main to decide.
func (l *serverLog) Fatalf(format string, v ...any) {
	msg := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &msg)
	l.log.Error(msg)
}
