package alerting_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testfaults"
)

func alertsJSON(alerts models.PostableAlerts) ([]byte, error) { return json.Marshal(alerts) }

// fault is something that an Alertmanager does, or what is between it and the exporter.
type fault struct {
	name   string
	sample bool // in `make test`
	begin  func(w *world)
	end    func(w *world)
	after  func(t *testing.T, w *world) // what else must hold after it; optional
}

// answering is a fault of the proxy's answers.
func answering(name string, sample bool, what func(w *world) misbehaviour) fault {
	return fault{
		name: name, sample: sample,
		begin: func(w *world) { w.bad.proxy.misbehave(what(w)) },
		end:   func(w *world) { w.bad.proxy.misbehave(nil) },
	}
}

// certified is an Alertmanager that shows another certificate.
func certified(what string, shown func(*authority) *tls.Certificate) fault {
	show := func(w *world, c *tls.Certificate) {
		w.authority.shown.Store(c)
		w.bad.proxy.hangUp()
		w.bad.proxy.listen()
	}
	return fault{
		name:  "TLS with " + what,
		begin: func(w *world) { show(w, shown(w.authority)) },
		end:   func(w *world) { show(w, nil) },
	}
}

func always(what misbehaviour) func(*world) misbehaviour {
	return func(*world) misbehaviour { return what }
}

func faults(elsewhere *elsewhere) []fault {
	list := []fault{
		{
			name: "dead: nobody listens, and the process has lost its alerts when it is back", sample: true,
			begin: func(w *world) { w.bad.proxy.hangUp(); w.bad.Stop() },
			end:   func(w *world) { w.bad.Restart(false); w.bad.proxy.listen() },
		},
		certified("a certificate that is not trusted", func(a *authority) *tls.Certificate { return &a.another }),
		certified("a trusted certificate of another address", func(a *authority) *tls.Certificate { return &a.elsewhere }),
		answering("a black hole: connections are taken, nothing is ever answered", true, always(never)),
		answering("slower than its timeout: it takes the alerts, and answers when nobody waits any more", false,
			func(w *world) misbehaviour { return w.bad.proxy.tooLate }),
		answering("the connection is reset before the answer", false, always(raw(""))),
		answering("the connection is reset in the middle of the answer's body", false,
			always(raw("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000\r\n\r\nhalf a sen"))),
		answering("the answer is not HTTP", false, always(raw("\x00\x01\x02 220 mail.example ESMTP\r\n"))),
		answering("an error whose body does not end", false, always(endless("HTTP/1.1 503 Service Unavailable\r\n\r\n"))),
		answering("an answer whose header does not end", false, always(endless("HTTP/1.1 200 OK\r\nX-Long: "))),
		answering("a redirect in a circle", false, func(w *world) misbehaviour {
			return redirect(http.StatusTemporaryRedirect, w.bad.proxy.url)
		}),
	}
	for _, code := range []int{
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusUnauthorized,
	} {
		list = append(list, answering(fmt.Sprintf("answering %d to everything", code), code == http.StatusTooManyRequests, always(status(code))))
	}
	for _, code := range []int{
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
	} {
		f := answering(fmt.Sprintf("a redirect (%d) to another origin", code), code == http.StatusTemporaryRedirect,
			always(redirect(code, elsewhere.url)))
		f.after = func(t *testing.T, _ *world) {
			assert.Zero(t, elsewhere.requests.Load(), "neither the password nor the alert may be given to another origin")
		}
		list = append(list, f)
	}
	return list
}

// elsewhere is a server that nobody has configured.
type elsewhere struct {
	*httptest.Server
	requests atomic.Int64
}

func newElsewhere(t *testing.T) *elsewhere {
	e := &elsewhere{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { e.requests.Add(1) }))
	t.Cleanup(e.Close)
	return e
}

func (e *elsewhere) url() string { return e.URL }

// TestFaultOfOneAlertmanagerThroughDriftAndRepair has one of two Alertmanagers fail while a machine drifts, while the
// exporter is killed and starts again, and while the machine is repaired. The other one must hear of it all meanwhile;
// the one that failed must when it is well again.
func TestFaultOfOneAlertmanagerThroughDriftAndRepair(t *testing.T) {
	w := start(t, 3)
	w.drift("m0") // goes on through all faults
	w.allIsWell()
	for _, f := range faults(newElsewhere(t)) {
		if !f.sample && !testfaults.Full() {
			continue
		}
		ok := t.Run(f.name, func(t *testing.T) {
			w.t = t
			w.through(f)
			testfaults.Survived(t, "an Alertmanager, "+f.name+": at drift, with a kill, and at repair", 3)
		})
		w.t = t
		require.True(t, ok)
	}
}

// through is a drift and a repair of m1, each under the fault.
func (w *world) through(f fault) {
	w.t.Helper()
	f.begin(w)
	w.drift("m1")
	w.knows(w.good)
	w.grows("errors", w.bad)
	w.restart()
	w.knows(w.good)
	w.grows("errors", w.bad)
	f.end(w)
	w.allIsWell()
	w.grows("sent", w.bad)

	f.begin(w)
	w.repair("m1")
	w.knows(w.good)
	w.grows("errors", w.bad)
	f.end(w)
	w.allIsWell()
	if f.after != nil {
		f.after(w.t, w)
	}
}

// TestFaultOneAlertOfABatchIsRefused has the others get through, and the refused one tried again as long as it takes.
func TestFaultOneAlertOfABatchIsRefused(t *testing.T) {
	w := start(t, 4)
	w.bad.proxy.misbehave(refuse("m2"))
	w.drift("m0", "m1", "m2", "m3")
	w.knows(w.good)
	others := w.truth()
	delete(others, "m2")
	w.eventually("the others get through", func() bool { return maps.Equal(w.fires(w.bad), others) })
	w.grows("errors", w.bad)
	w.grows("errors", w.bad)
	w.grows("sent", w.bad)
	w.restart()
	w.grows("errors", w.bad)
	w.eventually("the log names the refused one", func() bool {
		return strings.Contains(w.exporter.Log(), "machine=m2 pack=m2") && strings.Contains(w.exporter.Log(), "Alertmanager refuses an alert")
	})
	assert.NotContains(t, w.exporter.Log(), "refuses an alert\" machine=m1")
	w.bad.proxy.misbehave(nil)
	w.allIsWell()

	w.bad.proxy.misbehave(refuse("m2"))
	w.repair("m1", "m2")
	delete(others, "m1")
	others["m2"] = stamp(w.ended("m2"))
	w.eventually("the other end gets through, and the refused one fires on", func() bool { return maps.Equal(w.fires(w.bad), others) })
	w.grows("errors", w.bad)
	w.bad.proxy.misbehave(nil)
	w.allIsWell()
	testfaults.Survived(t, "an Alertmanager refuses (400) one alert of a batch: at drift, with a kill, and at repair", 3)
}

// TestFaultASlowAlertmanagerDelaysNoOther shows that by the order of events: the first request to the slow one is still
// without an answer when the other has heard of a drift, its repair, and another drift.
func TestFaultASlowAlertmanagerDelaysNoOther(t *testing.T) {
	w := startWith(t, 2, "10m")
	held, free := make(chan struct{}, 100), make(chan struct{})
	w.bad.proxy.misbehave(func(_ http.ResponseWriter, r *http.Request, _ models.PostableAlerts) bool {
		held <- struct{}{}
		select {
		case <-free:
		case <-r.Context().Done():
		}
		return false
	})
	w.drift("m0")
	<-held
	w.knows(w.good)
	w.repair("m0")
	w.knows(w.good)
	w.drift("m1")
	w.knows(w.good)
	assert.Equal(t, 1, w.bad.proxy.requests(), "it has not answered a single one yet")
	assert.Empty(t, w.fires(w.bad))
	close(free)
	w.allIsWell()
	testfaults.Survived(t, "an Alertmanager holds a request through a drift, a repair and another drift that the other one hears of", 1)
}

// TestFaultAlertmanagersComeBackEmpty has both lose what fires, one after the other: a resend brings it back.
func TestFaultAlertmanagersComeBackEmpty(t *testing.T) {
	w := start(t, 3)
	w.drift("m0", "m1")
	w.allIsWell()
	times := testfaults.Pick(1, 5)
	for range times {
		for _, s := range []*side{w.bad, w.good} {
			s.Restart(true)
			w.knows(s)
		}
		w.allIsWell()
	}
	w.repair("m0")
	w.allIsWell()
	w.good.Restart(true)
	w.bad.Restart(true)
	w.grows("sent", w.bad)
	w.allIsWell() // an end that is told again revives nothing
	testfaults.Survived(t, "a real Alertmanager comes back with empty storage while alerts fire", 2*times+2)
}

// TestFaultEndlessAnswersTakeNoMemory has an Alertmanager talk for as long as it is listened to.
func TestFaultEndlessAnswersTakeNoMemory(t *testing.T) {
	const bound = 300 << 20 // of gigabytes that come in; the race detector takes several times what the program does
	w := start(t, 2)
	w.drift("m0")
	w.allIsWell()
	before := w.resident()
	heads := []string{"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Long: ", "HTTP/1.1 400 Bad Request\r\n\r\n"}
	heads = heads[:testfaults.Pick(1, len(heads))]
	for _, head := range heads {
		w.bad.proxy.misbehave(endless(head))
		for range testfaults.Pick(1, 4) {
			seen := w.bad.proxy.requests()
			w.eventually("it talks on", func() bool {
				require.Less(t, w.resident()-before, float64(bound), head)
				return w.bad.proxy.requests() > seen+1
			})
		}
	}
	w.drift("m1")
	w.knows(w.good)
	w.bad.proxy.misbehave(nil)
	w.allIsWell()
	testfaults.Survived(t, "an Alertmanager's answer does not end: header, body of a 200, 400 and 503", testfaults.Pick(1, 4)*len(heads))
}

// resident is how much memory the exporter has.
func (w *world) resident() float64 {
	w.t.Helper()
	return number(w.t, w.exporter.Metric("process_resident_memory_bytes"))
}
