package exporter

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The description has the endpoints that are there, each with the parameters that its handler is given.
func TestDescribedEndpointsAndParametersAreTheRegisteredOnes(t *testing.T) {
	c, r := newContract(t), newRig(t, nil)
	registered := map[string][]string{}
	for _, route := range r.exporter.apiRoutes() {
		registered[route.method+" "+apiBase+route.pattern] = slices.Sorted(slices.Values(route.query))
	}
	described := map[string][]string{}
	for operation, o := range c.operations(apiBase) {
		var query []string
		for _, p := range o.Parameters {
			if p.Value.In == openapi3.ParameterInQuery {
				query = append(query, p.Value.Name)
			}
		}
		slices.Sort(query)
		described[operation] = query
	}
	assert.Equal(t, registered, described)
	assert.Equal(t, []string{"GET /-/healthy", "GET /-/ready", "POST /-/reload"}, slices.Sorted(maps.Keys(c.operations("/-/"))))
}

func TestDescriptionNamesTheAddress(t *testing.T) {
	for external, tc := range map[string]struct{ path, server string }{
		"":                               {"/api/v1/openapi.yaml", "/"},
		"https://drift.example.org":      {"/api/v1/openapi.yaml", "https://drift.example.org"},
		"https://ops.example.org/drift/": {"/drift/api/v1/openapi.yaml", "https://ops.example.org/drift"},
	} {
		r := newRig(t, func(_ *rig, o *Options) {
			if o.ExternalURL = nil; external != "" {
				o.ExternalURL = mustURL(t, external)
			}
		})
		res, body := r.get(t, tc.path)
		assert.Equal(t, "application/yaml", res.Header.Get("Content-Type"))
		doc, err := openapi3.NewLoader().LoadFromData([]byte(body))
		require.NoError(t, err)
		require.Len(t, doc.Servers, 1)
		assert.Equal(t, tc.server, doc.Servers[0].URL)
	}
}

// Every bound is where the description has it: what is inside is taken, and what is outside refused by name.
func TestDescribedBoundsOfParametersAreEnforced(t *testing.T) {
	c, r := newContract(t), newRig(t, nil)
	for operation, o := range c.operations(apiBase) {
		path, ok := strings.CutPrefix(operation, "GET ")
		if !ok {
			continue
		}
		query, together := map[string]*openapi3.Schema{}, url.Values{}
		for _, p := range o.Parameters {
			if p.Value.In == openapi3.ParameterInPath {
				path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", fmt.Sprint(p.Value.Example))
				continue
			}
			query[p.Value.Name] = p.Value.Schema.Value
			together.Set(p.Value.Name, strings.Trim(fmt.Sprint(p.Value.Example), "[]"))
		}
		_, body := r.get(t, path+"?"+together.Encode())
		assert.True(t, strings.HasPrefix(body, `{"status":"success"`) || strings.HasPrefix(body, "openapi:"), "the examples of %s: %s", operation, body)
		for name, schema := range query {
			good, bad := trials(schema)
			for _, value := range good {
				res, body := r.get(t, path+"?"+url.Values{name: {value}}.Encode())
				assert.Contains(t, []int{200, 404}, res.StatusCode, "%s: %s=%s: %s", operation, name, value, body)
			}
			for _, value := range bad {
				res, body := r.get(t, path+"?"+url.Values{name: {value}}.Encode())
				assert.Equal(t, 400, res.StatusCode, "%s: %s=%s", operation, name, value)
				assert.Contains(t, body, `"errorType":"bad_data","error":"`+name+` `)
			}
		}
	}
}

// trials are values of a parameter that are inside and outside of what its schema allows.
func trials(s *openapi3.Schema) (good, bad []string) {
	switch {
	case s.Type.Is(openapi3.TypeArray):
		return trials(s.Items.Value)
	case s.Type.Is(openapi3.TypeInteger):
		number := func(f float64) string { return strconv.Itoa(int(f)) }
		return []string{"", number(*s.Min), number(*s.Max)}, []string{number(*s.Min - 1), number(*s.Max + 1), "x", "1.5", "99999999999999999999"}
	case s.Enum != nil:
		for _, v := range s.Enum {
			good = append(good, v.(string))
		}
		return append(good, ""), []string{"nonsense", strings.ToUpper(good[0])}
	case s.Format == "date-time":
		return []string{"", "2026-01-29T06:00:00Z", "2026-01-29T06:00:00.123456789+01:00"}, []string{"nonsense", "2026-01-29", "1769666400"}
	case s.Pattern == "^[^=]+=":
		return []string{"", "a=", "a=b=c"}, []string{"a", "=b"}
	case s.Pattern == "^[^/]+/[^/]+$":
		return []string{"", "web1/base"}, []string{"web1", "web1/", "/base", "web1/base/", "gone1/base", "web1/old"}
	default:
		return []string{"", "x", "\x00\xff<script>", strings.Repeat("x", 5000)}, nil
	}
}

func TestDescribedEnumsAreThoseOfTheCode(t *testing.T) {
	c := newContract(t)
	status := constants(t, "../internal/state", "Status")
	for where, want := range map[string][]string{
		"Verdict":           append([]string{""}, slices.DeleteFunc(slices.Clone(status), func(s string) bool { return s == "unknown" })...),
		"AttemptStatus":     status,
		"Reason":            append([]string{""}, constants(t, "../internal/state", "Reason")...),
		"Cause":             constants(t, "../internal/state", "Cause"),
		"Standing":          constants(t, ".", "standing"),
		"ErrorType":         constants(t, ".", "errorType"),
		"Run.trigger":       constants(t, "../internal/state", "Trigger"),
		"Run.phase":         constants(t, "../internal/state", "RunPhase"),
		"Machine.transport": constants(t, "../internal/config", "Transport"),
		"Alert.state":       {"inactive", "firing", "resolved"},
		"sort":              sorts(),
	} {
		name, field, _ := strings.Cut(where, ".")
		var s *openapi3.Schema
		if p := c.doc.Components.Parameters[name]; p != nil {
			s = p.Value.Schema.Value
		} else {
			s = c.doc.Components.Schemas[name].Value
		}
		if field != "" {
			s = s.Properties[field].Value
		}
		var described []string
		for _, v := range s.Enum {
			described = append(described, v.(string))
		}
		assert.ElementsMatch(t, want, described, where)
	}
}

// sorts are the values of the parameter sort.
func sorts() (all []string) {
	for _, by := range orders() {
		if by != byAttention {
			all = append(all, string(by), "-"+string(by))
		}
	}
	return all
}

// constants are the values of a package's constants of a type of strings.
func constants(t *testing.T, dir, typ string) (values []string) {
	files, err := filepath.Glob(dir + "/*.go")
	require.NoError(t, err)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typ && len(spec.Values) == 1 {
				value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				values = append(values, value)
			}
			return true
		})
	}
	require.NotEmpty(t, values, typ)
	return values
}

// An answer that is not as described is noticed, whatever is wrong with it.
func TestContractIsStrict(t *testing.T) {
	c, r := newContract(t), newRig(t, nil)
	q := request{"GET", "/api/v1/machines/web1/packs/base", "", nil, 200}
	res, body := r.get(t, q.target)
	require.NoError(t, c.holds(t, q, res, body))
	for name, change := range map[string]func(data map[string]any){
		"a field more":            func(d map[string]any) { d["colour"] = "red" },
		"a field more, below":     func(d map[string]any) { d["mismatches"].([]any)[0].(map[string]any)["colour"] = "red" },
		"a field less":            func(d map[string]any) { delete(d, "waived") },
		"null in place of a list": func(d map[string]any) { d["errors"] = nil },
		"a status of its own":     func(d map[string]any) { d["attempt"].(map[string]any)["status"] = "fine" },
		"a time that is none":     func(d map[string]any) { d["checked_at"] = "yesterday" },
		"a count below zero":      func(d map[string]any) { d["items"] = -1 },
		"half a count":            func(d map[string]any) { d["items"] = 1.5 },
	} {
		var answer map[string]any
		require.NoError(t, json.Unmarshal([]byte(body), &answer))
		change(answer["data"].(map[string]any))
		changed, err := json.Marshal(answer)
		require.NoError(t, err)
		require.Error(t, c.holds(t, q, res, string(changed)), name)
	}
	res.Header.Set("Content-Type", "text/html")
	require.Error(t, c.holds(t, q, res, body))
	res.StatusCode = 418
	require.Error(t, c.holds(t, q, res, body))
}
