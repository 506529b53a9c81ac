package state

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// pingInterval is how soon a dead connection is found: after three of it without an answer.
	pingInterval        = 5 * time.Second
	connectTimeout      = 5 * time.Second
	defaultStartTimeout = time.Minute
)

// join connects to the cluster and makes ready what lives there. It tries again until the time for it is over, or
// trying again cannot help.
func (s *Store) join(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Cluster.StartTimeout, defaultStartTimeout))
	defer cancel()
	for {
		err := s.joinOnce(ctx, o)
		if err == nil || isFinal(err) {
			return err
		}
		s.log.Debug("the cluster is not usable yet, trying again", "err", err)
		if sleep(ctx, time.Second) != nil {
			return err
		}
	}
}

func (s *Store) joinOnce(ctx context.Context, o Options) error {
	if s.nc == nil {
		nc, err := nats.Connect(o.Cluster.URL, append(s.connOptions(), s.clusterOptions(o.Cluster)...)...)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		s.nc = nc
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.attach(ctx, o, false); err != nil {
		s.detach()
		return err
	}
	return nil
}

// detach ends what attach started.
func (s *Store) detach() {
	s.cancel()
	s.wg.Wait()
	if s.queue != nil {
		s.queue.close()
	}
	s.cancel, s.queue = func() {}, nil
}

// clusterOptions are those that an embedded server does not need.
func (s *Store) clusterOptions(c *Cluster) []nats.Option {
	options := []nats.Option{
		nats.Name("drift_exporter " + c.Replica.Name),
		nats.Timeout(connectTimeout),
		nats.PingInterval(pingInterval),
		nats.ReconnectWait(time.Second),
		nats.IgnoreAuthErrorAbort(), // credentials may be put right while we run
	}
	if c.TLS != nil {
		options = append(options, nats.Secure(c.TLS))
	}
	switch {
	case c.CredentialsFile != "":
		options = append(options, nats.UserCredentials(c.CredentialsFile))
	case c.Username != "":
		options = append(options, nats.UserInfoHandler(func() (string, string) {
			password, err := os.ReadFile(c.PasswordFile)
			if err != nil {
				s.log.Error("the password for the cluster cannot be read", "err", err)
			}
			return c.Username, strings.TrimRight(string(password), "\r\n")
		}))
	}
	return options
}

// isFinal tells whether an error of the start stays what it is however often it is tried.
func isFinal(err error) bool {
	var certificate *tls.CertificateVerificationError
	var api *jetstream.APIError
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission),
		errors.As(err, &certificate), errors.Is(err, nats.ErrSecureConnWanted),
		errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, errOldServer),
		errors.Is(err, errSmallPayload):
		return true
	case errors.As(err, &api):
		return api.Code >= 400 && api.Code < 500 || api.ErrorCode == codeNoReplicas
	}
	return false
}

// codeNoReplicas is the server's error where streams shall have replicas and it is the only one.
const codeNoReplicas = 10074

// shown is the servers without what must not be shown.
func (c *Cluster) shown() string {
	var hosts []string
	for text := range strings.SplitSeq(c.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || u.Host == "" {
			continue // without a scheme it need not be a URL, and may hold anything
		}
		hosts = append(hosts, u.Host)
	}
	return strings.Join(hosts, ",")
}
