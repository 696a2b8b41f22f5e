package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"muster/internal/access"
)

// Outcome is what became of one resource of a list.
type Outcome int

// The outcomes of List.Item.
const (
	Added    Outcome = iota // emitted, or kept to be emitted
	Repeated                // its id was read on an earlier page
	Again                   // its id was read on this page, by a try that failed later
	Rejected                // it cannot be read; a Rejection was emitted
)

// List is one enumeration of one endpoint: what to ask for, what to do with it, and afterwards what there was.
type List struct {
	Client   *Client
	Op       string // "list users"
	Endpoint string // "/Users"
	Query    url.Values
	Cursor   bool // page by cursor (RFC 9865) and not by startIndex
	Size     int  // "count" of a request

	// Item reads exactly one resource; ordinal is its place on the page, from 1. A page that breaks is asked for again and
	// its resources come again: Item says so. For those without an id, seen says that this place was settled before.
	Item    func(dec *json.Decoder, ordinal int64, seen bool) (Outcome, error)
	NewPage func()       // tells Item that a new page starts
	Stopped func() error // what ended everything, such as emit's error: it must not be tried again

	Claimed int64 // totalResults of the first page; access.NoClaim when no page said it
	Fetched int64 // different ids and unreadable resources
	Repeats int64 // resources that an earlier page had
	Pages   int   // pages asked for

	lastSent url.Values
	before   int64 // Fetched and Repeats of the pages before this one
}

// Incomplete is the reason of a list that was read to its end and is not whole.
type Incomplete struct{ Reason string }

// Error is the reason.
func (e *Incomplete) Error() string { return e.Reason }

// Run reads page after page. An *Incomplete error means that the list ended and lacks something; any other error ended it.
func (l *List) Run(ctx context.Context) error {
	l.Claimed = access.NoClaim
	next, cursor := int64(1), ""
	var short string
	for {
		l.Pages++
		p, fresh, err := l.page(ctx, next, cursor)
		if err != nil {
			return err
		}
		switch {
		case l.Pages == 1:
			l.Claimed = p.Total
		case p.Total != l.Claimed && short == "":
			short = fmt.Sprintf("totalResults changed from %d to %d on page %d: the data changed while it was read", l.Claimed, p.Total, l.Pages)
		}
		next += p.Items
		done, why := l.end(p, fresh, next, cursor)
		if why != "" {
			return &Incomplete{Reason: why}
		}
		if done {
			break
		}
		cursor = p.NextCursor
	}
	if short == "" && l.Claimed >= 0 && l.Fetched != l.Claimed {
		short = fmt.Sprintf("the source says %d and gave %d", l.Claimed, l.Fetched)
		if l.Repeats > 0 {
			short += fmt.Sprintf(", with %d repeated: the list shifted between the pages", l.Repeats)
		}
	}
	if short != "" {
		return &Incomplete{Reason: short}
	}
	return nil
}

// end decides whether p was the last page, or why there is no use in going on.
func (l *List) end(p Page, fresh, next int64, cursor string) (done bool, why string) {
	switch {
	case l.Cursor && p.NextCursor == "":
		return true, ""
	case l.Cursor && p.NextCursor == cursor:
		return false, fmt.Sprintf("page %d names itself as the next one", l.Pages)
	case !l.Cursor && l.Claimed >= 0 && next > l.Claimed:
		return true, ""
	case p.Items == 0 && l.Claimed < 0:
		return true, ""
	case p.Items == 0 && !l.Cursor:
		return false, fmt.Sprintf("page %d is empty: the source says %d and gave %d", l.Pages, l.Claimed, l.Fetched)
	case p.Items > 0 && fresh == 0:
		return false, fmt.Sprintf("page %d repeats what was read: the source does not page as RFC 7644 says", l.Pages)
	case l.Cursor && p.Items == 0 && l.Pages > 10_000:
		return false, "the source gives empty pages without end"
	}
	return false, ""
}

// page reads one page with retries. fresh counts what no earlier page had.
func (l *List) page(ctx context.Context, next int64, cursor string) (p Page, fresh int64, err error) {
	query := url.Values{}
	for k, v := range l.Query {
		query[k] = v
	}
	query.Set("count", strconv.Itoa(l.Size))
	if l.Cursor {
		query.Set("cursor", cursor)
	} else {
		query.Set("startIndex", strconv.FormatInt(next, 10))
	}
	l.lastSent = query
	l.NewPage()
	l.before = l.Fetched + l.Repeats
	tries, settled := 0, int64(0)
	err = l.Client.Do(ctx, func(ctx context.Context) error {
		tries++
		ordinal := int64(0)
		return l.Client.Get(ctx, l.Op, l.Endpoint, query, func(body io.Reader) error {
			var readErr error
			p, readErr = ReadPage(body, func(dec *json.Decoder) error {
				ordinal++
				o, err := l.Item(dec, ordinal, ordinal <= settled)
				switch {
				case err != nil:
					return err
				case o == Repeated && ordinal > settled:
					l.Repeats++
				case o == Added, o == Rejected && ordinal > settled:
					l.Fetched++
					fresh++
				}
				settled = max(settled, ordinal)
				return nil
			})
			if l.Stopped() != nil {
				return nil
			}
			return Classify(l.Op, readErr)
		})
	})
	if stop := l.Stopped(); stop != nil {
		return p, fresh, stop
	}
	if err != nil {
		return p, fresh, l.located(err, tries)
	}
	return p, fresh, nil
}

// Classify gives an error of the answer to op its Kind; a cut answer may be whole when it is asked for again.
func Classify(op string, err error) error {
	switch {
	case err == nil, errors.Is(err, ErrRead):
		return err
	case errors.Is(err, ErrCut):
		return &access.Error{Op: op, Kind: access.Transient, Err: err}
	case errors.Is(err, ErrFormat):
		return &access.Error{Op: op, Kind: access.Invalid, Err: err, Hint: "check that url is the SCIM base and not a web page"}
	}
	return err
}

// located says on which page it happened: "page 3 of 6: 503 Service Unavailable after 5 tries".
func (l *List) located(err error, tries int) error {
	where := fmt.Sprintf("page %d", l.Pages)
	if l.Claimed > 0 && l.Pages > 1 {
		per := max(l.before/int64(l.Pages-1), 1)
		where += fmt.Sprintf(" of %d", max((l.Claimed+per-1)/per, int64(l.Pages)))
	}
	e, ok := errors.AsType[*access.Error](err)
	if !ok {
		return err
	}
	text := fmt.Sprintf("%s: %v", where, e.Err)
	if tries > 1 {
		text += fmt.Sprintf(" after %d tries", tries)
	}
	kind := e.Kind
	if errors.Is(err, ErrCut) {
		kind = access.Incomplete
	}
	return &access.Error{System: e.System, Op: l.Op, Kind: kind, Hint: e.Hint, Err: &cause{text, err}}
}

// cause says text and keeps the chain.
type cause struct {
	text string
	err  error
}

// Error is the text.
func (c *cause) Error() string { return c.text }

// Unwrap gives the chain.
func (c *cause) Unwrap() error { return c.err }

// Sent describes the requests of this list for the IPE sheet.
func (l *List) Sent() string {
	first := url.Values{}
	for k, v := range l.lastSent {
		first[k] = v
	}
	if l.Cursor {
		first.Set("cursor", "")
	} else {
		first.Set("startIndex", "1")
	}
	text := "GET " + l.Endpoint + "?" + first.Encode()
	if l.Pages > 1 && !l.Cursor {
		text += fmt.Sprintf(" (%d pages, the last from startIndex=%s)", l.Pages, l.lastSent.Get("startIndex"))
	} else if l.Pages > 1 {
		text += fmt.Sprintf(" (%d pages by nextCursor)", l.Pages)
	}
	return text
}
