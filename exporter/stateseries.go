package exporter

import (
	"slices"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// maxFormats bounds the formats that are kept encoded. Scrapers of one fleet rarely ask for more than two.
const maxFormats = 4

// stateSeries is the gauges that show the state, one each of a pair or machine of the fleet. They change only
// when results or a configuration arrive, so they are kept between scrapes: their values, and the families of
// each format that is asked for as segments. It is safe for concurrent use.
type stateSeries struct {
	view  View
	fleet func() *Fleet

	mu       sync.Mutex
	layout   *layout
	revision uint64
	families []*family
	formats  []*encoded // the last used first
}

// encoded is the families in one format, as of the last time that it was asked for.
type encoded struct {
	format   expfmt.Format
	segments []*segment
}

func newStateSeries(v View, fleet func() *Fleet) *stateSeries {
	return &stateSeries{view: v, fleet: fleet}
}

// Gather returns the families of this moment, sorted as a registry sorts them. It never fails.
func (s *stateSeries) Gather() ([]*dto.MetricFamily, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	var out []*dto.MetricFamily
	for _, f := range s.families {
		out = append(out, f.proto())
	}
	return out, nil
}

// encode returns the families of this moment in a format, sorted by name. Whoever asks while a change is being
// encoded waits for it and shares the result, which must not be changed.
func (s *stateSeries) encode(format expfmt.Format) ([]*segment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	i := slices.IndexFunc(s.formats, func(e *encoded) bool { return e.format == format })
	last := &encoded{format: format}
	if i >= 0 {
		last = s.formats[i]
		s.formats = slices.Delete(s.formats, i, i+1)
	}
	segments, err := encodeFamilies(s.families, last.segments, format)
	if err != nil {
		return nil, err
	}
	s.formats = slices.Insert(s.formats, 0, &encoded{format, segments})
	s.formats = s.formats[:min(len(s.formats), maxFormats)]
	return segments, nil
}

// refresh brings the families up to date. Those that did not change stay the very same.
func (s *stateSeries) refresh() {
	fleet, revision := s.fleet(), s.view.Revision() // before the view is read: a change meanwhile is seen next time
	if s.layout != nil && s.layout.fleet == fleet && s.revision == revision {
		return
	}
	if s.layout == nil || s.layout.fleet != fleet {
		s.layout = newLayout(fleet)
	}
	families := s.layout.families(s.view)
	for i, f := range families {
		if j := slices.IndexFunc(s.families, f.same); j >= 0 {
			families[i] = s.families[j]
		}
	}
	s.families, s.revision = families, revision
}
