package alerting_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
)

// notice is what a receiver was told of an alert.
type notice struct {
	Status   string            `json:"status"`
	Labels   map[string]string `json:"labels"`
	StartsAt time.Time         `json:"startsAt"`
}

// notices are all that an Alertmanager has told its receiver, oldest first.
func notices(t testing.TB, inbox *testalertmanager.Inbox) []notice {
	t.Helper()
	var all []notice
	for _, body := range inbox.Bodies() {
		var message struct {
			Alerts []notice `json:"alerts"`
		}
		require.NoError(t, json.Unmarshal(body, &message))
		all = append(all, message.Alerts...)
	}
	return all
}
