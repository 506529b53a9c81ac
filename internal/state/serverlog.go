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
	stuck atomic.Pointer[string] // why a stream takes no more writes; nil: all do
	wake  chan struct{}          // told of stuck
}

func newServerLog(log *slog.Logger) *serverLog {
	return &serverLog{log: log, wake: make(chan struct{}, 1)}
}

// Noticef passes on a notice, as debug.
func (l *serverLog) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v...) }

// Debugf passes on a debug message.
func (l *serverLog) Debugf(format string, v ...any) { l.say(slog.LevelDebug, format, v...) }

// Tracef passes on a trace message.
func (l *serverLog) Tracef(format string, v ...any) { l.say(slog.LevelDebug, format, v...) }

// Errorf passes on an error.
func (l *serverLog) Errorf(format string, v ...any) {
	text := l.say(slog.LevelError, format, v...)
	if !strings.Contains(text, writeFailed) {
		return
	}
	l.giveUp(text)
	signal(l.wake)
}

// giveUp notes why the server has to be started anew.
func (l *serverLog) giveUp(why string) { l.stuck.CompareAndSwap(nil, &why) }

// writeFailed is in what the server says, once, of a stream whose file could not be written: from then on it refuses
// every write to it. Nothing else tells that apart from a write that is refused for what it is.
const writeFailed = "Critical write error"

func (l *serverLog) say(level slog.Level, format string, v ...any) string {
	text := fmt.Sprintf(format, v...)
	if level == slog.LevelWarn && slices.ContainsFunc(recovered, func(s string) bool { return strings.Contains(text, s) }) {
		level = slog.LevelDebug
	}
	l.log.Log(context.Background(), level, "nats server", "text", text)
	return text
}

// recovered are the server's warnings after its process was killed, when it reads what it wrote instead of its
// index of that. Nothing is lost then, and nothing is to be done.
var recovered = []string{
	"last block has additional entries, will rebuild",
	"Recovering stream state from index errored: prior state file",
	"TTL state is outdated; attempting to recover using linear scan",
}

// Warnf passes on a warning.
func (l *serverLog) Warnf(format string, v ...any) { l.say(slog.LevelWarn, format, v...) }

// Fatalf must not end the process: that is for main to decide.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := l.say(slog.LevelError, format, v...)
	l.fatal.CompareAndSwap(nil, &text)
}
