package smtp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	netsmtp "net/smtp"
	"os"
	"strings"
	"testing"
	"time"

	"muster/internal/testserver/smtp"
)

func start(t *testing.T, o smtp.Options) *smtp.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := smtp.Start(ctx, o)
	if errors.Is(err, smtp.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("no SMTP server here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func trust(t *testing.T, s *smtp.Server) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
}

// TestServer speaks with it by the standard library's client, another than the one under test elsewhere.
func TestServer(t *testing.T) {
	s := start(t, smtp.Options{User: "muster", Password: "s3cret", Unknown: []string{"gone@acme.example"}})
	if err := netsmtp.SendMail(s.Addr, nil, "a@acme.example", []string{"b@acme.example"}, []byte("x")); err == nil {
		t.Error("a stranger sends")
	}
	raw, err := tls.Dial("tcp", s.TLSAddr, trust(t, s))
	if err != nil {
		t.Fatal(err)
	}
	c, err := netsmtp.NewClient(raw, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Auth(netsmtp.PlainAuth("", "muster", "s3cret", "127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if err := c.Mail("a@acme.example"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("gone@acme.example"); err == nil || !strings.HasPrefix(err.Error(), "550") {
		t.Errorf("an unknown mailbox: %v", err)
	}
	if err := c.Rcpt("b@acme.example"); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	const text = "Subject: x\r\n\r\n.dot\r\nß\r\n"
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := s.Messages()
	if err != nil || len(got) != 1 {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	m := got[0]
	if m.From != "a@acme.example" || strings.Join(m.To, " ") != "b@acme.example" || !m.TLS || m.Login != "muster" || string(m.Raw) != text {
		t.Errorf("arrived as %+v", m)
	}
}

func TestStartTLSOfTheServer(t *testing.T) {
	s := start(t, smtp.Options{RequireTLS: true})
	c, err := netsmtp.Dial(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(trust(t, s)); err != nil {
		t.Fatal(err)
	}
	if err := c.Mail("a@acme.example"); err != nil {
		t.Error(err)
	}
	clear, err := netsmtp.Dial(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer clear.Close()
	if err := clear.Mail("a@acme.example"); err == nil {
		t.Error("it takes mail in clear")
	}
}
