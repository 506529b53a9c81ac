package exporter

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func (e *Exporter) healthy(w http.ResponseWriter, _ *http.Request) {
	say(w, "drift_exporter is healthy.")
}

// ready is for load balancers and start-up probes: no before the state is complete, since what is shown of a
// half-read state is wrong.
func (e *Exporter) ready(w http.ResponseWriter, r *http.Request) {
	if err := e.notReady(); err != nil {
		e.refusePlain(w, r, &httpError{http.StatusServiceUnavailable, errUnavailable, "not ready: " + err.Error()})
		return
	}
	say(w, "drift_exporter is ready.")
}

func (e *Exporter) notReady() error {
	if f := e.opts.Fleet(); f == nil || f.Config == nil {
		return errors.New("no configuration is loaded")
	}
	if !e.opts.View.Live() {
		return errors.New(staleState)
	}
	if why := e.opts.View.Stuck(); why != "" {
		return errors.New(why)
	}
	return nil
}

// staleState is what clients are told while the view is not live.
const staleState = "the state is not connected or still being read: it may be old or incomplete"

// warning is what is wrong with all that is told; empty: nothing.
func (e *Exporter) warning() string {
	if !e.opts.View.Live() {
		return staleState
	}
	if why := e.opts.View.Stuck(); why != "" {
		return why
	}
	if off := e.opts.View.ClockOff(); off != 0 {
		return "this replica's clock is " + state.ClockWords(off) + ": it begins no runs, and times may be wrong"
	}
	return ""
}

func (e *Exporter) reload(w http.ResponseWriter, r *http.Request) {
	if !e.opts.EnableLifecycle || e.opts.Reload == nil {
		e.refusePlain(w, r, lifecycleOff())
		return
	}
	if err := e.opts.Reload(detached(r)); err != nil {
		e.refusePlain(w, r, &httpError{http.StatusInternalServerError, errInternal, "failed to reload config: " + err.Error()})
		return
	}
	say(w, "The configuration was reloaded.")
}

// detached is the context for what must not be left half done because a client hangs up.
func detached(r *http.Request) context.Context { return context.WithoutCancel(r.Context()) }

func lifecycleOff() *httpError {
	return &httpError{http.StatusForbidden, errForbidden, "Lifecycle API is not enabled: start drift_exporter with --web.enable-lifecycle."}
}

func say(w http.ResponseWriter, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, line+"\n") // the client is gone
}
