package testtruth

import (
	"net/http"
	"strings"
	"syscall"

	"github.com/stretchr/testify/require"
)

// Begin lets the machines be as they were made, and asks for a run of all of them. What it must make true is true once it
// has ended, however often the exporter dies meanwhile.
func (w *World) Begin() (id string) {
	w.t.Helper()
	w.Settle()
	id = w.StartRun()
	w.Model.ran(id, w.Machines)
	return id
}

// BeginUnsure is Begin for who does not know whether the request for the run came through: if there is no new run yet, one
// is asked for.
func (w *World) BeginUnsure() (id string) {
	w.t.Helper()
	if id = w.latestRun(); id == w.Model.Runs[len(w.Model.Runs)-1].ID {
		return w.Begin()
	}
	w.Model.ran(id, w.Machines)
	return id
}

// Check lets the machines be as they were made, and has all of them checked.
func (w *World) Check() {
	w.t.Helper()
	w.WaitForRun(w.Begin())
}

// Write writes the configuration, and what it will make true once it is loaded.
func (w *World) Write() (fresh []*Machine) {
	w.t.Helper()
	w.writeConfig()
	return w.Model.configured(w.Machines)
}

// Reload has the exporter load the configuration as it is to be, by a signal or by a request, and waits for the run of what
// is new.
func (w *World) Reload(bySignal bool) {
	w.t.Helper()
	w.Settle()
	fresh := w.Write()
	before := w.latestRun()
	if bySignal {
		loaded := func() int { return strings.Count(w.Log(), "configuration loaded") }
		count := loaded()
		w.Signal(syscall.SIGHUP)
		w.Eventually("the configuration is loaded", func() bool { return loaded() > count })
	} else {
		status, answer := w.Post("/-/reload", "")
		require.Equal(w.t, http.StatusOK, status, answer)
	}
	if len(fresh) == 0 {
		return
	}
	id := ""
	w.Eventually("what is new is checked at once", func() bool {
		id = w.latestRun()
		return id != before
	})
	w.WaitForRun(id)
	w.Model.ran(id, fresh)
}

// Resumed tells whether the present process went on with a run that another had begun.
func (w *World) Resumed() bool { return strings.Contains(w.Log(), "run resumed") }
