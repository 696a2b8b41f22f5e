package cli

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/signing"
	"muster/reports/seal"
	"muster/reports/trust"
)

// Keys opens the signing keys of a configuration, and makes them on first use.
func (a *App) Keys(ctx context.Context, s *config.Settings) (*signing.Keys, error) {
	o, err := signing.Configured(s, a.Folder(s), a.Now, rand.Reader)
	if err != nil {
		return nil, err
	}
	return signing.Open(ctx, o)
}

// trust is what a session signs packs with.
func (a *App) trust(s *config.Settings) func(context.Context) (*trust.Signing, error) {
	return func(ctx context.Context) (*trust.Signing, error) {
		keys, err := a.Keys(ctx, s)
		if err != nil {
			return nil, err
		}
		authority, err := timeStamps(s)
		return &trust.Signing{Keys: keys, TSA: authority}, err
	}
}

// timeStamps is the configured time-stamp authority, nil without.
func timeStamps(s *config.Settings) (*seal.Authority, error) {
	c := s.Signing.TSA
	if c == nil {
		return nil, nil
	}
	a := &seal.Authority{URL: c.URL, Timeout: c.Timeout, Random: rand.Reader, Client: &http.Client{Timeout: max(c.Timeout, time.Minute)}}
	if c.CAFile == "" {
		return a, nil
	}
	text, err := os.ReadFile(s.Path(c.CAFile))
	pool := x509.NewCertPool()
	if err == nil && !pool.AppendCertsFromPEM(text) {
		err = errors.New("there is no certificate in it")
	}
	if err != nil {
		return nil, &access.Error{Op: "read signing.tsa.ca_file", Kind: access.Invalid, Hint: "it is PEM", Err: err}
	}
	a.Client.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return a, nil
}
