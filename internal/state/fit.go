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

// annotationMismatches is the alert's long annotation.
const annotationMismatches = "mismatches"

// keptRecent is how many checks are kept whatever else is to be stored: a machine that failed twice in a row is
// told from one that failed once, since the first is an alert.
const keptRecent = 2

// ellipsis marks what was cut.
const ellipsis = "…"

// fitRecord encodes a record so that it takes at most maxRecord bytes. It never changes r or what hangs on it.
// Where it has to cut, it does so in this order, and stops as soon as the rest fits:
//
//  1. the attempt's message, to maxMessage, always;
//  2. the annotations of the alerts in Resolving, which only tell of their end, but for those that a message about
//     that cannot do without;
//  3. the oldest of the recent checks, as many as it takes, but not the last two: they are only looked at, and what
//     follows is needed by alerts and by who looks into a failure;
//  4. the alert's annotation mismatches, whole lines from its end, with an ellipsis as the last one;
//  5. the attempt's message, to minMessage;
//  6. all annotations of the alerts in Resolving but the reason, and their URL;
//  7. the oldest alerts in Resolving: they end in Alertmanager by their own endsAt.
func fitRecord(r *Record) ([]byte, error) {
	c := *r
	c.Attempt.Message = cut(c.Attempt.Message, maxMessage)
	b, err := encode(&c)
	for _, step := range []func(r *Record, over int){
		trimResolving("resolved_reason", "summary", "machine_name", "diff_url"), trimRecent, trimMismatches, trimMessage,
		trimResolving("resolved_reason"), dropURLs, dropResolving,
	} {
		if err != nil || len(b) <= maxRecord {
			break
		}
		step(&c, len(b)-maxRecord)
		b, err = encode(&c)
	}
	return b, err
}

// trimResolving leaves only the annotations of these names.
func trimResolving(keep ...string) func(r *Record, over int) {
	return func(r *Record, _ int) {
		r.Resolving = slices.Clone(r.Resolving)
		for i := range r.Resolving {
			r.Resolving[i].Annotations = maps.Clone(r.Resolving[i].Annotations)
			maps.DeleteFunc(r.Resolving[i].Annotations, func(name, _ string) bool {
				return !slices.Contains(keep, name)
			})
		}
	}
}

// dropURLs comes after trimResolving, which has made Resolving ours.
func dropURLs(r *Record, _ int) {
	for i := range r.Resolving {
		r.Resolving[i].GeneratorURL = ""
	}
}

func trimRecent(r *Record, over int) {
	room := len(r.Recent) - over
	for kept := r.Recent.Checks(); len(kept) > keptRecent && len(r.Recent) > room; {
		kept = kept[1:]
		r.Recent = kept.Pack()
	}
}

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

func trimMessage(r *Record, _ int) { r.Attempt.Message = cut(r.Attempt.Message, minMessage) }

func dropResolving(r *Record, _ int) {
	for n := len(r.Resolving) - 1; n >= 0 && size(r) > maxRecord; n-- {
		r.Resolving = r.Resolving[:n:n]
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
