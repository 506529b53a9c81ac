package testtruth

import (
	"encoding/json"
	"time"
)

// Notice is what Alertmanager told its receiver of an alert.
type Notice struct {
	Status      string            `json:"status"` // firing, resolved
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
}

// noticed is what the receiver was told of each pair, oldest first.
func (w *World) noticed() map[string][]Notice {
	bodies := w.Inbox.Bodies()
	for _, body := range bodies[w.read:] {
		var message struct {
			Alerts []Notice `json:"alerts"`
		}
		if json.Unmarshal(body, &message) != nil {
			continue
		}
		for _, n := range message.Alerts {
			key := n.Labels["machine"] + "/" + n.Labels["pack"]
			w.notices[key] = append(w.notices[key], n)
		}
	}
	w.read = len(bodies)
	return w.notices
}

// follows tells whether notices of a pair are those of its episodes: a start and an end of each, in their order, no more
// and no less, but for what an Alertmanager that had lost its memory repeats or leaves out. Ends tell their reason.
func follows(notices []Notice, episodes []Episode) (ok bool, why string) {
	rest := notices
	before := time.Time{} // the start of the episode before, as it is stored
	for _, e := range episodes {
		starts := 0
		// Before the start that stands one may have been told whose record was lost, and with it perhaps that it was over: what is
		// stored again is the end of the episode before, and Alertmanager is told of that.
		for e.Lost && len(rest) > 0 && rest[0].Status == "firing" && rest[0].StartsAt.Before(e.Told) {
			first := rest[0].StartsAt
			if rest = rest[1:]; len(rest) > 0 && rest[0].Status == "resolved" && (rest[0].StartsAt.Equal(first) || rest[0].StartsAt.Equal(before)) {
				rest = rest[1:]
			}
			if len(rest) == 0 || rest[0].Status != "firing" {
				starts = 1 // Alertmanager takes both for one
			}
		}
		before = e.StartsAt
		for len(rest) > 0 && rest[0].Status == "firing" && starts <= e.Repeats && (starts == 0 || rest[0].StartsAt.Equal(e.Told)) {
			if !rest[0].StartsAt.Equal(e.Told) {
				return false, "it starts at " + rest[0].StartsAt.String() + ", not " + e.Told.String()
			}
			starts, rest = starts+1, rest[1:]
		}
		if starts == 0 {
			return false, "nothing was told of the start at " + e.Told.String()
		}
		if e.Reason == "" {
			continue
		}
		switch {
		case len(rest) > 0 && rest[0].Status == "resolved" && rest[0].StartsAt.Equal(e.Told):
			if got := rest[0].Annotations["resolved_reason"]; got != e.Reason {
				return false, "it ended as " + got + ", not " + e.Reason
			}
			rest = rest[1:]
			for range e.Relapses {
				if len(rest) > 1 && rest[0].Status == "firing" && rest[0].StartsAt.Equal(e.Told) && rest[1].Status == "resolved" {
					rest = rest[2:]
				}
			}
		case !e.Unheard:
			return false, "nothing was told of the end of what started at " + e.Told.String()
		}
	}
	if len(rest) > 0 {
		return false, rest[0].Status + " was told of once more, as of " + rest[0].StartsAt.String()
	}
	return true, ""
}
