package alertmanager_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// rule is an alert of the shipped rules.
type rule struct {
	Alert               string
	Labels, Annotations map[string]string
}

// shippedRules are the alerts of rules/prometheus; one name may be there with several severities.
func shippedRules(t *testing.T) []rule {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Repository(t), "rules", "prometheus", "drift_exporter.rules.yml"))
	require.NoError(t, err)
	var file struct{ Groups []struct{ Rules []rule } }
	require.NoError(t, yaml.Unmarshal(text, &file))
	var alerts []rule
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			if r.Alert != "" {
				alerts = append(alerts, r)
			}
		}
	}
	require.NotEmpty(t, alerts)
	return alerts
}

func shippedRule(t *testing.T, name string) rule {
	t.Helper()
	for _, r := range shippedRules(t) {
		if r.Alert == name {
			return r
		}
	}
	require.Fail(t, "there is no rule "+name)
	return rule{}
}

// raised is the alert as Prometheus sends it where the rule's expression has that value and these labels.
func (r rule) raised(t *testing.T, value float64, labels models.LabelSet) *models.PostableAlert {
	t.Helper()
	fill := func(text string) string {
		parsed, err := template.New("").Funcs(template.FuncMap{
			"humanizeDuration": func(seconds float64) string { return (time.Duration(seconds) * time.Second).String() },
		}).Parse("{{ $labels := .Labels }}{{ $value := .Value }}" + text)
		require.NoError(t, err, text)
		var out strings.Builder
		require.NoError(t, parsed.Execute(&out, map[string]any{"Labels": labels, "Value": value}), text)
		return out.String()
	}
	return operational(r.Alert, r.Labels["severity"], fill(r.Annotations["summary"]), fill(r.Annotations["description"]), labels)
}

// down is DriftExporterDown.
func down(t *testing.T) *models.PostableAlert {
	t.Helper()
	return shippedRule(t, "DriftExporterDown").raised(t, 0, models.LabelSet{"job": "drift_exporter"})
}
