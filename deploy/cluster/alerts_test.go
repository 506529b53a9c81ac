package cluster_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
)

// sent is an alert that a replica sent to Alertmanager.
type sent struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`

	arrived time.Time
}

func (s sent) firing() bool { return s.EndsAt.After(s.arrived) }

// recorder stands between one replica and Alertmanager, and keeps what the replica sends.
type recorder struct {
	URL string

	mu   sync.Mutex
	sent []sent
}

func newRecorder(t *testing.T, to *url.URL) *recorder {
	t.Helper()
	r := &recorder{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil { // cut off: Alertmanager is not told either
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.keep(body)
		request.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

func (r *recorder) keep(body []byte) {
	var alerts []sent
	_ = json.Unmarshal(body, &alerts) // another call of the API holds none
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range alerts {
		a.arrived = time.Now()
		r.sent = append(r.sent, a)
	}
}

// since is what was sent after the first so many.
func (r *recorder) since(count int) []sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sent[count:])
}

func (r *recorder) count() int { return len(r.since(0)) }

// of are those about one machine.
func of(m *machine, all []sent) []sent {
	return slices.DeleteFunc(slices.Clone(all), func(s sent) bool { return s.Labels["machine"] != m.name })
}

// story is who sent what of a machine, for a failing test.
func (w *world) story(m *machine) string {
	var all []sent
	for _, r := range w.replicas {
		for _, s := range of(m, r.recorder.since(0)) {
			s.Annotations = map[string]string{"by": r.name}
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b sent) int { return a.arrived.Compare(b.arrived) })
	var text strings.Builder
	for _, s := range all {
		fmt.Fprintf(&text, "%s %s firing=%t since %s\n", s.arrived.Format(time.StampMilli), s.Annotations["by"], s.firing(), s.StartsAt)
	}
	return text.String()
}

// notice is what a receiver was told of an alert.
type notice struct {
	Status   string            `json:"status"`
	Labels   map[string]string `json:"labels"`
	StartsAt time.Time         `json:"startsAt"`
}

// notices are what Alertmanager told its receiver about a machine, oldest first. Each alert is a group of its own there.
func notices(inbox *testalertmanager.Inbox, m *machine) []notice {
	var found []notice
	for _, body := range inbox.Bodies() {
		var message struct {
			Alerts []notice `json:"alerts"`
		}
		if json.Unmarshal(body, &message) != nil {
			continue
		}
		for _, n := range message.Alerts {
			if n.Labels["machine"] == m.name {
				found = append(found, n)
			}
		}
	}
	return found
}

// statuses are those of notices: firing, resolved.
func statuses(of []notice) []string {
	var all []string
	for _, n := range of {
		all = append(all, n.Status)
	}
	return all
}

const toInbox = `
route: {receiver: inbox, group_by: ['...'], group_wait: 10ms, group_interval: 10ms, repeat_interval: 24h}
receivers:
  - name: inbox
    webhook_configs: [{url: %q, send_resolved: true}]
`
