package testalertmanager_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/client/alert"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const toInbox = `
route: {receiver: inbox, group_by: [alertname], group_wait: 10ms, group_interval: 10ms, repeat_interval: 1h}
receivers:
  - name: inbox
    webhook_configs: [{url: %q, send_resolved: true}]
`

func TestServerTakesNotifiesAndForgetsAlerts(t *testing.T) {
	inbox := testalertmanager.NewInbox(t)
	server := testalertmanager.Start(t, fmt.Sprintf(toInbox, inbox.URL))
	require.Empty(t, server.Alerts())

	fire(t, server)
	require.Len(t, server.Alerts(), 1)
	require.Eventually(t, func() bool { return len(inbox.Bodies()) > 0 }, 30*time.Second, 10*time.Millisecond)
	var message struct {
		Status string `json:"status"`
	}
	require.NoError(t, json.Unmarshal(inbox.Bodies()[0], &message))
	assert.Equal(t, "firing", message.Status)

	address := server.URL.String()
	server.Restart(true)
	assert.Equal(t, address, server.URL.String())
	assert.Empty(t, server.Alerts())

	server.Stop()
	_, err := server.Client().Alert.GetAlerts(nil)
	require.Error(t, err)
}

func fire(t *testing.T, server *testalertmanager.Server) {
	t.Helper()
	now := time.Now()
	posted := &models.PostableAlert{
		Alert:    models.Alert{Labels: models.LabelSet{"alertname": "test"}},
		StartsAt: strfmt.DateTime(now), EndsAt: strfmt.DateTime(now.Add(time.Hour)),
	}
	_, err := server.Client().Alert.PostAlerts(alert.NewPostAlertsParams().WithAlerts(models.PostableAlerts{posted}))
	require.NoError(t, err)
}
