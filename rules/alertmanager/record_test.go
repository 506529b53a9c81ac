package alertmanager_test

import (
	"context"
	"sync"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// oneRecord is a View of one pair.
type oneRecord struct {
	mu      sync.Mutex
	stored  *state.Record
	changed chan struct{}
}

func newOneRecord() *oneRecord { return &oneRecord{changed: make(chan struct{})} }

func (v *oneRecord) record() *state.Record {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stored
}

func (v *oneRecord) set(r *state.Record) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stored = r
	close(v.changed)
	v.changed = make(chan struct{})
}

// Alerts, Changed and Live make it a View.
func (v *oneRecord) Alerts() []*state.Record {
	if r := v.record(); r != nil && (r.Alert != nil || len(r.Resolving) > 0) {
		return []*state.Record{r}
	}
	return nil
}

func (v *oneRecord) Changed() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.changed
}

func (v *oneRecord) Live() bool { return true }

func (v *oneRecord) Confirm(context.Context) bool { return true }
