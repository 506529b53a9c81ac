package exporter

import (
	"net/url"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// filter chooses machines and pairs. Its zero value lets everything through.
type filter struct {
	text   string // in the machine's name, display name, addresses or a label ("env=prod"), or in the pack; lower case
	pack   string
	status standing
	labels []label // every one of them
}

type label struct{ name, value string }

// parseQuery is url.ParseQuery with an error for the client: what http.Request drops silently would be a filter
// that is not applied.
func parseQuery(raw string) (url.Values, error) {
	v, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badData("the query is malformed: %v", err)
	}
	return v, nil
}

// maxLabels bounds the labels that a filter asks for: each is looked up in every machine.
const maxLabels = 100

// parseFilter reads q, pack, status and label (name=value, up to maxLabels different ones). Parameters it does not
// know are ignored, as Prometheus does.
func parseFilter(v url.Values) (filter, error) {
	f := filter{text: strings.ToLower(strings.TrimSpace(v.Get("q"))), pack: v.Get("pack"), status: standing(v.Get("status"))}
	if f.status != "" && !slices.Contains(standings(), f.status) {
		return filter{}, badData("status %q must be one of %s", shorten(string(f.status)), joinStandings())
	}
	for _, text := range v["label"] {
		name, value, ok := strings.Cut(text, "=")
		switch l := (label{name, value}); {
		case text == "" || slices.Contains(f.labels, l): // a field of a form that was left empty, or one asked for twice
		case !ok || name == "":
			return filter{}, badData("label %q must be name=value", shorten(text))
		case len(f.labels) == maxLabels:
			return filter{}, badData("more than %d labels are asked for", maxLabels)
		default:
			f.labels = append(f.labels, l)
		}
	}
	return f, nil
}

func joinStandings() string {
	var names []string
	for _, s := range standings() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// ofPairs tells whether the filter asks anything of pairs.
func (f filter) ofPairs() bool { return f.pack != "" || f.status != "" }

func (f filter) hasLabels(m *config.Machine) bool {
	return !slices.ContainsFunc(f.labels, func(l label) bool {
		value, ok := m.Labels[l.name]
		return !ok || value != l.value
	})
}

func (f filter) in(s string) bool {
	return f.text == "" || strings.Contains(strings.ToLower(s), f.text)
}
