package scim

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"muster/internal/access"
	"muster/internal/retry"
)

// unreachable classifies a failure of the transport. The URL and a redirect's query stay out of the text.
func (c *Client) unreachable(ctx context.Context, op string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", op, cause)
	}
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	e := &access.Error{System: c.o.System, Op: op, Kind: access.Transient, Err: errors.New(c.clean(err.Error()))}
	switch {
	case errors.Is(err, errRedirect):
		e.Kind, e.Hint = access.Denied, "if you trust that host, name it in url"
	case errors.Is(err, context.DeadlineExceeded):
		e.Err = fmt.Errorf("no whole answer within %s", c.o.Timeout)
	case isCertificate(err):
		e.Kind, e.Hint = access.Denied, "name the server's authority in ca_file"
	default:
		e.Hint = "check that the server runs and that this host may reach it"
	}
	return e
}

func isCertificate(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// Status is a refusal: its code and the SCIM error that came with it (RFC 7644 §3.12), without secrets.
type Status struct {
	Code     int
	Detail   string
	ScimType string
}

// Error is "503 Service Unavailable: detail (scimType)".
func (s *Status) Error() string {
	text := fmt.Sprintf("%d %s", s.Code, http.StatusText(s.Code))
	if s.Detail != "" {
		text += ": " + s.Detail
	}
	if s.ScimType != "" {
		text += " (" + s.ScimType + ")"
	}
	return text
}

func (c *Client) refused(op, method string, res *http.Response) error {
	var body struct {
		Detail   string `json:"detail"`
		ScimType string `json:"scimType"`
	}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 16<<10))
	_ = json.Unmarshal(text, &body) // what is no SCIM error says nothing that we would repeat
	s := &Status{Code: res.StatusCode, Detail: c.clean(body.Detail), ScimType: c.clean(body.ScimType)}
	e := &access.Error{System: c.o.System, Op: op, Kind: retry.KindOfStatus(res.StatusCode), Err: s, Hint: hint(method, res.StatusCode)}
	if wait, ok := retry.ParseAfter(res.Header.Get("Retry-After"), c.o.Now()); ok {
		return retry.After(e, wait)
	}
	return e
}

// hint is what the operator can do about a refusal.
func hint(method string, code int) string {
	write := method != http.MethodGet
	switch {
	case code == http.StatusUnauthorized:
		return "the token or password is wrong or has expired: make a new one"
	case code == http.StatusForbidden && write:
		return "let the token write users and groups"
	case code == http.StatusForbidden:
		return "let the token read users and groups"
	case code == http.StatusNotFound && !write:
		return "check url: it is the base that /Users follows"
	}
	return ""
}

// clean makes a server's text fit for a message: without secrets and control characters, and short.
func (c *Client) clean(text string) string {
	for _, secret := range c.secrets {
		if secret != "" {
			for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
				text = strings.ReplaceAll(text, form, "***")
			}
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	if runes := []rune(text); len(runes) > maxDetail {
		text = string(runes[:maxDetail]) + "..."
	}
	return strings.TrimSpace(text)
}
