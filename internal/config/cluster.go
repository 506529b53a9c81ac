package config

import (
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// Cluster is the state that several replicas share.
type Cluster struct {
	NATS          NATS
	WorkerTimeout time.Duration // without a sign of life from a worker for that long, another takes its machine
}

// NATS is how the servers of the shared state are reached.
type NATS struct {
	URL             string // one or more, with commas between them; each with a scheme and without userinfo
	CredentialsFile string // absolute; empty: none
	Username        string
	PasswordFile    string // absolute
	TLS             promconfig.TLSConfig
	Replicas        int // how many servers keep what is stored
}

// minWorkerTimeout leaves room for a sign of life that comes late.
const minWorkerTimeout = 5 * time.Second

// maxReplicas is NATS' own limit.
const maxReplicas = 5

// Equal tells whether two sections say the same; nil is one that is not there.
func (c *Cluster) Equal(other *Cluster) bool { return reflect.DeepEqual(c, other) }

// TLSConfig is what the connection takes, or nil if nothing is configured.
func (n *NATS) TLSConfig() (*tls.Config, error) {
	if n.TLS == (promconfig.TLSConfig{}) {
		return nil, nil
	}
	return promconfig.NewTLSConfig(&n.TLS)
}

// cluster reads `cluster`.
func (s scope) cluster(raw *rawCluster, p paths) *Cluster {
	if raw == nil {
		return nil
	}
	s.line = raw.Line
	c := &Cluster{
		NATS:          s.nats(&raw.NATS, p),
		WorkerTimeout: s.duration(raw.WorkerTimeout, "cluster.worker_timeout", defaultWorkerTimeout),
	}
	if c.WorkerTimeout < minWorkerTimeout {
		s.errorf(raw.WorkerTimeout.Line, "cluster.worker_timeout must be at least %s, not %s", minWorkerTimeout, c.WorkerTimeout)
	}
	return c
}

func (s scope) nats(raw *rawNATS, p paths) NATS {
	const field = "cluster.nats."
	s.line = max(raw.Line, s.line)
	n := NATS{
		URL:             s.natsURL(field+"url", raw.URL),
		CredentialsFile: s.path(raw.CredentialsFile, field+"credentials_file", p),
		Username:        s.oneLine(raw.Username, field+"username"),
		PasswordFile:    s.path(raw.PasswordFile, field+"password_file", p),
		TLS:             raw.TLS,
		Replicas:        s.number(raw.Replicas, field+"replicas", 1, 1, maxReplicas),
	}
	switch {
	case n.CredentialsFile != "" && (n.Username != "" || n.PasswordFile != ""):
		s.errorf(0, "%scredentials_file and username are two ways to log in: give one of them", field)
	case n.Username != "" && n.PasswordFile == "":
		s.errorf(raw.Username.Line, "%susername needs password_file", field)
	case n.Username == "" && n.PasswordFile != "":
		s.errorf(raw.PasswordFile.Line, "%spassword_file needs username", field)
	}
	s.readable(n.CredentialsFile, field+"credentials_file", raw.CredentialsFile.Line)
	s.readable(n.PasswordFile, field+"password_file", raw.PasswordFile.Line)
	s.tlsPaths(&n.TLS, p)
	_, err := n.TLSConfig()
	var file *fs.PathError
	switch {
	case errors.As(err, &file):
		s.errorf(0, "%stls_config: %s cannot be read: %s", field, yamlfile.ShortName(file.Path), file.Err)
	case err != nil:
		s.errorf(0, "%stls_config: %s", field, err)
	}
	return n
}

// readable reports a file that cannot be read; none is no problem.
func (s scope) readable(file, field string, line int) {
	if file == "" {
		return
	}
	f, err := os.Open(file)
	if err == nil {
		_, err = f.Read(make([]byte, 1))
		_ = f.Close() // was only read
	}
	var path *fs.PathError
	switch {
	case errors.Is(err, io.EOF):
		s.errorf(line, "%s: %s is empty", field, yamlfile.ShortName(file))
	case errors.As(err, &path):
		s.errorf(line, "%s: %s cannot be read: %s", field, yamlfile.ShortName(file), path.Err)
	}
}

// natsSchemes are those that a NATS client knows.
var natsSchemes = []string{"nats", "tls", "ws", "wss"}

// natsURL reads the servers' URLs. Its messages never quote the text, which may hold a password.
func (s scope) natsURL(field string, v yamlfile.Scalar) string {
	if v.Value == "" {
		s.errorf(v.Line, "%s is missing: give one or more, such as nats://nats-0:4222,nats://nats-1:4222", field)
		return ""
	}
	var urls []string
	schemes := map[bool]bool{}
	for text := range strings.SplitSeq(v.Value, ",") {
		text = strings.TrimSpace(text)
		if !strings.Contains(text, "://") {
			text = "nats://" + text
		}
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Hostname() == "":
			s.errorf(v.Line, "%s must be URLs such as nats://nats-0:4222, with commas between them", field)
			return ""
		case !slices.Contains(natsSchemes, strings.ToLower(u.Scheme)):
			s.errorf(v.Line, "%s must begin with nats://, tls://, ws:// or wss://", field)
			return ""
		case u.User != nil:
			s.errorf(v.Line, "%s must not have a user name, password or token: give credentials_file, or username and password_file", field)
			return ""
		case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
			s.errorf(v.Line, "%s must not have a query (?) or a fragment (#)", field)
			return ""
		}
		u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
		schemes[strings.HasPrefix(u.Scheme, "ws")] = true
		urls = append(urls, u.String())
	}
	if len(schemes) > 1 {
		s.errorf(v.Line, "%s must be all of WebSockets (ws, wss) or none", field)
	}
	return strings.Join(urls, ",")
}
