package exporter

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
)

// storeTimeout bounds what one request waits for the store.
const storeTimeout = 10 * time.Second

// Options are what an Exporter needs. View, Store, Fleet, Runs, Gatherer and Registerer are required.
type Options struct {
	View  View
	Store Store
	Fleet func() *Fleet // asked anew by every request; nil before a configuration is loaded
	Runs  Runs
	// Gatherer is what /metrics serves; the metrics of that handler itself go to Registerer.
	Gatherer   prometheus.Gatherer
	Registerer prometheus.Registerer
	// ExternalURL is where browsers reach us: its path begins every link. Nil: links begin at the host's root.
	ExternalURL *url.URL
	// RoutePrefix is the path below which requests arrive, where that differs from the path of ExternalURL (a
	// reverse proxy may strip it). Empty: the path of ExternalURL.
	RoutePrefix string
	// EnableLifecycle allows POST /-/reload, POST /api/v1/runs and the pages' button that starts a run.
	EnableLifecycle bool
	Reload          func(context.Context) error // its error is shown to who asked
	// ReloadRefused is when the configuration was last reloaded, if that was refused and the one before is still in
	// use; zero if not. Nil: never refused.
	ReloadRefused func() time.Time
	Version       string          // shown at the foot of pages
	Logger        *slog.Logger    // nil: nothing is logged
	Clock         clockwork.Clock // nil: the real one
}

// Exporter serves /metrics, the pages and the JSON API.
type Exporter struct {
	opts    Options
	links   links
	prefix  string // of routes: "" or "/x"
	pages   map[string]*template.Template
	assets  map[string]asset
	openapi []byte // the description of the API
	boards  *boards
	origin  *http.CrossOriginProtection
	handler http.Handler
}

// New checks the options and builds the handler. It fails for a missing option, a route prefix that is no plain
// path or an external URL that is not absolute.
func New(o Options) (*Exporter, error) {
	if o.View == nil || o.Store == nil || o.Fleet == nil || o.Runs == nil || o.Gatherer == nil || o.Registerer == nil {
		return nil, errors.New("exporter: view, store, fleet, runs, gatherer and registerer are required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	e := &Exporter{opts: o, origin: http.NewCrossOriginProtection(), boards: &boards{view: o.View, fleet: o.Fleet}}
	if err := e.locate(); err != nil {
		return nil, err
	}
	var err error
	if e.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if e.pages, err = e.parsePages(); err != nil {
		return nil, err
	}
	if e.openapi, err = e.describe(); err != nil {
		return nil, err
	}
	e.handler = e.secure(e.routes())
	return e, nil
}

// Handler serves everything; it is safe for concurrent use.
func (e *Exporter) Handler() http.Handler { return e.handler }

// locate works out where we are: for links, for routes and for telling our own origin from others.
func (e *Exporter) locate() error {
	external := e.opts.ExternalURL
	if external == nil {
		external = &url.URL{}
	} else if external.Host == "" || external.Scheme != "http" && external.Scheme != "https" {
		return fmt.Errorf("exporter: external URL %q must begin with http:// or https:// and name a host", external.Redacted())
	} else if err := e.origin.AddTrustedOrigin(external.Scheme + "://" + external.Host); err != nil {
		return fmt.Errorf("exporter: external URL: %w", err)
	}
	base, err := cleanPrefix(external.Path)
	if err != nil {
		return fmt.Errorf("exporter: path of the external URL: %w", err)
	}
	e.links = links{base: base, host: url.URL{Scheme: external.Scheme, Host: external.Host}, fleet: e.opts.Fleet}
	if e.opts.RoutePrefix == "" {
		e.prefix = base
		return nil
	}
	if e.prefix, err = cleanPrefix(e.opts.RoutePrefix); err != nil {
		return fmt.Errorf("exporter: route prefix: %w", err)
	}
	return nil
}
