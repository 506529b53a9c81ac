package state

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of stored entries, in bytes of JSON.
const (
	// maxRecord bounds an entry of the bucket state. What identifies an alert (its labels, its URL) is never
	// cut, so that only a machine with very many or very long labels can exceed it.
	maxRecord = 2 << 10
	// maxMessage bounds Attempt.Message and Machine.Failure.Message.
	maxMessage = 512
	// minMessage is what is left of Attempt.Message when nothing else is left to cut.
	minMessage = 64
)

// The annotations that fitRecord knows.
const (
	annotationMismatches  = "mismatches"
	annotationDescription = "description"
)

// ellipsis marks what was cut.
const ellipsis = "…"

// fitRecord encodes a record so that it takes at most maxRecord bytes. It never changes r or what hangs on it.
// Where it has to cut, it does so in this order, and stops as soon as the rest fits:
//
//  1. the attempt's message, to maxMessage, always;
//  2. the annotations mismatches and description of the alerts in Resolving, which only tell of their end;
//  3. the alert's annotation mismatches, whole lines from its end, the last one left saying how many more;
//  4. the oldest alerts in Resolving: they end in Alertmanager by their own endsAt;
//  5. the attempt's message, to minMessage.
func fitRecord(r *Record) ([]byte, error) {
	c := *r
	c.Attempt.Message = cut(c.Attempt.Message, maxMessage)
	b, err := encode(&c)
	for _, step := range []func(*Record, int){trimResolving, trimMismatches, dropResolving, trimMessage} {
		if err != nil || len(b) <= maxRecord {
			break
		}
		step(&c, len(b)-maxRecord)
		b, err = encode(&c)
	}
	return b, err
}

func trimResolving(r *Record, _ int) {
	r.Resolving = slices.Clone(r.Resolving)
	for i := range r.Resolving {
		r.Resolving[i].Annotations = maps.Clone(r.Resolving[i].Annotations)
		delete(r.Resolving[i].Annotations, annotationMismatches)
		delete(r.Resolving[i].Annotations, annotationDescription)
	}
}

func dropResolving(r *Record, _ int) {
	for n := len(r.Resolving) - 1; n >= 0 && size(r) > maxRecord; n-- {
		r.Resolving = r.Resolving[:n:n]
	}
}

func trimMessage(r *Record, _ int) { r.Attempt.Message = cut(r.Attempt.Message, minMessage) }

func trimMismatches(r *Record, over int) {
	if r.Alert == nil || r.Alert.Annotations[annotationMismatches] == "" {
		return
	}
	alert := *r.Alert
	alert.Annotations = maps.Clone(alert.Annotations)
	r.Alert = &alert
	text := alert.Annotations[annotationMismatches]
	if text = cutLines(text, size(text)-over); text != "" {
		alert.Annotations[annotationMismatches] = text
	} else {
		delete(alert.Annotations, annotationMismatches)
	}
}

// cutLines shortens a text by whole lines until it takes at most limit bytes as JSON, with an ellipsis as its
// last line. It is empty if not even one line fits.
func cutLines(text string, limit int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if short := strings.Join(lines[:n], "\n") + "\n" + ellipsis; size(short) <= limit {
			return short
		}
	}
	return ""
}

// cut shortens s to at most limit bytes, at the end of a character, marked with an ellipsis.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	s = s[:max(limit-len(ellipsis), 0)]
	for len(s) > 0 {
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n > 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s + ellipsis
}
