package exporter

import (
	"net/http"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// errorContent is a page that says why there is not the one that was asked for, and where to go from here.
type errorContent struct {
	Status  int
	Heading string
	Message string
	Hint    string
	Links   []pageLink
}

// concerned: no run makes the page that was asked for appear.
func (errorContent) concerned(*state.Run) bool { return false }

type pageLink struct{ Text, URL string }

func (e *Exporter) refusePage(w http.ResponseWriter, r *http.Request, err *httpError) {
	e.refusePageWith(w, r, err)
}

func (e *Exporter) refusePageWith(w http.ResponseWriter, r *http.Request, err *httpError, more ...pageLink) {
	c := errorContent{Status: err.status, Heading: http.StatusText(err.status), Message: err.message, Hint: statusHint(err.status)}
	c.Links = more
	if fleet := (pageLink{"All machines", e.links.Fleet()}); !slices.Contains(more, fleet) {
		c.Links = append(more, fleet)
	}
	e.render(w, r, err.status, "error", c.Heading, c)
}

// refuseRun is for a run that was asked for by the button of a page: it leads back there.
func (e *Exporter) refuseRun(back pageLink) refusal {
	return func(w http.ResponseWriter, r *http.Request, err *httpError) {
		if run, on := e.currentRun(); on && err.status == http.StatusConflict {
			err = &httpError{err.status, err.typ, "A run is in progress: " + howFar(&run) + "."}
		}
		e.refusePageWith(w, r, err, back)
	}
}

// statusHint is what may help whoever gets an answer with that status; empty where the message says it all.
func statusHint(status int) string {
	switch {
	case status == http.StatusNotFound:
		return "Machines and packs come and go with the configuration, so that an old link may lead to one that is gone."
	case status == http.StatusConflict:
		return "There is one run at a time. Try again when it has ended, or only waits to try machines again."
	case status >= http.StatusInternalServerError:
		return "That is no fault of yours. The log of drift_exporter says more; trying again may help."
	default:
		return ""
	}
}

// foreign answers a request that another site's page seems to have made, in the form that who is asked for reads.
func (e *Exporter) foreign(w http.ResponseWriter, r *http.Request, why error) {
	refused := &httpError{http.StatusForbidden, errForbidden, why.Error()}
	switch path := strings.TrimPrefix(r.URL.Path, e.prefix); {
	case strings.HasPrefix(path, "/api/"):
		e.refuseJSON(w, r, refused)
	case strings.HasPrefix(path, "/-/"):
		e.refusePlain(w, r, refused)
	default:
		refused.message = "This was refused because another site seems to have asked for it (" + why.Error() + "). If it was you, on " +
			"one of these pages, a proxy hides the address that your browser sees: give that as --web.external-url."
		e.refusePage(w, r, refused)
	}
}
