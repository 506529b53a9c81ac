package config

import (
	"errors"
	"path/filepath"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// paths makes paths absolute: relative ones are relative to the configuration file, ~/ is the home.
type paths struct {
	dir  string // absolute
	home string // empty: unknown
}

var (
	errNoHome    = errors.New("~ cannot be expanded: the home directory is not known (HOME is not set)")
	errOtherHome = errors.New("only ~/ is expanded, not the home of another user: write the whole path")
)

func (p paths) absolute(path string) (string, error) {
	switch {
	case path == "~" || strings.HasPrefix(path, "~/"):
		if p.home == "" {
			return "", errNoHome
		}
		return filepath.Join(p.home, path[1:]), nil
	case strings.HasPrefix(path, "~"):
		return "", errOtherHome
	case path == "" || filepath.IsAbs(path):
		return path, nil
	}
	return filepath.Join(p.dir, path), nil
}

// defaults makes default paths absolute. Those in a home that is not known are left out.
func (p paths) defaults(names ...string) []string {
	var out []string
	for _, name := range names {
		if path, err := p.absolute(name); err == nil {
			out = append(out, path)
		}
	}
	return out
}

// path reads a path on the machine that runs the program.
func (s scope) path(v yamlfile.Scalar, field string, p paths) string {
	if strings.ContainsAny(v.Value, "\x00\n") {
		s.errorf(v.Line, "%s must not hold a line break or NUL", field)
		return ""
	}
	path, err := p.absolute(v.Value)
	if err != nil {
		s.errorf(v.Line, "%s %q: %s", field, v.Value, err)
	}
	return path
}

// paths reads a list of paths.
func (s scope) paths(list []yamlfile.Scalar, field string, p paths) []string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		if v.Value == "" {
			s.errorf(v.Line, "%s has an empty entry", field)
			continue
		}
		out = append(out, s.path(v, field, p))
	}
	return out
}

// tlsPaths makes the paths of a TLS client's files absolute.
func (s scope) tlsPaths(c *promconfig.TLSConfig, p paths) {
	for field, file := range map[string]*string{"ca_file": &c.CAFile, "cert_file": &c.CertFile, "key_file": &c.KeyFile} {
		*file = s.path(yamlfile.Scalar{Value: *file, Line: s.line, Set: true}, "tls_config."+field, p)
	}
}

// httpPaths makes the paths of an HTTP client's files absolute.
func (s scope) httpPaths(c *promconfig.HTTPClientConfig, p paths) {
	files := map[string]*string{
		"tls_config.ca_file": &c.TLSConfig.CAFile, "tls_config.cert_file": &c.TLSConfig.CertFile,
		"tls_config.key_file": &c.TLSConfig.KeyFile, "bearer_token_file": &c.BearerTokenFile,
	}
	if c.BasicAuth != nil {
		files["basic_auth.username_file"] = &c.BasicAuth.UsernameFile
		files["basic_auth.password_file"] = &c.BasicAuth.PasswordFile
	}
	if c.Authorization != nil {
		files["authorization.credentials_file"] = &c.Authorization.CredentialsFile
	}
	if c.OAuth2 != nil {
		files["oauth2.client_secret_file"] = &c.OAuth2.ClientSecretFile
	}
	for field, file := range files {
		if strings.HasPrefix(*file, "~") {
			*file = s.path(yamlfile.Scalar{Value: *file, Line: s.line, Set: true}, field, p)
		}
	}
	c.SetDirectory(p.dir)
}
