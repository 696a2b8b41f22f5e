package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/dial/scim/resource"
)

// pageSize is how many resources a search asks for at a time.
const pageSize = 100

// Search gives the resources that match, asking by a filter and, where the server does not take it, looking at all of them.
func (c *Client) Search(ctx context.Context, p Provider, op, endpoint, filter string, match func(resource.Object) bool) ([]resource.Object, error) {
	if !p.Filter.No() {
		found, err := c.list(ctx, p, op, endpoint, filter, match)
		if s, ok := errors.AsType[*Status](err); !ok || s.Code != http.StatusBadRequest && s.Code != http.StatusNotImplemented {
			return found, err
		}
	}
	return c.list(ctx, p, op, endpoint, "", match)
}

// list reads page after page (RFC 7644 §3.4.2.4, RFC 9865). What a server gives beside the filter is left out.
func (c *Client) list(ctx context.Context, p Provider, op, endpoint, filter string, match func(resource.Object) bool) ([]resource.Object, error) {
	var found []resource.Object
	cursor := ""
	for next := 1; ; {
		query := url.Values{"count": {strconv.Itoa(pageSize)}}
		if filter != "" {
			query.Set("filter", filter)
		}
		if p.Cursor() {
			query.Set("cursor", cursor)
		} else {
			query.Set("startIndex", strconv.Itoa(next))
		}
		a, err := c.Read(ctx, op, endpoint, query)
		if err != nil {
			return nil, err
		}
		page := struct {
			Total     int               `json:"totalResults"`
			Resources []resource.Object `json:"Resources"`
			Next      string            `json:"nextCursor"`
		}{Total: -1}
		if err := json.Unmarshal(a.Body, &page); err != nil {
			return nil, c.fail(op, access.Invalid, errors.New("the answer is not a SCIM ListResponse"))
		}
		for _, r := range page.Resources {
			if match(r) {
				found = append(found, r)
			}
		}
		next += len(page.Resources)
		switch {
		case p.Cursor() && (page.Next == "" || page.Next == cursor), !p.Cursor() && page.Total >= 0 && next > page.Total:
			return found, nil
		case len(page.Resources) == 0 && page.Total < 0:
			return found, nil
		case len(page.Resources) == 0:
			return nil, c.fail(op, access.Incomplete, errors.New("the list ends before it is whole"))
		}
		cursor = page.Next
	}
}

// Quote writes a text as a value of a filter (RFC 7644 §3.4.2.2).
func Quote(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a text can always be written
	return strings.TrimSuffix(b.String(), "\n")
}
