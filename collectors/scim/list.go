package scim

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

// outcome is what became of one resource of a list.
type outcome int

const (
	added    outcome = iota // emitted, or kept to be emitted
	repeated                // its id was read on an earlier page
	again                   // its id was read on this page, by a try that failed later
	rejected                // it cannot be read; a Rejection was emitted
)

// list is one enumeration of one endpoint.
type list struct {
	op       string // "list users"
	endpoint string // "/Users"
	query    url.Values
	cursor   bool
	size     int
	get      func(ctx context.Context, op, endpoint string, query url.Values, read func(io.Reader) error) error
	do       func(ctx context.Context, request func(context.Context) error) error
	item     func(dec *json.Decoder, ordinal int64) (outcome, error)
	newPage  func()       // tells item that a new page starts
	stopped  func() error // what ended everything, such as emit's error: it must not be tried again

	claimed  int64 // totalResults of the first page; access.NoClaim when no page said it
	fetched  int64 // different ids and unreadable resources
	pages    int
	repeats  int64
	lastSent url.Values
}

// incomplete is the reason of a list that was read to its end and is not whole.
type incomplete struct{ reason string }

// Error is the reason.
func (e *incomplete) Error() string { return e.reason }

// run reads page after page. An *incomplete error means that the list ended and lacks something; any other error ended it.
func (l *list) run(ctx context.Context) error {
	l.claimed = access.NoClaim
	next, cursor := int64(1), ""
	var short string
	for {
		l.pages++
		p, fresh, err := l.page(ctx, next, cursor)
		if err != nil {
			return err
		}
		switch {
		case l.pages == 1:
			l.claimed = p.total
		case p.total != l.claimed && short == "":
			short = fmt.Sprintf("totalResults changed from %d to %d on page %d: the data changed while it was read", l.claimed, p.total, l.pages)
		}
		next += p.items
		done, why := l.end(p, fresh, next, cursor)
		if why != "" {
			return &incomplete{why}
		}
		if done {
			break
		}
		cursor = p.nextCursor
	}
	if short == "" && l.claimed >= 0 && l.fetched != l.claimed {
		short = fmt.Sprintf("the source says %d and gave %d", l.claimed, l.fetched)
		if l.repeats > 0 {
			short += fmt.Sprintf(", with %d repeated: the list shifted between the pages", l.repeats)
		}
	}
	if short != "" {
		return &incomplete{short}
	}
	return nil
}

// end decides whether p was the last page, or why there is no use in going on.
func (l *list) end(p page, fresh, next int64, cursor string) (done bool, why string) {
	switch {
	case l.cursor && p.nextCursor == "":
		return true, ""
	case l.cursor && p.nextCursor == cursor:
		return false, fmt.Sprintf("page %d names itself as the next one", l.pages)
	case !l.cursor && l.claimed >= 0 && next > l.claimed:
		return true, ""
	case p.items == 0 && l.claimed < 0:
		return true, ""
	case p.items == 0 && !l.cursor:
		return false, fmt.Sprintf("page %d is empty: the source says %d and gave %d", l.pages, l.claimed, l.fetched)
	case p.items > 0 && fresh == 0:
		return false, fmt.Sprintf("page %d repeats what was read: the source does not page as RFC 7644 says", l.pages)
	case l.cursor && p.items == 0 && l.pages > 10_000:
		return false, "the source gives empty pages without end"
	}
	return false, ""
}

// page reads one page with retries. fresh counts what no earlier page had.
func (l *list) page(ctx context.Context, next int64, cursor string) (p page, fresh int64, err error) {
	query := url.Values{}
	for k, v := range l.query {
		query[k] = v
	}
	query.Set("count", strconv.Itoa(l.size))
	if l.cursor {
		query.Set("cursor", cursor)
	} else {
		query.Set("startIndex", strconv.FormatInt(next, 10))
	}
	l.lastSent = query
	l.newPage()
	tries, settled := 0, int64(0)
	err = l.do(ctx, func(ctx context.Context) error {
		tries++
		ordinal := int64(0)
		return l.get(ctx, l.op, l.endpoint, query, func(body io.Reader) error {
			var readErr error
			p, readErr = readPage(body, func(dec *json.Decoder) error {
				ordinal++
				o, err := l.item(dec, ordinal)
				switch {
				case err != nil:
					return err
				case o == repeated && ordinal > settled:
					l.repeats++
				case o == added, o == rejected && ordinal > settled:
					l.fetched++
					fresh++
				}
				settled = max(settled, ordinal)
				return nil
			})
			if l.stopped() != nil {
				return nil
			}
			return l.classify(readErr)
		})
	})
	if stop := l.stopped(); stop != nil {
		return p, fresh, stop
	}
	if err != nil {
		return p, fresh, l.located(err, tries)
	}
	return p, fresh, nil
}

// classify gives an error of the answer its Kind; a cut answer may be whole when it is asked for again.
func (l *list) classify(err error) error {
	switch {
	case err == nil, errors.Is(err, errRead):
		return err
	case errors.Is(err, errCut):
		return &access.Error{Op: l.op, Kind: access.Transient, Err: err}
	case errors.Is(err, errFormat):
		return &access.Error{Op: l.op, Kind: access.Invalid, Err: err, Hint: "check that url is the SCIM base and not a web page"}
	}
	return err
}

// located says on which page it happened: "page 3 of 6: 503 Service Unavailable after 5 tries".
func (l *list) located(err error, tries int) error {
	where := fmt.Sprintf("page %d", l.pages)
	if l.claimed > 0 && l.fetched > 0 && l.pages > 1 {
		per := max((l.fetched+l.repeats)/int64(l.pages-1), 1)
		where += fmt.Sprintf(" of %d", max((l.claimed+per-1)/per, int64(l.pages)))
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
	if errors.Is(err, errCut) {
		kind = access.Incomplete
	}
	return &access.Error{System: e.System, Op: l.op, Kind: kind, Hint: e.Hint, Err: &cause{text, err}}
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

// sent describes the requests of this list for the IPE sheet.
func (l *list) sent() string {
	first := url.Values{}
	for k, v := range l.lastSent {
		first[k] = v
	}
	if l.cursor {
		first.Set("cursor", "")
	} else {
		first.Set("startIndex", "1")
	}
	text := "GET " + l.endpoint + "?" + first.Encode()
	if l.pages > 1 && !l.cursor {
		text += fmt.Sprintf(" (%d pages, the last from startIndex=%s)", l.pages, l.lastSent.Get("startIndex"))
	} else if l.pages > 1 {
		text += fmt.Sprintf(" (%d pages by nextCursor)", l.pages)
	}
	return text
}
