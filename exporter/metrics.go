package exporter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// maxScrapes bounds the scrapes for which metrics are gathered at once.
const maxScrapes = 10

// metricsHandler serves what can be gathered even if some of it cannot: the failure is logged and counted in
// promhttp_metric_handler_errors_total, and the gauges that are fine keep their series.
//
// An answer begins with the gauges of the state, which are kept encoded. What others registered, promhttp
// gathers, encodes and compresses at each scrape; it also negotiates how, and that holds for both.
func (e *Exporter) metricsHandler() http.Handler {
	series := newStateSeries(e.opts.View, e.opts.Fleet)
	registered := promhttp.HandlerFor(&others{e.opts.Gatherer, e.opts.View}, promhttp.HandlerOpts{
		ErrorLog:            scrapeLog{e.opts.Logger},
		ErrorHandling:       promhttp.ContinueOnError,
		Registry:            e.opts.Registerer,
		MaxRequestsInFlight: maxScrapes,
		OfferedCompressions: []promhttp.Compression{promhttp.Identity, promhttp.Gzip},
		EnableOpenMetrics:   true,
	})
	return promhttp.InstrumentMetricHandler(e.opts.Registerer, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		others := &heldAnswer{ResponseWriter: w, code: http.StatusOK}
		registered.ServeHTTP(others, r)
		body, err := e.scrape(series, others, r)
		if err != nil {
			e.opts.Logger.Error("scrape failed", "err", err)
			http.Error(w, "metrics cannot be encoded", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(others.code)
		if _, err := io.Copy(w, body); err != nil {
			panic(http.ErrAbortHandler) // nobody must take what was sent for the whole
		}
	}))
}

// scrape is the body of an answer: the gauges of the state in the form that promhttp chose, and what it gave.
func (e *Exporter) scrape(series *stateSeries, others *heldAnswer, r *http.Request) (io.Reader, error) {
	if others.code != http.StatusOK {
		return &others.body, nil
	}
	segments, err := series.encode(expfmt.Format(others.Header().Get("Content-Type")))
	if err != nil {
		return nil, err
	}
	segments = wanted(segments, r)
	if others.Header().Get("Content-Encoding") == string(promhttp.Gzip) {
		return intoMember(others.body.Bytes(), segments)
	}
	return io.MultiReader(plain(segments), &others.body), nil
}

// wanted leaves the families that the request names, or all if it names none, as promhttp does with the others.
func wanted(segments []*segment, r *http.Request) []*segment {
	names := r.URL.Query()["name[]"]
	if len(names) == 0 {
		return segments
	}
	return slices.DeleteFunc(slices.Clone(segments), func(s *segment) bool { return !slices.Contains(names, s.family.name) })
}

// heldAnswer holds an answer back, but for its headers, so that something can go before it.
type heldAnswer struct {
	http.ResponseWriter
	code int
	body bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (a *heldAnswer) WriteHeader(code int) { a.code = code }

// Write implements http.ResponseWriter.
func (a *heldAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }

// others gathers what others registered, and the one gauge of the state that changes by itself.
type others struct {
	registered prometheus.Gatherer
	view       View
}

// Gather leaves out what has the name of a gauge of the state, and that is an error: two families of one name
// would spoil the scrape.
func (o *others) Gather() ([]*dto.MetricFamily, error) {
	connected := connectedFamily(o.view)
	registered, err := o.registered.Gather()
	errs := []error{err}
	out := []*dto.MetricFamily{connected.proto()}
	taken := append(stateNames(), connected.name)
	for _, f := range registered {
		if slices.Contains(taken, f.GetName()) {
			errs = append(errs, fmt.Errorf("%s is registered, but is a gauge of the state", f.GetName()))
			continue
		}
		out = append(out, f)
	}
	return out, errors.Join(errs...)
}

// scrapeLog is promhttp's idea of a logger.
type scrapeLog struct{ log *slog.Logger }

func (l scrapeLog) Println(v ...any) { l.log.Error("scrape failed", "err", fmt.Sprint(v...)) }
