package alerting_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// The exporter logs in to each Alertmanager with these; the password must not be seen anywhere else.
const (
	user     = "drift"
	password = "hunter2-of-the-alertmanager"
)

// misbehaviour is what the proxy does with a request in place of passing it on. It tells whether it has answered: if not,
// the request is passed on as ever.
type misbehaviour func(w http.ResponseWriter, r *http.Request, alerts models.PostableAlerts) (answered bool)

// proxy stands between the exporter and a real Alertmanager. It asks for a password, keeps what it passes on, and can be
// told to misbehave.
type proxy struct {
	t       testing.TB
	address string
	tls     *tls.Config // nil: plain HTTP
	forward *url.URL

	mu     sync.Mutex
	server *http.Server
	fault  misbehaviour
	asked  int    // requests that were seen, whatever came of them
	passed []sent // what the Alertmanager has accepted, in order
}

// sent is an alert on its way to an Alertmanager.
type sent struct {
	at     time.Time
	labels models.LabelSet
	starts time.Time
	ends   time.Time
}

func (s sent) firing() bool { return s.ends.After(s.at) }

func startProxy(t testing.TB, forward *url.URL, tlsConfig *tls.Config) *proxy {
	t.Helper()
	p := &proxy{t: t, address: testprocess.FreeAddress(t), tls: tlsConfig, forward: forward}
	p.listen()
	t.Cleanup(p.hangUp)
	return p
}

// url is where the exporter finds it, without the password.
func (p *proxy) url() string {
	if p.tls != nil {
		return "https://" + p.address
	}
	return "http://" + p.address
}

// listen begins to take connections, again after hangUp.
func (p *proxy) listen() {
	p.t.Helper()
	p.serve(http.HandlerFunc(p.handle), func(l net.Listener) net.Listener {
		if p.tls != nil {
			return tls.NewListener(l, p.tls)
		}
		return l
	})
}

func (p *proxy) serve(handler http.Handler, wrap func(net.Listener) net.Listener) {
	p.t.Helper()
	listener, err := net.Listen("tcp", p.address)
	require.NoError(p.t, err)
	server := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), ReadHeaderTimeout: testprocess.Patience}
	p.mu.Lock()
	p.server = server
	p.mu.Unlock()
	go func() { _ = server.Serve(wrap(listener)) }()
}

// hangUp ends all connections and takes no other.
func (p *proxy) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		_ = p.server.Close()
		p.server = nil
	}
}

// misbehave sets what becomes of requests from now on; nil is to pass them on.
func (p *proxy) misbehave(fault misbehaviour) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

// requests is how many were seen so far.
func (p *proxy) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// accepted is what the Alertmanager took from it so far.
func (p *proxy) accepted() []sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]sent(nil), p.passed...)
}

func (p *proxy) handle(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked++
	fault := p.fault
	p.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var alerts models.PostableAlerts
	if u, pw, _ := r.BasicAuth(); u != user || pw != password {
		http.Error(w, "who are you", http.StatusUnauthorized)
		return
	}
	if err := json.Unmarshal(body, &alerts); err != nil {
		http.Error(w, "not alerts", http.StatusTeapot) // none of ours is ever refused for that
		return
	}
	if fault != nil && fault(w, r, alerts) {
		return
	}
	status, answer := p.pass(r.URL.Path, body, alerts)
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// pass hands a request to the Alertmanager, without the password, and returns its answer.
func (p *proxy) pass(path string, body []byte, alerts models.PostableAlerts) (int, []byte) {
	at := time.Now()
	response, err := testprocess.HTTPClient().Post(p.forward.JoinPath(path).String(), "application/json", bytes.NewReader(body))
	if err != nil {
		return http.StatusBadGateway, nil
	}
	defer func() { _ = response.Body.Close() }()
	answer, _ := io.ReadAll(response.Body)
	if response.StatusCode == http.StatusOK {
		p.mu.Lock()
		for _, a := range alerts {
			p.passed = append(p.passed, sent{at, a.Labels, time.Time(a.StartsAt).UTC(), time.Time(a.EndsAt).UTC()})
		}
		p.mu.Unlock()
	}
	return response.StatusCode, answer
}
