package kill_test

import (
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testtruth"
)

// longest is within which random moments lie: a run takes about that long.
const longest = 1200 * time.Millisecond

// pass lets a random time pass. Any moment will do: it is what is being tested.
func (k *killing) pass(most time.Duration) { time.Sleep(time.Duration(k.random.Int64N(int64(most)))) }

// atRandomTime kills some time after a run has begun.
func (k *killing) atRandomTime() {
	id := k.Begin()
	k.pass(longest)
	k.strike("")
	k.revive(id)
}

// onceDialled kills as soon as a random number of machines took a connection.
func (k *killing) onceDialled() {
	n, dialled := k.entered+1+k.random.Int64N(machines-3), make(chan struct{})
	reached := sync.OnceFunc(func() { close(dialled) })
	k.OnEnter(func(entered int64) {
		if entered >= n {
			reached()
		}
	})
	id := k.Begin()
	k.await(dialled)
	k.OnEnter(nil)
	k.pass(50 * time.Millisecond)
	k.strike("")
	k.revive(id)
}

// asNewsArrives kills while the first post that tells of a drift or a repair is on its way: Alertmanager has not seen it.
func (k *killing) asNewsArrives() { k.atNews(testtruth.Arrived) }

// onceNewsIsAccepted kills when Alertmanager has taken that post, and the exporter does not know it yet.
func (k *killing) onceNewsIsAccepted() { k.atNews(testtruth.Accepted) }

func (k *killing) atNews(stage testtruth.Stage) {
	struck, gone := make(chan struct{}), make(chan struct{})
	reached := sync.OnceFunc(func() { close(struck) })
	k.Proxy.OnNews(func(s testtruth.Stage) {
		if s == stage {
			reached()
			<-gone // it is held up until the exporter is dead
		}
	})
	id := k.Begin()
	k.await(struck)
	k.strike("")
	k.Proxy.OnNews(nil)
	close(gone)
	k.revive(id)
}

// await waits for what a run brings about.
func (k *killing) await(happened <-chan struct{}) {
	k.t.Helper()
	k.Eventually("the moment comes", func() bool {
		select {
		case <-happened:
			return true
		default:
			return false
		}
	})
}

// asARunIsAskedFor kills before it is known whether there is a run.
func (k *killing) asARunIsAskedFor() {
	k.Settle()
	done := k.post("/api/v1/runs")
	k.pass(30 * time.Millisecond)
	k.strike("as a run was asked for")
	<-done
	k.Launch()
	k.compareAll(k.BeginUnsure())
}

// post sends a request whose answer does not matter, and may never come.
func (k *killing) post(path string) (done <-chan struct{}) {
	answered := make(chan struct{})
	url := k.URL + path
	go func() {
		defer close(answered)
		response, err := testprocess.HTTPClient().Post(url, "application/json", http.NoBody)
		if err == nil {
			_ = response.Body.Close()
		}
	}()
	return answered
}

// whileStarting kills in a run, and then once or twice more before or after the exporter is ready again.
func (k *killing) whileStarting() {
	id := k.Begin()
	k.pass(longest)
	k.strike("")
	for range 1 + k.random.IntN(2) {
		k.LaunchUnready()
		k.pass(1500 * time.Millisecond)
		where := "while it started, before it was ready"
		if status, _ := k.TryGet("/-/ready"); status == http.StatusOK {
			where = "just after it was ready again"
		}
		k.strike(where)
	}
	k.revive(id)
}

// whileStopping sends SIGTERM in a run, and kills before or after the exporter has stopped by itself: it may have got that
// far.
func (k *killing) whileStopping() {
	id := k.Begin()
	k.pass(longest)
	k.Signal(syscall.SIGTERM)
	k.pass(150 * time.Millisecond)
	where := "while it stopped"
	if strings.Contains(k.Log(), "stopped") {
		where = "just after it had stopped by itself"
	}
	k.strike(where)
	k.revive(id)
}

// whileReloading has a run and a reload begin, of which alerts get another text, and kills in both.
func (k *killing) whileReloading() {
	for _, m := range k.Machines {
		m.DisplayName = "Box " + strings.TrimLeft(m.Name, "m0") + " " + time.Now().Format("15:04:05.000")
	}
	id := k.Begin()
	k.pass(longest)
	k.Write()
	done := k.post("/-/reload")
	k.pass(100 * time.Millisecond)
	k.strike("while it reloaded its configuration in a run")
	<-done
	k.revive(id)
}
