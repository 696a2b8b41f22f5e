package scim

import (
	"bytes"
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

	"muster/internal/access"
)

const (
	maxBody   = 1 << 30 // bytes of one answer; a server that sends more is broken
	maxDetail = 200     // runes of a server's error text
	maxIdle   = 8       // connections that are kept for readers, of which there may be several
)

// ErrRead marks a failure of the transport in the middle of an answer, which another try may mend.
var ErrRead = errors.New("the connection ended early")

// Options is what a Client needs to know.
type Options struct {
	System  string
	URL     string // base URL
	User    string // for HTTP Basic; empty is a bearer token
	Secret  string // token or password
	CAFile  string // PEM file with the authorities to trust; empty trusts the host's
	Timeout time.Duration
	Now     func() time.Time
}

// Client sends requests to one server.
type Client struct {
	Base *url.URL // the base URL, without credentials

	o       Options
	header  string // value of Authorization
	secrets []string
	reader  *http.Client
	writer  *http.Client // each write has a connection of its own: on one that the server has given up meanwhile it might have been made or not
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
	transport.MaxIdleConnsPerHost = maxIdle
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
	single := transport.Clone()
	single.DisableKeepAlives = true
	c.reader = &http.Client{Transport: transport, CheckRedirect: c.redirect}
	c.writer = &http.Client{Transport: single, CheckRedirect: c.redirect}
	return c, nil
}

// Close gives up idle connections.
func (c *Client) Close() { c.reader.CloseIdleConnections() }

// errRedirect says that a server sends us elsewhere.
var errRedirect = errors.New("redirect to another place was refused")

// redirect follows only within the same scheme and host: anything else would hand the token to whom it is not meant for. A write that
// comes back as a read (301, 302, 303) would look as if it had been made.
func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > 3 {
		return errors.New("more than 3 redirects")
	}
	if req.URL.Scheme != c.Base.Scheme || req.URL.Host != c.Base.Host {
		return fmt.Errorf("%w: %s://%s", errRedirect, req.URL.Scheme, req.URL.Host)
	}
	if req.Method != via[0].Method {
		return fmt.Errorf("%w: it would turn %s into %s", errRedirect, via[0].Method, req.Method)
	}
	return nil
}

// Get sends one request and gives the body of a 200 to read.
func (c *Client) Get(ctx context.Context, op, endpoint string, query url.Values, read func(io.Reader) error) error {
	return c.send(ctx, op, http.MethodGet, endpoint, query, nil, "", func(res *http.Response) error {
		return read(io.LimitReader(res.Body, maxBody))
	})
}

// Answer is what the server said to a request that it did not refuse.
type Answer struct {
	Code int
	ETag string          // header; empty when there is none
	Body json.RawMessage // nil when there is none
}

// String is "204 No Content".
func (a Answer) String() string { return fmt.Sprintf("%d %s", a.Code, http.StatusText(a.Code)) }

// Read gets one resource or list, whole.
func (c *Client) Read(ctx context.Context, op, endpoint string, query url.Values) (Answer, error) {
	var a Answer
	err := c.send(ctx, op, http.MethodGet, endpoint, query, nil, "", func(res *http.Response) error { return a.take(op, res) })
	return a, err
}

// Write sends one POST, PUT, PATCH or DELETE, once. body is what to send as JSON, nil for nothing; ifMatch the version that the resource must
// still have (RFC 7644 §3.14), empty for any.
func (c *Client) Write(ctx context.Context, op, method, endpoint string, body any, ifMatch string) (Answer, error) {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return Answer{}, c.fail(op, access.Internal, err)
		}
	}
	var a Answer
	err := c.send(ctx, op, method, endpoint, nil, data, ifMatch, func(res *http.Response) error {
		err := a.take(op, res)
		if access.KindOf(err) == access.Invalid {
			return nil // the change is made; what was said besides is read again by who cares
		}
		return err
	})
	return a, err
}

// take reads a whole answer.
func (a *Answer) take(op string, res *http.Response) error {
	a.Code, a.ETag = res.StatusCode, res.Header.Get("ETag")
	data, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRead, err)
	}
	if data = bytes.TrimSpace(data); len(data) == 0 {
		return nil
	}
	if !json.Valid(data) {
		return &access.Error{Op: op, Kind: access.Invalid, Err: errors.New("the answer is not JSON"),
			Hint: "check that url is the SCIM base and not a web page"}
	}
	a.Body = data
	return nil
}

// send sends one request. endpoint is a path below the base, escaped where an id needs it. A GET is answered by 200 alone, a write by any 2xx.
func (c *Client) send(ctx context.Context, op, method, endpoint string, query url.Values, body []byte, ifMatch string, read func(*http.Response) error) error {
	whole, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	u := *c.Base
	path, err := url.PathUnescape(endpoint)
	if err != nil {
		return c.fail(op, access.Invalid, errors.New("the address cannot be read"))
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/")+path, strings.TrimRight(u.EscapedPath(), "/")+endpoint
	u.RawQuery = query.Encode()
	var payload io.Reader
	if body != nil {
		payload = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(whole, method, u.String(), payload)
	if err != nil {
		return c.fail(op, access.Invalid, errors.New("the address cannot be read"))
	}
	req.Header.Set("Authorization", c.header)
	req.Header.Set("Accept", "application/scim+json, application/json;q=0.9")
	req.Header.Set("User-Agent", "muster")
	if body != nil {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	if ifMatch != "" {
		req.Header.Set("If-Match", ifMatch)
	}
	client := c.reader
	if method != http.MethodGet {
		client = c.writer
	}
	res, err := client.Do(req)
	if err != nil {
		return c.unreachable(ctx, op, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK && (method == http.MethodGet || res.StatusCode/100 != 2) {
		return c.refused(op, method, res)
	}
	err = read(res)
	if errors.Is(err, ErrRead) {
		return c.unreachable(ctx, op, err)
	}
	if e, ok := errors.AsType[*access.Error](err); ok && e.System == "" {
		e.System = c.o.System
	}
	return err
}

func (c *Client) fail(op string, kind access.Kind, err error) error {
	return &access.Error{System: c.o.System, Op: op, Kind: kind, Err: err}
}
