package ldap

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"

	"muster/internal/access"
)

// ConnectionKind says what a failure to reach a server means; false when err is none that it knows.
func ConnectionKind(err error) (access.Kind, string, bool) {
	if kind, hint, ok := tlsKind(err); ok {
		return kind, hint, true
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return access.NotFound, "check the host in url", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return access.Transient, "is the server running, and is the port in url right?", true
	}
	return "", "", false
}

func tlsKind(err error) (access.Kind, string, bool) {
	var (
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		header  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown):
		return access.Invalid, "set ca_file to the PEM of the authority that signed the server's certificate", true
	case errors.As(err, &host):
		return access.Invalid, "use the name in the certificate in url, or set server_name to it", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return access.Invalid, "renew the server's certificate, or set this host's clock right", true
	case errors.As(err, &invalid):
		return access.Invalid, "the server's certificate is not fit for a server", true
	case errors.As(err, &header):
		return access.Invalid, "this port does not speak TLS: use ldap:// with start_tls: true", true
	}
	return "", "", false
}

// scrubbed keeps the chain of an error whose text may not be shown.
type scrubbed struct {
	error
	text string
}

// Error is the text without the password.
func (s scrubbed) Error() string { return s.text }

// Unwrap gives the error with its chain.
func (s scrubbed) Unwrap() error { return s.error }

// Scrub takes a password out of an error's text, should a server have put it there.
func Scrub(err error, password string) error {
	if password == "" || err == nil || !strings.Contains(err.Error(), password) {
		return err
	}
	return scrubbed{err, strings.ReplaceAll(err.Error(), password, "***")}
}
