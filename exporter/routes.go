package exporter

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// methods are the handlers of one path. GET answers HEAD too.
type methods map[string]http.HandlerFunc

// refusal answers a request that cannot be served, in the form that its caller reads: JSON, a page or a line.
type refusal func(w http.ResponseWriter, r *http.Request, err *httpError)

// routes is everything there is, below the route prefix.
func (e *Exporter) routes() http.Handler {
	mux := http.NewServeMux()
	add := func(pattern string, refuse refusal, m methods) {
		mux.Handle(e.prefix+pattern, dispatch(m, refuse))
	}
	get := func(h http.HandlerFunc) methods { return methods{http.MethodGet: h} }

	add("/metrics", e.refusePlain, get(e.metricsHandler().ServeHTTP))
	add("/-/healthy", e.refusePlain, get(e.healthy))
	add("/-/ready", e.refusePlain, get(e.ready))
	add("/-/reload", e.refusePlain, methods{http.MethodPost: e.reload})
	add("/assets/{name}", e.refusePlain, get(e.asset))

	add("/{$}", e.refusePage, methods{http.MethodGet: e.fleetPage, http.MethodPost: e.checkNow})
	add("/machines/{machine}", e.refusePage, methods{http.MethodGet: e.machinePage, http.MethodPost: e.checkNow})
	add("/machines/{machine}/packs/{pack}", e.refusePage, methods{http.MethodGet: e.pairPage, http.MethodPost: e.checkNow})
	add("/machines/{machine}/packs/{pack}/history", e.refusePage, get(e.historyPage))
	add("/packs", e.refusePage, get(e.packsPage))
	add("/packs/{pack}", e.refusePage, get(e.packPage))

	endpoints := map[string]methods{}
	for _, r := range e.apiRoutes() {
		if endpoints[r.pattern] == nil {
			endpoints[r.pattern] = methods{}
		}
		endpoints[r.pattern][r.method] = r.handle
	}
	for pattern, m := range endpoints {
		add(apiBase+pattern, e.refuseJSON, m)
	}

	mux.HandleFunc(e.prefix+"/api/", func(w http.ResponseWriter, r *http.Request) {
		e.refuseJSON(w, r, notFound("no such endpoint: %s", shorten(r.URL.Path)))
	})
	mux.HandleFunc(e.prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		e.refusePage(w, r, notFound("There is no page %s.", shorten(r.URL.Path)))
	})
	if e.prefix != "" { // like Prometheus: who asks for the bare host is sent on
		mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, e.links.Fleet(), http.StatusFound)
		})
	}
	return mux
}

// dispatch picks the handler of the request's method. ServeMux could, but answers wrong methods in plain text.
func dispatch(m methods, refuse refusal) http.Handler {
	allowed := slices.Sorted(maps.Keys(m))
	if m[http.MethodGet] != nil {
		allowed = append([]string{http.MethodGet, http.MethodHead}, allowed[1:]...)
	}
	allow := strings.Join(allowed, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if h := m[method]; h != nil {
			h(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		refuse(w, r, &httpError{http.StatusMethodNotAllowed, errMethod, "method " + shorten(r.Method) + " is not allowed here: " + allow})
	})
}
