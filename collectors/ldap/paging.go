package ldap

import (
	"context"
	"errors"
	"fmt"

	"muster/collectors/ldap/wire"
	"muster/internal/access"
	"muster/internal/dial/ldap/entry"
)

// paging is one search on its way through the pages.
type paging struct {
	l      *live
	search wire.Search
	what   string
	page   int
	cookie []byte
	asked  bool  // the present page was asked for
	given  bool  // entries of the present page were handed on: it cannot be asked for again
	askErr error // asking ahead failed
	refs   []string
}

// search hands every entry that answers a question to take, and gives the references to other servers.
func (l *live) search(ctx context.Context, q *question, what string, take func(*entry.Entry) error) ([]string, error) {
	p := paging{l: l, what: what, page: 1, search: wire.Search{Base: q.base, Scope: wire.Subtree, Filter: q.filter.Encoded,
		Attributes: q.attrs, PageSize: l.pageSize()}}
	for {
		l.page.Reset()
		err := l.retry.Do(ctx, p.fetch)
		p.refs = append(p.refs, l.page.References...)
		more := err == nil && !l.page.Done
		next := err == nil && l.page.Done && len(l.page.Cookie) > 0
		if next {
			// The server works on the next page while we hand on this one.
			if string(l.page.Cookie) == string(p.cookie) && l.page.Len() == 0 {
				return p.refs, p.failure(errors.New("the server gives the same empty page again"))
			}
			p.cookie = l.page.Cookie
			p.askErr = l.conn.Ask(&p.search, p.cookie)
			p.asked = p.askErr == nil
			p.page++
		}
		p.given = more
		if terr := l.page.Each(take); terr != nil {
			if !isEnd(terr) {
				terr = p.failure(terr)
			}
			return p.refs, terr
		}
		if err != nil {
			return p.refs, err
		}
		if !next && !more {
			return p.refs, nil
		}
	}
}

// fetch reads the present page. A page that was not handed on yet is asked for again after a refusal, and the first one also on
// a new connection; the cookie of a later one dies with its connection.
func (p *paging) fetch(ctx context.Context) error {
	err := p.askErr
	p.askErr = nil
	if err == nil && p.l.conn == nil {
		if p.cookie != nil || p.given {
			return p.failure(&access.Error{Op: "go on", Kind: access.Incomplete, Err: errors.New("the connection is gone")})
		}
		if err := p.l.connect(ctx); err != nil {
			return err
		}
		p.asked = false
	}
	if err == nil && !p.asked && !p.given {
		err = p.l.conn.Ask(&p.search, p.cookie)
	}
	if err == nil {
		p.asked = true
		if err = p.l.conn.Answer(&p.l.page); err == nil {
			p.asked = !p.l.page.Done
			return nil
		}
	}
	p.asked = false
	failed := p.failure(err)
	var result *wire.ResultError
	refused := errors.As(err, &result)
	if !refused {
		p.l.close()
	}
	if p.given || !refused && p.cookie != nil {
		failed.Kind = access.Incomplete // trying again cannot help: this is all there is
	}
	return failed
}

func (p *paging) failure(err error) *access.Error {
	kind, hint := classify(err)
	return &access.Error{Op: fmt.Sprintf("search %s, page %d", p.what, p.page), Kind: kind, Hint: hint, Err: p.l.s.scrub(err)}
}
