package exporter

import (
	"context"
	"net/http"
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
	names := e.boards.now().index.names
	list := labelList{Total: len(names)}
	list.Labels, list.NextToken = following(names, page)
	return list, nil
}

func (e *Exporter) apiLabelValues(_ context.Context, r *http.Request) (any, error) {
	page, err := parsePaging(r.Form)
	if err != nil {
		return nil, err
	}
	name, x := r.PathValue("label"), e.boards.now().index
	list := labelValues{Label: name, Values: []labelCount{}, Total: len(x.values[name])}
	values, next := following(x.values[name], page)
	for _, value := range values {
		list.Values = append(list.Values, labelCount{value, x.counts[label{name, value}]})
	}
	list.NextToken = next
	return list, nil
}
