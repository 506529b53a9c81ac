package checker

import (
	"bytes"
	"sync"
)

// workspace is what a dialogue needs while it lasts. The next one takes it over: it would be the most of what a check leaves
// for the garbage collector.
type workspace struct {
	text    bytes.Buffer      // that is being sent
	asked   []Question        // question N is asked[N-1]
	got     []bool            // which of them were answered
	answers Answers           // of the whole machine
	next    []Question        // that are to be put
	seen    map[Question]bool // which these are
}

var workspaces = sync.Pool{New: func() any { return &workspace{answers: Answers{}, seen: map[Question]bool{}} }}

func newWorkspace() *workspace { return workspaces.Get().(*workspace) }

const (
	maxKept          = 64 << 10 // of a buffer that goes on to another session, in bytes
	maxKeptQuestions = 1000     // of one of questions
)

// recycle has another dialogue use the workspace. One that grew large for a seldom machine is not kept.
func (w *workspace) recycle() {
	if w.text.Cap() > maxKept || cap(w.asked) > maxKeptQuestions || cap(w.next) > maxKeptQuestions {
		return
	}
	w.text.Reset()
	clear(w.asked[:cap(w.asked)]) // nothing of a machine is kept
	clear(w.next[:cap(w.next)])
	clear(w.answers)
	clear(w.seen)
	w.asked, w.got, w.next = w.asked[:0], w.got[:0], w.next[:0]
	workspaces.Put(w)
}
