package alertmanager

import (
	"cmp"
	"slices"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/models"
)

// maxBatch is how many alerts go into one request.
const maxBatch = 256

// nextBatch picks what to send first: news before repetitions, then what has waited longest, so that a batch that
// fails again and again does not starve the others. What was refused goes alone.
func nextBatch(ready []*entry) []*entry {
	slices.SortFunc(ready, func(a, b *entry) int {
		if a.acceptedAt.IsZero() != b.acceptedAt.IsZero() {
			if a.acceptedAt.IsZero() {
				return -1
			}
			return 1
		}
		return cmp.Or(a.tried.Compare(b.tried), cmp.Compare(a.key.Machine, b.key.Machine), cmp.Compare(a.key.Pack, b.key.Pack))
	})
	if len(ready) == 0 || ready[0].alone {
		return ready[:min(len(ready), 1)]
	}
	batch := make([]*entry, 0, min(len(ready), maxBatch))
	for _, e := range ready {
		if !e.alone {
			batch = append(batch, e)
		}
		if len(batch) == maxBatch {
			break
		}
	}
	return batch
}

// postable is a batch as Alertmanager's API takes it, at a moment.
func postable(batch []*entry, m moment, validUntil func(time.Time) time.Time) models.PostableAlerts {
	alerts := make(models.PostableAlerts, 0, len(batch))
	validUntil = remembered(validUntil) // nearly all are valid from the same moment on
	for _, e := range batch {
		startsAt, endsAt := e.times(m, validUntil)
		alerts = append(alerts, &models.PostableAlert{
			Alert: models.Alert{
				Labels: models.LabelSet(e.alert.Labels), GeneratorURL: strfmt.URI(e.alert.GeneratorURL),
			},
			Annotations: models.LabelSet(e.alert.Annotations),
			StartsAt:    datetime(startsAt), EndsAt: datetime(endsAt),
		})
	}
	return alerts
}

// datetime is sent in UTC with milliseconds.
func datetime(t time.Time) strfmt.DateTime {
	return strfmt.DateTime(t.UTC().Truncate(time.Millisecond))
}
