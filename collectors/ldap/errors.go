package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"muster/collectors/ldap/wire"
	"muster/internal/access"
)

// wrap gives an error the System, a Kind and a hint, and takes the password out of its text, should a server have put it there.
func (c *Collector) wrap(op string, err error) error {
	if e, ok := errors.AsType[*access.Error](err); ok && e.System == c.system {
		return err
	}
	kind, hint := classify(err)
	return &access.Error{System: c.system, Op: op, Kind: kind, Hint: hint, Err: c.s.scrub(err)}
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

func (s *settings) scrub(err error) error {
	if s.password == "" || !strings.Contains(err.Error(), s.password) {
		return err
	}
	return scrubbed{err, strings.ReplaceAll(err.Error(), s.password, "***")}
}

func classify(err error) (access.Kind, string) {
	if k, ok := errors.AsType[*access.Error](err); ok {
		return k.Kind, k.Hint
	}
	if r, ok := errors.AsType[*wire.ResultError](err); ok {
		return classifyResult(r)
	}
	if isEnd(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return access.KindOf(err), ""
	}
	if kind, hint, ok := classifyTLS(err); ok {
		return kind, hint
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return access.NotFound, "check the host in url"
	case errors.Is(err, syscall.ECONNREFUSED):
		return access.Transient, "is the server running, and is the port in url right?"
	case errors.Is(err, wire.ErrProtocol):
		return access.Invalid, "check the port in url: this may not be an LDAP server, or it wants ldaps://"
	case errors.Is(err, os.ErrNotExist):
		return access.NotFound, "check the path; relative paths are taken from the configuration's folder"
	case errors.Is(err, os.ErrPermission):
		return access.Denied, "let the user that Muster runs as read the file"
	}
	if c, ok := errors.AsType[*wire.ConnectionError](err); ok {
		if c.Op == "start TLS" && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)) {
			return access.Transient, "the server hung up: is this its port for ldaps://? ldap:// takes start_tls: true"
		}
		return access.Transient, "check the network and the server's log; the next run tries again"
	}
	return access.Invalid, ""
}

func classifyResult(r *wire.ResultError) (access.Kind, string) {
	switch r.Code {
	case 49:
		return access.Denied, "check bind_dn and password"
	case 8, 13:
		return access.Denied, "the server wants TLS: use ldaps:// or start_tls: true"
	case 48, 7:
		return access.Denied, "the server does not let this entry bind with a password"
	case 50:
		return access.Denied, "let bind_dn read the search areas (olcAccess)"
	case 53:
		return access.Denied, "see the server's message; it may forbid paging or anonymous reading"
	case 51:
		return access.Throttled, "the server is busy; the next run tries again"
	case 52, 80:
		return access.Transient, "the server says that it cannot answer now; the next run tries again"
	case 3:
		return access.Incomplete, "raise the time limit for bind_dn (olcLimits time.soft), or narrow people.base and groups.base"
	case 4:
		return access.Incomplete, "raise the size limit for bind_dn (olcSizeLimit, or olcLimits with size.prtotal=unlimited), and allow paging"
	case 11:
		return access.Incomplete, "raise the administrative limit for bind_dn (olcLimits), let it page (size.prtotal), or set a smaller page_size"
	case 10:
		return access.Incomplete, "read the server that the referral names as a system of its own; referrals are not followed"
	case 32:
		return access.NotFound, "check base_dn, people.base and groups.base; without read access a base looks missing too"
	}
	return access.Invalid, ""
}

func classifyTLS(err error) (access.Kind, string, bool) {
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

// referred is the reason of a class whose entries lie partly on other servers.
func referred(urls []string) error {
	return &access.Error{Op: "follow referrals", Kind: access.Incomplete,
		Hint: "read the server that the referral names as a system of its own; referrals are not followed",
		Err:  fmt.Errorf("%d parts of the directory lie on another server (%s)", len(urls), withoutCredentials(urls[0]))}
}

func withoutCredentials(raw string) string {
	if at := strings.LastIndexByte(raw, '@'); at >= 0 {
		return raw[at+1:]
	}
	return raw
}
