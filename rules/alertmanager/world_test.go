package alertmanager

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a Sender with its view and Alertmanagers in a bubble of its own time. The Alertmanagers are real HTTP
// servers on connections in memory.
type world struct {
	*view
	t        *testing.T
	servers  map[string]*server
	targets  []config.Alertmanager
	registry *prometheus.Registry
	metrics  *Metrics
	log      *bytes.Buffer
	nextRun  time.Time
	next     func(time.Time) time.Time // in its place, if it is not nil
	clock    clockwork.Clock           // nil: that of the bubble
	resend   time.Duration
	cancel   context.CancelFunc
	ended    chan struct{}
}

// inWorld runs a test with Alertmanagers of those names. The Sender is not running yet.
func inWorld(t *testing.T, names []string, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, view: newView(), servers: map[string]*server{}, registry: prometheus.NewRegistry(), log: &bytes.Buffer{},
			resend: time.Minute}
		w.metrics = NewMetrics(w.registry)
		for _, name := range names {
			w.targets = append(w.targets, config.Alertmanager{
				URL: &url.URL{Scheme: "http", Host: name}, HTTPClient: promconfig.DefaultHTTPClientConfig, Timeout: 10 * time.Second,
			})
			w.servers[name] = newServer(t)
		}
		defer w.stop()
		test(t, w)
	})
}

func (w *world) start() {
	w.t.Helper()
	next := w.next
	if next == nil {
		next = func(time.Time) time.Time { return w.nextRun }
	}
	sender, err := New(w.view, w.targets, Options{
		ResendDelay: w.resend, NextRun: next, Clock: w.clock,
		Logger:  slog.New(slog.NewTextHandler(w.log, nil)),
		Metrics: w.metrics, dial: w.dial,
	})
	require.NoError(w.t, err)
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	ended := make(chan struct{})
	w.ended = ended
	go func() {
		defer close(ended)
		_ = sender.Run(ctx)
	}()
	synctest.Wait()
}

func (w *world) stop() {
	if w.cancel != nil {
		w.cancel()
		<-w.ended
		w.cancel = nil
	}
}

// pass lets time pass, until everything that this sets off is done.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return w.servers[host].dial(ctx)
}

// server is an Alertmanager's API as far as a Sender sees it.
type server struct {
	connections chan net.Conn
	closed      chan struct{}

	mu     sync.Mutex
	down   bool
	answer func(w http.ResponseWriter, r *http.Request, alerts models.PostableAlerts) // nil: 200
	posts  []post
}

// post is a request that the server was sent, whatever it answered.
type post struct {
	at     time.Time
	body   string
	alerts models.PostableAlerts
}

func newServer(t *testing.T) *server {
	s := &server{connections: make(chan net.Conn), closed: make(chan struct{})}
	httpServer := &http.Server{Handler: s, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = httpServer.Serve(s) }()
	t.Cleanup(func() { _ = httpServer.Close() })
	return s
}

func (s *server) dial(ctx context.Context) (net.Conn, error) {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	select {
	case s.connections <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept, Close and Addr make it a net.Listener.
func (s *server) Accept() (net.Conn, error) {
	select {
	case c := <-s.connections:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *server) Close() error {
	close(s.closed)
	return nil
}

func (s *server) Addr() net.Addr { return &net.TCPAddr{} }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p := post{at: time.Now(), body: string(body)}
	if err := json.Unmarshal(body, &p.alerts); err != nil || r.Method != http.MethodPost || r.URL.Path != "/api/v2/alerts" {
		http.Error(w, fmt.Sprintf("%s %s: %v", r.Method, r.URL, err), http.StatusNotFound)
		return
	}
	s.mu.Lock()
	s.posts = append(s.posts, p)
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		answer(w, r, p.alerts)
	}
}

// answers sets what the server answers from now on; nil is 200.
func (s *server) answers(f func(w http.ResponseWriter, r *http.Request, alerts models.PostableAlerts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// status makes an answer of that status.
func status(code int) func(http.ResponseWriter, *http.Request, models.PostableAlerts) {
	return func(w http.ResponseWriter, _ *http.Request, _ models.PostableAlerts) { http.Error(w, "so it is", code) }
}

// hang is an answer that never comes.
func hang(_ http.ResponseWriter, r *http.Request, _ models.PostableAlerts) { <-r.Context().Done() }

func (s *server) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// take returns the requests since it was last called.
func (s *server) take() []post {
	s.mu.Lock()
	defer s.mu.Unlock()
	posts := s.posts
	s.posts = nil
	return posts
}

// view is a View that a test writes to.
type view struct {
	mu      sync.Mutex
	records map[state.Key]*state.Record
	changed chan struct{}
	live    bool
	confirm func() bool // nil: it is always confirmed
	reads   int         // of Alerts
}

func newView() *view {
	return &view{records: map[state.Key]*state.Record{}, changed: make(chan struct{}), live: true}
}

func (v *view) Alerts() []*state.Record {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reads++
	records := make([]*state.Record, 0, len(v.records))
	for _, r := range v.records {
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b *state.Record) int {
		return cmp.Or(cmp.Compare(a.Machine, b.Machine), cmp.Compare(a.Pack, b.Pack))
	})
	return records
}

func (v *view) Changed() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.changed
}

func (v *view) Live() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.live
}

func (v *view) Confirm(context.Context) bool {
	v.mu.Lock()
	confirm := v.confirm
	v.mu.Unlock()
	return confirm == nil || confirm()
}

// set writes a pair's alerts, the newest first; none deletes the record.
func (v *view) set(key state.Key, alerts ...state.Alert) {
	if len(alerts) == 0 {
		v.store(key, nil)
	} else {
		v.store(key, &state.Record{Key: key, Alert: &alerts[0], Resolving: alerts[1:]})
	}
}

// store writes a pair's record; nil deletes it.
func (v *view) store(key state.Key, r *state.Record) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r == nil {
		delete(v.records, key)
	} else {
		v.records[key] = r
	}
	close(v.changed)
	v.changed = make(chan struct{})
}

// confirmBy is asked from now on in place of a server.
func (v *view) confirmBy(confirm func() bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.confirm = confirm
}

func (v *view) setLive(live bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.live = live
}

var web1 = state.Key{Machine: "web1", Pack: "base"}

// firing is an alert that starts now.
func firing(key state.Key) state.Alert {
	return state.Alert{
		Labels: map[string]string{
			"alertname": "config_drift", "severity": "warning", "machine": key.Machine, "pack": key.Pack, "env": "prod",
		},
		Annotations:  map[string]string{"mismatch_count": "1"},
		GeneratorURL: "http://drift.example/machines/" + key.Machine + "/packs/" + key.Pack,
		StartsAt:     time.Now().UTC().Truncate(time.Millisecond),
	}
}

// ended is the alert resolved now.
func ended(a state.Alert) state.Alert {
	a.ResolvedAt = time.Now().UTC().Truncate(time.Millisecond)
	a.ValidUntil = a.ResolvedAt.Add(25 * time.Hour)
	a.Annotations = map[string]string{"mismatch_count": "1", "resolved_reason": "compliant"}
	return a
}

// slow answers after three seconds.
func slow(_ http.ResponseWriter, r *http.Request, _ models.PostableAlerts) {
	select {
	case <-time.After(3 * time.Second):
	case <-r.Context().Done():
	}
}
