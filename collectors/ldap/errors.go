package ldap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"muster/collectors/ldap/wire"
	"muster/internal/access"
	dial "muster/internal/dial/ldap"
)

// wrap gives an error the System, a Kind and a hint, and takes the password out of its text, should a server have put it there.
func (c *Collector) wrap(op string, err error) error {
	if e, ok := errors.AsType[*access.Error](err); ok && e.System == c.system {
		return err
	}
	kind, hint := classify(err)
	return &access.Error{System: c.system, Op: op, Kind: kind, Hint: hint, Err: c.s.scrub(err)}
}

func (s *settings) scrub(err error) error { return dial.Scrub(err, s.password) }

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
	if kind, hint, ok := dial.ConnectionKind(err); ok {
		return kind, hint
	}
	switch {
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
	kind, hint := dial.ResultKind(r.Code)
	switch r.Code {
	case 50:
		hint = "let bind_dn read the search areas (olcAccess)"
	case 53:
		hint = "see the server's message; it may forbid paging or anonymous reading"
	case 3:
		hint = "raise the time limit for bind_dn (olcLimits time.soft), or narrow people.base and groups.base"
	case 4:
		hint = "raise the size limit for bind_dn (olcSizeLimit, or olcLimits with size.prtotal=unlimited), and allow paging"
	case 11:
		hint = "raise the administrative limit for bind_dn (olcLimits), let it page (size.prtotal), or set a smaller page_size"
	case 10:
		hint = "read the server that the referral names as a system of its own; referrals are not followed"
	case 32:
		hint = "check base_dn, people.base and groups.base; without read access a base looks missing too"
	}
	return kind, hint
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
