package exporter

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"
)

// contract holds answers against openapi.yaml, and notes what of it they have shown to be true.
type contract struct {
	doc     *openapi3.T
	router  routers.Router
	met     map[property]bool
	answers map[string][]string // bodies by operation and status, as in "GET /api/v1/runs 200"
}

// property is a field that a schema names.
type property struct {
	schema *openapi3.Schema
	name   string
}

// newContract reads the description as a client does.
func newContract(t testing.TB) *contract {
	t.Helper()
	res, body := newRig(t, nil).get(t, "/api/v1/openapi.yaml")
	require.Equal(t, http.StatusOK, res.StatusCode)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(body))
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableSchemaFormatValidation(), openapi3.EnableSchemaPatternValidation()))
	router, err := legacy.NewRouter(doc)
	require.NoError(t, err)
	return &contract{doc: doc, router: router, met: map[property]bool{}, answers: map[string][]string{}}
}

// ask sends a request and fails for an answer that is not as described.
func (c *contract) ask(t testing.TB, r *rig, q request) *http.Response {
	t.Helper()
	res := r.do(q.method, q.target, q.body, q.header...)
	body := bodyOf(t, res)
	require.Equal(t, q.status, res.StatusCode, "%s: %s", q, body)
	require.NoError(t, c.holds(t, q, res, body), "%s", q)
	return res
}

// request is one of a client, and the status that it is to get.
type request struct {
	method, target, body string
	header               []string
	status               int
}

func (q request) String() string { return q.method + " " + q.target }

// holds says what is wrong with an answer: it does not fit the description, or has a field that that does not name.
func (c *contract) holds(t testing.TB, q request, res *http.Response, body string) error {
	t.Helper()
	req := httptest.NewRequest(q.method, "https://drift.example.org"+q.target, strings.NewReader(q.body))
	if q.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	route, path, err := c.router.FindRoute(req)
	if err != nil {
		return err
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	asked := &openapi3filter.RequestValidationInput{Request: req, PathParams: path, Route: route, Options: options}
	if q.status < 400 {
		if err := openapi3filter.ValidateRequest(t.Context(), asked); err != nil {
			return err
		}
	}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: asked, Status: res.StatusCode, Header: res.Header, Options: options}
	if err := openapi3filter.ValidateResponse(t.Context(), answer.SetBodyBytes([]byte(body))); err != nil {
		return err
	}
	operation := fmt.Sprintf("%s %s %d", route.Method, route.Path, res.StatusCode)
	c.answers[operation] = append(c.answers[operation], body)
	return c.names(route.Operation.Responses.Status(res.StatusCode).Value, body)
}

// names fails for a field that the schema of a response does not name.
func (c *contract) names(response *openapi3.Response, body string) error {
	media := response.Content["application/json"]
	if media == nil {
		return nil
	}
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return err
	}
	return c.walk("", value, media.Schema.Value)
}

// walk goes through a value beside the schemas that it fits.
func (c *contract) walk(where string, value any, schemas ...*openapi3.Schema) error {
	schemas = flatten(value, schemas...)
	switch value := value.(type) {
	case []any:
		var items []*openapi3.Schema
		for _, s := range schemas {
			if s.Items != nil {
				items = append(items, s.Items.Value)
			}
		}
		for i, v := range value {
			if err := c.walk(fmt.Sprintf("%s[%d]", where, i), v, items...); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			var named []*openapi3.Schema
			for _, s := range schemas {
				if p := s.Properties[name]; p != nil {
					c.met[property{s, name}] = true
					named = append(named, p.Value)
				} else if any := s.AdditionalProperties.Schema; any != nil {
					named = append(named, any.Value)
				}
			}
			if len(named) == 0 {
				return fmt.Errorf("%s.%s is not described", where, name)
			}
			if err := c.walk(where+"."+name, value[name], named...); err != nil {
				return err
			}
		}
	}
	return nil
}

// flatten is the schemas and those that they are made of, of alternatives the ones that the value fits.
func flatten(value any, schemas ...*openapi3.Schema) []*openapi3.Schema {
	all := slices.Clone(schemas)
	for _, s := range schemas {
		for _, part := range s.AllOf {
			all = append(all, flatten(value, part.Value)...)
		}
		for _, way := range slices.Concat(s.OneOf, s.AnyOf) {
			if way.Value.VisitJSON(value, openapi3.EnableJSONSchema2020()) == nil {
				all = append(all, flatten(value, way.Value)...)
			}
		}
	}
	return all
}

// operations yields every operation below a prefix as "GET /api/v1/runs".
func (c *contract) operations(prefix string) map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for path, item := range c.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if strings.HasPrefix(path, prefix) {
				all[method+" "+path] = operation
			}
		}
	}
	return all
}

// unmet lists what is described and no answer had.
func (c *contract) unmet() (list []string) {
	for operation, o := range c.operations("/") {
		for status := range o.Responses.Map() {
			if c.answers[operation+" "+status] == nil {
				list = append(list, "the answer "+operation+" "+status)
			}
		}
	}
	for name, s := range c.doc.Components.Schemas {
		if strings.HasSuffix(name, "Request") {
			continue
		}
		for field := range s.Value.Properties {
			if !c.met[property{s.Value, field}] {
				list = append(list, "the field "+name+"."+field)
			}
		}
	}
	slices.Sort(list)
	return list
}
