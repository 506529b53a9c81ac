package exporter

import (
	"context"
	"maps"
	"net/http"
	"slices"
)

// labelList is a page of the names of labels, in the order of their bytes.
type labelList struct {
	Labels    []string `json:"labels"`
	Total     int      `json:"total"`
	NextToken string   `json:"next_token,omitempty"`
}

// labelValues is a page of the values of a label, in the order of their bytes.
type labelValues struct {
	Label     string       `json:"label"`
	Values    []labelCount `json:"values"`
	Total     int          `json:"total"`
	NextToken string       `json:"next_token,omitempty"`
}

// labelCount is a value of a label and how many machines have it, disabled ones included.
type labelCount struct {
	Value    string `json:"value"`
	Machines int    `json:"machines"`
}

func (e *Exporter) apiLabels(_ context.Context, r *http.Request) (any, error) {
	page, err := parsePaging(r.Form)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	machines := e.opts.Fleet().machines()
	for i := range machines {
		for name := range machines[i].Labels {
			names[name] = true
		}
	}
	list := labelList{Total: len(names)}
	list.Labels, list.NextToken = following(slices.Sorted(maps.Keys(names)), page)
	return list, nil
}

func (e *Exporter) apiLabelValues(_ context.Context, r *http.Request) (any, error) {
	page, err := parsePaging(r.Form)
	if err != nil {
		return nil, err
	}
	label, counts := r.PathValue("label"), map[string]int{}
	machines := e.opts.Fleet().machines()
	for i := range machines {
		if value, ok := machines[i].Labels[label]; ok {
			counts[value]++
		}
	}
	list := labelValues{Label: label, Values: []labelCount{}, Total: len(counts)}
	values, next := following(slices.Sorted(maps.Keys(counts)), page)
	for _, value := range values {
		list.Values = append(list.Values, labelCount{value, counts[value]})
	}
	list.NextToken = next
	return list, nil
}
