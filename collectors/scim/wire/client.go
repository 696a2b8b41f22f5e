package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/internal/retry"
)

// Client sends GET requests to one server, and repeats them as its policy allows.
type Client struct {
	*dial.Client

	policy retry.Policy
}

// New prepares the transport.
func New(o dial.Options, policy retry.Policy) (*Client, error) {
	c, err := dial.New(o)
	if err != nil {
		return nil, err
	}
	return &Client{Client: c, policy: policy}, nil
}

// Do repeats request as the policy allows.
func (c *Client) Do(ctx context.Context, request func(context.Context) error) error {
	return c.policy.Do(ctx, request)
}

// Get sends one request and gives the body of a 200 to read. It does not retry.
func (c *Client) Get(ctx context.Context, op, endpoint string, query url.Values, read func(io.Reader) error) error {
	err := c.Client.Get(ctx, op, endpoint, query, read)
	if s, ok := errors.AsType[*Status](err); ok && s.Code == http.StatusBadRequest {
		if e, ok := errors.AsType[*access.Error](err); ok {
			e.Hint = "try reduce: none; check filter and page_size"
		}
	}
	return err
}

// Status is a refusal with its code.
type Status = dial.Status
