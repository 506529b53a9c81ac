package exporter

import (
	"net/url"
	"sort"
	"strconv"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The size of a page of the API.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// paging is which part of a list is asked for.
type paging struct {
	limit int
	after string // the token that the page before gave; empty: from the beginning
}

func parsePaging(v url.Values) (paging, error) {
	p := paging{limit: defaultLimit, after: v.Get("next_token")}
	text := v.Get("limit")
	if text == "" {
		return p, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return paging{}, badData("limit %q must be a number from 1 to %d", shorten(text), maxLimit)
	}
	p.limit = n
	return p, nil
}

// instant is the token as the instant after which, back in time, the page begins; zero from the beginning. It
// need not be one of a list: what it stood for may be gone.
func (p paging) instant() (time.Time, error) {
	if p.after == "" {
		return time.Time{}, nil
	}
	t, err := state.Run{ID: p.after}.Instant()
	if err != nil {
		return time.Time{}, badData("next_token %q must be that of an earlier page, a time such as 2026-01-29T06:00:00Z", shorten(p.after))
	}
	return t, nil
}

// older returns the page of a list that is ordered newest first, and the token of the following one.
func older[T any](all []T, p paging, at func(T) time.Time) (page []T, next string, err error) {
	from, err := p.instant()
	if err != nil {
		return nil, "", err
	}
	page = make([]T, 0, min(len(all), p.limit))
	for _, v := range all {
		switch {
		case !from.IsZero() && !at(v).Before(from):
		case len(page) < p.limit:
			page = append(page, v)
		default:
			return page, at(page[len(page)-1]).UTC().Format(time.RFC3339Nano), nil
		}
	}
	return page, "", nil
}

// following returns the page of a list that is in the order of its texts, and the token of the following one.
func following(all []string, p paging) (page []string, next string) {
	if i := sort.SearchStrings(all, p.after); p.after != "" {
		if i < len(all) && all[i] == p.after {
			i++
		}
		all = all[i:]
	}
	if len(all) <= p.limit {
		return append([]string{}, all...), ""
	}
	return all[:p.limit], all[p.limit-1]
}

// maxOffset is the largest token that counts entries.
const maxOffset = 1_000_000_000

// offset is the token as the number of entries that come before the page.
func (p paging) offset() (int, error) {
	if p.after == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(p.after)
	if err != nil || n < 0 || n > maxOffset {
		return 0, badData("next_token %q must be that of an earlier page, a number", shorten(p.after))
	}
	return n, nil
}
