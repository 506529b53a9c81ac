package state

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testnats"
)

// issuer is an account of an operator, at a server that knows only that operator.
type issuer struct{ key nkeys.KeyPair }

// operated makes a server ask for users that the account has issued.
func operated(t *testing.T) (issuer, func(*server.Options)) {
	t.Helper()
	operator, err := nkeys.CreateOperator()
	require.NoError(t, err)
	operatorID, err := operator.PublicKey()
	require.NoError(t, err)
	accounts := &server.MemAccResolver{}
	add := func(limits jwt.JetStreamLimits) (nkeys.KeyPair, string) {
		account, err := nkeys.CreateAccount()
		require.NoError(t, err)
		id, err := account.PublicKey()
		require.NoError(t, err)
		claims := jwt.NewAccountClaims(id)
		claims.Limits.JetStreamLimits = limits
		token, err := claims.Encode(operator)
		require.NoError(t, err)
		require.NoError(t, accounts.Store(id, token))
		return account, id
	}
	own, _ := add(jwt.JetStreamLimits{DiskStorage: jwt.NoLimit, MemoryStorage: jwt.NoLimit})
	_, system := add(jwt.JetStreamLimits{}) // JetStream does not start without one
	return issuer{own}, func(o *server.Options) {
		o.TrustedKeys, o.AccountResolver, o.SystemAccount = []string{operatorID}, accounts, system
	}
}

// credentials are a file of a new user's, as `nsc` writes it.
func (i issuer) credentials(t *testing.T, file string) {
	t.Helper()
	user, err := nkeys.CreateUser()
	require.NoError(t, err)
	id, err := user.PublicKey()
	require.NoError(t, err)
	token, err := jwt.NewUserClaims(id).Encode(i.key)
	require.NoError(t, err)
	seed, err := user.Seed()
	require.NoError(t, err)
	text, err := jwt.FormatUserConfig(token, seed)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
}

func TestCredentialsFile(t *testing.T) {
	own, demand := operated(t)
	stranger, _ := operated(t)
	file := filepath.Join(t.TempDir(), "drift.creds")
	srv := natsServer(t, demand)
	o := clustered(srv, "r1")
	o.Cluster.CredentialsFile = file

	stranger.credentials(t, file)
	_, err := Open(t.Context(), o)
	require.ErrorContains(t, err, "Authorization Violation")

	own.credentials(t, file)
	s := openWith(t, o)
	store(t, s, drifted(pair, 1))

	stranger.credentials(t, file)
	srv.stop()
	srv.start(t)
	require.Eventually(t, func() bool { return !s.View().Live() }, eventually, tick)
	own.credentials(t, file) // it is read anew at every connection
	require.Eventually(t, s.View().Live, eventually, tick)
	store(t, s, compliant(pair))
}

func TestServersOverTLS(t *testing.T) {
	cluster := testnats.Start(t, testnats.Options{Nodes: 1, TLS: true, User: "drift", Password: "s3cret"})
	authority, err := os.ReadFile(cluster.CAFile)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("s3cret\n"), 0o600))
	o := Options{Logger: slog.New(slog.DiscardHandler), Cluster: &Cluster{
		URL: cluster.URL(), Username: "drift", PasswordFile: password, Replica: Replica{Name: "r1", Role: RoleAll},
	}}

	_, err = Open(t.Context(), o)
	require.ErrorContains(t, err, "certificate signed by unknown authority", "which the URL alone cannot name")

	o.Cluster.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	s := openWith(t, o)
	store(t, s, drifted(pair, 1))
}

func TestAServerWithoutTLSIsRefusedWhereItIsDemanded(t *testing.T) {
	o := clustered(natsServer(t, nil), "r1")
	o.Cluster.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	_, err := Open(t.Context(), o)
	require.ErrorContains(t, err, "secure connection not available")
}
