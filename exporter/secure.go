package exporter

import (
	"net/http"
	"time"
)

// bodyTimeout bounds how long a client may take to send its body, so that none holds a connection for ever.
const bodyTimeout = 10 * time.Second

// contentPolicy lets pages load our own stylesheet, script and images and nothing else, and the script (live.js)
// read our own pages: whatever a machine manages to put into a page, no browser runs it.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers of every answer and turns away requests that another site's page makes a browser send.
func (e *Exporter) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		// Not no-referrer: that makes browsers send "Origin: null" with our own forms, which over plain HTTP
		// looks like another site.
		h.Set("Referrer-Policy", "same-origin")

		if err := e.origin.Check(r); err != nil {
			e.foreign(w, r, err)
			return
		}
		if r.ContentLength != 0 {
			// A body of unknown length, too, and also one that nobody reads: the server does after the answer.
			// Where there is no such deadline, it is not our connection.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		}
		next.ServeHTTP(w, r)
	})
}
