package alerting_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/prometheus/alertmanager/api/v2/models"
)

// status refuses everything so.
func status(code int) misbehaviour {
	return func(w http.ResponseWriter, _ *http.Request, _ models.PostableAlerts) bool {
		http.Error(w, "not now", code)
		return true
	}
}

// refuse is a 400 for every request that has this machine's alert.
func refuse(machine string) misbehaviour {
	return func(w http.ResponseWriter, _ *http.Request, alerts models.PostableAlerts) bool {
		for _, a := range alerts {
			if a.Labels["machine"] == machine {
				http.Error(w, "I do not like it", http.StatusBadRequest)
				return true
			}
		}
		return false
	}
}

// redirect sends every request on, to an address that gets its path.
func redirect(code int, to func() string) misbehaviour {
	return func(w http.ResponseWriter, r *http.Request, _ models.PostableAlerts) bool {
		w.Header().Set("Location", to()+r.URL.Path)
		w.WriteHeader(code)
		return true
	}
}

// never answers: the client goes before.
func never(_ http.ResponseWriter, r *http.Request, _ models.PostableAlerts) bool {
	<-r.Context().Done()
	return true
}

// tooLate takes the alerts in, and answers when nobody waits any more.
func (p *proxy) tooLate(_ http.ResponseWriter, r *http.Request, alerts models.PostableAlerts) bool {
	<-r.Context().Done()
	body, err := alertsJSON(alerts)
	if err == nil {
		p.pass(r.URL.Path, body, alerts)
	}
	return true
}

// raw takes the connection over, writes this, and resets it.
func raw(text string) misbehaviour {
	return func(w http.ResponseWriter, _ *http.Request, _ models.PostableAlerts) bool {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return false
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, text)
		if secure, ok := c.(*tls.Conn); ok {
			if plain, ok := secure.NetConn().(*net.TCPConn); ok {
				_ = plain.SetLinger(0) // so that what closes it resets it
				_ = plain.Close()
			}
		}
		return true
	}
}

// endless answers with that status, and then does not stop to talk until the client has had enough.
func endless(head string) misbehaviour {
	chunk := strings.Repeat("all work and no play ", 3000)
	return func(w http.ResponseWriter, r *http.Request, _ models.PostableAlerts) bool {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return false
		}
		defer func() { _ = c.Close() }()
		if _, err = io.WriteString(c, head); err != nil {
			return true
		}
		for err == nil {
			_, err = fmt.Fprint(c, chunk)
		}
		return true
	}
}
