package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"muster/internal/access"
	"muster/internal/retry"
)

const (
	maxBody   = 1 << 30 // bytes of one answer; a server that sends more is broken
	maxDetail = 200     // runes of a server's error text
)

// Options is what a Client needs to know.
type Options struct {
	System  string
	URL     string // base URL
	User    string // for HTTP Basic; empty is a bearer token
	Secret  string // token or password
	CAFile  string // PEM file with the authorities to trust; empty trusts the host's
	Timeout time.Duration
	Policy  retry.Policy
	Now     func() time.Time
}

// Client sends GET requests to one server. Its requests may run one at a time.
type Client struct {
	Base *url.URL // the base URL, without credentials

	o       Options
	header  string // value of Authorization
	secrets []string
	http    *http.Client
}

// New prepares the transport.
func New(o Options) (*Client, error) {
	c := &Client{o: o}
	var err error
	if c.Base, err = url.Parse(o.URL); err != nil {
		return nil, c.fail("read url", access.Invalid, errors.New("the address cannot be read"))
	}
	if o.User != "" {
		pair := base64.StdEncoding.EncodeToString([]byte(o.User + ":" + o.Secret))
		c.header, c.secrets = "Basic "+pair, []string{o.Secret, pair}
	} else {
		token := strings.TrimSpace(o.Secret)
		c.header, c.secrets = "Bearer "+token, []string{token}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, c.fail("read ca_file", access.Invalid, err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, c.fail("read ca_file", access.Invalid, fmt.Errorf("%s holds no PEM certificate", o.CAFile))
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: c.redirect}
	return c, nil
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do repeats request as the policy allows.
func (c *Client) Do(ctx context.Context, request func(context.Context) error) error {
	return c.o.Policy.Do(ctx, request)
}

// errRedirect says that a server sends us elsewhere.
var errRedirect = errors.New("redirect to another place was refused")

// redirect follows only within the same scheme and host: anything else would hand the token to whom it is not meant for.
func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > 3 {
		return errors.New("more than 3 redirects")
	}
	if req.URL.Scheme != c.Base.Scheme || req.URL.Host != c.Base.Host {
		return fmt.Errorf("%w: %s://%s", errRedirect, req.URL.Scheme, req.URL.Host)
	}
	return nil
}

// Get sends one request and gives the body of a 200 to read. It does not retry.
func (c *Client) Get(ctx context.Context, op, endpoint string, query url.Values, read func(io.Reader) error) error {
	whole, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	u := *c.Base
	u.Path = strings.TrimRight(u.Path, "/") + endpoint
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(whole, http.MethodGet, u.String(), nil)
	if err != nil {
		return c.fail(op, access.Invalid, errors.New("the address cannot be read"))
	}
	req.Header.Set("Authorization", c.header)
	req.Header.Set("Accept", "application/scim+json, application/json;q=0.9")
	req.Header.Set("User-Agent", "muster")
	res, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(ctx, op, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return c.refused(op, res)
	}
	err = read(io.LimitReader(res.Body, maxBody))
	if errors.Is(err, ErrRead) {
		return c.unreachable(ctx, op, err)
	}
	return err
}

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

func (c *Client) refused(op string, res *http.Response) error {
	var body struct {
		Detail   string `json:"detail"`
		ScimType string `json:"scimType"`
	}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 16<<10))
	_ = json.Unmarshal(text, &body) // what is no SCIM error says nothing that we would repeat
	s := &Status{Code: res.StatusCode, Detail: c.clean(body.Detail), ScimType: c.clean(body.ScimType)}
	e := &access.Error{System: c.o.System, Op: op, Kind: retry.KindOfStatus(res.StatusCode), Err: s}
	switch res.StatusCode {
	case http.StatusUnauthorized:
		e.Hint = "the token or password is wrong or has expired: make a new one"
	case http.StatusForbidden:
		e.Hint = "let the token read users and groups"
	case http.StatusNotFound:
		e.Hint = "check url: it is the base that /Users follows"
	case http.StatusBadRequest:
		e.Hint = "try reduce: none; check filter and page_size"
	}
	if wait, ok := retry.ParseAfter(res.Header.Get("Retry-After"), c.o.Now()); ok {
		return retry.After(e, wait)
	}
	return e
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

func (c *Client) fail(op string, kind access.Kind, err error) error {
	return &access.Error{System: c.o.System, Op: op, Kind: kind, Err: err}
}
