package testtruth

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Sent is an alert as the exporter sends it.
type Sent struct {
	Labels   map[string]string `json:"labels"`
	StartsAt time.Time         `json:"startsAt"`
	EndsAt   time.Time         `json:"endsAt"`
}

// Stage is how far a request of the exporter has come.
type Stage int

// The stages of a request.
const (
	Arrived  Stage = iota // Alertmanager does not know of it yet
	Accepted              // Alertmanager has answered, the exporter does not know it yet
)

// Proxy stands between the exporter and Alertmanager.
type Proxy struct {
	URL string

	mu     sync.Mutex
	told   map[string]bool // alerts that were seen, by what is new about them
	open   int             // requests under way
	news   int             // requests with something new in them
	onNews func(Stage)     // nil: nobody waits for news
}

func newProxy(t testing.TB, to *url.URL) *Proxy {
	p := &Proxy{told: map[string]bool{}}
	forward := httputil.NewSingleHostReverseProxy(to)
	forward.Transport = &http.Transport{DisableKeepAlives: true}
	forward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil { // cut off: Alertmanager is not told either
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		onNews := p.begin(body)
		defer p.end()
		onNews(Arrived)
		request.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		forward.ServeHTTP(answer, request)
		onNews(Accepted)
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

func (p *Proxy) begin(body []byte) (onNews func(Stage)) {
	var alerts []Sent
	_ = json.Unmarshal(body, &alerts) // another call of the API holds none
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
	fresh := false
	for _, a := range alerts {
		what := "fires"
		if !a.EndsAt.After(time.Now()) {
			what = "ended"
		}
		id := a.Labels["machine"] + "/" + a.Labels["pack"] + " " + a.StartsAt.Format(time.RFC3339Nano) + what
		fresh = fresh || !p.told[id]
		p.told[id] = true
	}
	if fresh {
		p.news++
	}
	if !fresh || p.onNews == nil {
		return func(Stage) {}
	}
	return p.onNews
}

func (p *Proxy) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
}

// OnNews has a function called at both stages of each request that tells of an alert's start or end for the first time; nil:
// none. The request waits for it.
func (p *Proxy) OnNews(f func(Stage)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onNews = f
}

// Open is how many requests are under way.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// News is how many requests told of something for the first time.
func (p *Proxy) News() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.news
}
