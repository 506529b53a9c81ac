package exporter

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestProgressTellsWhatIsDoneFromWhatIsTriedAgain(t *testing.T) {
	for want, run := range map[string]state.Run{
		"0 of 1 machine done":                                                   {Total: 1},
		"1 of 6 machines done, 5 to be tried again":                             {Total: 6, Checked: 1, Retrying: 5},
		"4 of 6 machines done, 2 of them not fully, 1 to be tried again":        {Total: 6, Checked: 1, Failed: 2, NotTried: 1, Retrying: 1},
		"3 of 6 machines done, 3 of them not fully":                             {Total: 6, Failed: 3},
		"1 of 6 machines done, 4 to have their turn until 2026-01-29 11:00 UTC": {Total: 6, Checked: 1, ToCome: 4, SpreadUntil: at(11, 0, 0, 0)},
	} {
		run.ID, run.Phase, run.StartedAt = "2026-01-29T09:59:00Z", state.RunRunning, at(9, 59, 0, 0)
		r := newRig(t, nil)
		r.runs.current = &run
		assert.Contains(t, r.open(t, "/", 200).text, "A run is in progress since 1 minute ago "+want+" Refresh")
	}
}

func TestTheButtonIsDisabledWhileARunWouldBeRefused(t *testing.T) {
	working := state.Run{Total: 4, Checked: 1, Failed: 1, Retrying: 1}
	waiting := state.Run{Total: 4, Checked: 1, NotTried: 1, Retrying: 2}
	others := working
	others.Machines = []string{"db1"}
	spread := state.Run{Total: 4, Checked: 1, ToCome: 3, SpreadFrom: at(9, 0, 0, 0), SpreadUntil: at(11, 0, 0, 0)}
	for name, tc := range map[string]struct {
		run  *state.Run
		path string
		why  string // empty: enabled
	}{
		"no run":                                    {nil, "/", ""},
		"no run, of a machine":                      {nil, "/machines/web1", ""},
		"a run that works":                          {&working, "/", "a run is in progress"},
		"a run that works, of a machine":            {&working, "/machines/web1", "a run is in progress"},
		"a run of others":                           {&others, "/machines/web1", "a run of other machines is in progress: 2 of 4 machines done, 1 of them not fully, 1 to be tried again Refresh"},
		"a run that is spread":                      {&spread, "/", ""},
		"a run that is spread, also for a machine":  {&spread, "/machines/web1", ""},
		"a run that only waits":                     {&waiting, "/", ""},
		"a run that only waits, also for a machine": {&waiting, "/machines/web1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, lifecycle)
			if tc.run != nil {
				run := *tc.run
				run.ID, run.Phase, run.StartedAt = "2026-01-29T09:59:00Z", state.RunRunning, at(9, 59, 0, 0)
				r.runs.current = &run
			}
			_, body := r.get(t, tc.path)
			assert.Equal(t, tc.why != "", strings.Contains(body, `<button disabled aria-describedby="busy" title="There is one run at a time">`))
			assert.Equal(t, tc.why == "", strings.Contains(body, "<button>Check"))
			assert.Contains(t, r.open(t, tc.path, 200).text, strings.TrimSpace(tc.why+" Check"))
		})
	}
}

func TestARefusedRunSaysHowFarTheOtherIsAndLeadsBack(t *testing.T) {
	r := newRig(t, lifecycle)
	r.runs.err = ErrBusy
	r.runs.current = &state.Run{ID: "2026-01-29T09:59:00Z", Phase: state.RunRunning, StartedAt: at(9, 59, 0, 0), Total: 4, Checked: 1, Retrying: 1}
	for path, back := range map[string]string{
		"/":                                    `<a href="/">All machines</a>`,
		"/machines/web1":                       `<a href="/machines/web1">Back to Web 1</a>`,
		"/machines/web1/packs/base":            `<a href="/machines/web1/packs/base">Back to Web 1 against base</a>`,
		"/machines/web1/packs/base?view=split": `<a href="/machines/web1/packs/base?view=split">Back to Web 1 against base</a>`,
	} {
		res := r.do(http.MethodPost, path, "")
		assert.Equal(t, 409, res.StatusCode, path)
		body := bodyOf(t, res)
		assert.Contains(t, body, "A run is in progress: 1 of 4 machines done, 1 to be tried again.", path)
		assert.Contains(t, body, back)
		assert.Equal(t, 1, strings.Count(body, "All machines"), path)
	}
}

func TestCardsLeaveOutWhatIsNotThere(t *testing.T) {
	r := newRig(t, nil)
	for path, want := range map[string]int{"/?q=db1": 3, "/?q=new1": 4, "/?q=web1&pack=base": 0, "/machines/db1": 3} {
		_, body := r.get(t, path)
		assert.Equal(t, want, strings.Count(body, ` class="none">–</td>`)+strings.Count(body, ` class="number none">–</td>`), path)
	}
}
