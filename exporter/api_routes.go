package exporter

import (
	"net/http"
	"net/url"
	"slices"
)

// apiBase is where the API is, below the route prefix.
const apiBase = "/api/v1"

// apiRoute is an endpoint of the API.
type apiRoute struct {
	method  string
	pattern string   // below apiBase
	query   []string // the parameters that it takes; it sees no others
	handle  http.HandlerFunc
}

// The parameters that several endpoints take.
var (
	filterParams = []string{"q", "pack", "status", "label"}
	pagingParams = []string{"limit", "next_token"}
)

// apiRoutes is every endpoint of the API; openapi.yaml describes the same ones.
func (e *Exporter) apiRoutes() []apiRoute {
	get := func(pattern string, h apiHandler, query ...string) apiRoute {
		return apiRoute{http.MethodGet, pattern, query, e.api(h, query)}
	}
	return []apiRoute{
		{http.MethodGet, "/openapi.yaml", nil, e.openAPI},
		get("/fleet", e.apiFleet),
		get("/labels", e.apiLabels, pagingParams...),
		get("/label/{label}/values", e.apiLabelValues, pagingParams...),
		get("/machines", e.apiMachines, slices.Concat(filterParams, pagingParams)...),
		get("/machines/{machine}", e.apiMachine),
		get("/machines/{machine}/packs/{pack}", e.apiPair),
		get("/machines/{machine}/packs/{pack}/history", e.apiHistory, slices.Concat(pagingParams, []string{"from", "to"})...),
		get("/pairs", e.apiPairList, slices.Concat(filterParams, pagingParams, []string{"sort"})...),
		get("/packs", e.apiPacks, pagingParams...),
		get("/packs/{pack}", e.apiPack, pagingParams...),
		get("/runs", e.apiRuns, pagingParams...),
		get("/runs/{id}", e.apiRun),
		{http.MethodPost, "/runs", nil, e.apiStartRun},
	}
}

// onlyParams parses a query and keeps the parameters that an endpoint takes. Others are ignored, as Prometheus does.
func onlyParams(raw string, taken []string) (url.Values, error) {
	all, err := parseQuery(raw)
	if err != nil {
		return nil, err
	}
	v := url.Values{}
	for _, name := range taken {
		if values, ok := all[name]; ok {
			v[name] = values
		}
	}
	return v, nil
}
