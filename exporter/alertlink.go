package exporter

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// alertLinkFor is how long after its end an alert is linked to: an Alertmanager forgets it soon.
const alertLinkFor = 15 * time.Minute

// alertLinks lead to a pair's alert in each Alertmanager, as long as it is to be found there.
func (e *Exporter) alertLinks(r *state.Record) []pageLink {
	fleet := e.opts.Fleet()
	if r == nil || r.Alert == nil || fleet == nil || fleet.Config == nil {
		return nil
	}
	if !r.Alert.Firing() && e.opts.Clock.Since(r.Alert.ResolvedAt) > alertLinkFor {
		return nil
	}
	var all []pageLink
	for _, am := range fleet.Config.Alerting.Alertmanagers {
		if am.ExternalURL != nil {
			all = append(all, pageLink{am.ExternalURL.Host, alertURL(am.ExternalURL, r.Key)})
		}
	}
	return all
}

// alertURL is where an Alertmanager's UI shows the alert of a pair. Its filter is one text, written as the UI does
// (stringifyFilter in Alertmanager's ui/app/src/Utils/Filter.elm) and encoded whole: an equals sign that is not
// would end it.
func alertURL(base *url.URL, k state.Key) string {
	filter := `{alertname="config_drift", machine=` + strconv.Quote(k.Machine) + `, pack=` + strconv.Quote(k.Pack) + `}`
	bare := *base
	bare.User = nil
	return strings.TrimSuffix(bare.String(), "/") + "/#/alerts?filter=" + strings.ReplaceAll(url.QueryEscape(filter), "+", "%20")
}
