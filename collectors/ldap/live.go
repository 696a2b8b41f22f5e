package ldap

import (
	"context"
	"errors"
	"fmt"

	"muster/collectors/ldap/filter"
	"muster/collectors/ldap/wire"
	"muster/internal/access"
	"muster/internal/dial/ldap/entry"
	"muster/internal/retry"
)

// defaultPage is how many entries a page has when nothing else is said; OpenLDAP's own limits allow it.
const defaultPage = 1000

// live is a server.
type live struct {
	s      *settings
	target wire.Target
	retry  retry.Policy
	conn   *wire.Conn
	vendor string
	page   wire.Page
}

// errNobody is the answer of a server whose access rules hide everything: a success without entries.
var errNobody = &access.Error{Op: "search people", Kind: access.Incomplete, Err: errors.New("the server shows no entry"),
	Hint: "check people.base and people.filter, and let bind_dn read them (olcAccess)"}

func newLive(s *settings, dir string, policy retry.Policy) (*live, error) {
	address, secure, err := s.server().Reach(dir)
	if err != nil {
		return nil, err
	}
	l := &live{s: s, retry: policy, vendor: "LDAP server"}
	l.target = wire.Target{Address: address, TLS: secure, StartTLS: s.StartTLS, Timeout: s.Timeout}
	if s.Password.IsSet() {
		if s.password, err = s.Password.Value(); err != nil {
			return nil, &access.Error{Op: "read password", Kind: access.Invalid, Hint: "set the variable or write the file", Err: err}
		}
	}
	return l, nil
}

func (l *live) name() string { return l.vendor + " at " + l.s.URL + l.security() }

func (l *live) security() string {
	if l.s.StartTLS {
		return " (StartTLS)"
	}
	return ""
}

func (l *live) pageSize() int {
	if l.s.PageSize > 0 {
		return l.s.PageSize
	}
	return defaultPage
}

func (l *live) queries() []string {
	var who string
	if l.s.BindDN != "" {
		who = fmt.Sprintf("bind dn=%q", l.s.BindDN)
	} else {
		who = "anonymous"
	}
	return []string{who, l.s.people.text(l.pageSize()), l.s.groups.text(l.pageSize())}
}

// connect makes a connection that is ready to search. Its errors have a Kind, so that they can be tried again.
func (l *live) connect(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	c, err := wire.Dial(ctx, l.target)
	if refused, ok := errors.AsType[*wire.ResultError](err); ok {
		kind, _ := classifyResult(refused)
		return &access.Error{Op: "start TLS with " + l.target.Address, Kind: kind, Err: l.s.scrub(err),
			Hint: "the server does not offer StartTLS now: use ldaps://, or give the server a certificate"}
	}
	if err != nil {
		return l.kinded("connect to "+l.target.Address, err)
	}
	if l.s.BindDN != "" {
		if err := c.Bind(l.s.BindDN, l.s.password); err != nil {
			c.Close()
			return l.kinded("bind as "+l.s.BindDN, err)
		}
	}
	l.conn = c
	return nil
}

func (l *live) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

func (l *live) kinded(op string, err error) error {
	kind, hint := classify(err)
	return &access.Error{Op: op, Kind: kind, Hint: hint, Err: l.s.scrub(err)}
}

// scan reads the people, then the groups.
func (l *live) scan(ctx context.Context, r *reading) error {
	defer l.close()
	if err := l.retry.Do(ctx, l.connect); err != nil {
		return err
	}
	if err := l.identify(); err != nil {
		return err
	}
	var first error
	for _, part := range []struct {
		q     *question
		tally *tally
		what  string
		take  func(*entry.Entry) error
	}{{&l.s.people, &r.accounts, "people", r.person}, {&l.s.groups, &r.groups, "groups", r.group}} {
		refs, err := l.search(ctx, part.q, part.what, part.take)
		switch {
		case err == nil && len(refs) > 0:
			err = referred(refs)
		case err == nil && part.tally == &r.accounts && r.accounts.parsed+r.accounts.rejected == 0:
			err = errNobody
		}
		if err == nil {
			continue
		}
		if isEnd(err) || ctx.Err() != nil {
			return err
		}
		part.tally.short = append(part.tally.short, err.Error())
		if first == nil {
			first = err
		}
		if access.KindOf(err) != access.Incomplete {
			if part.tally == &r.accounts {
				r.groups.short = append(r.groups.short, "not read: "+err.Error())
			}
			return first
		}
	}
	return first
}

// identify asks the root entry who answers (RFC 4512 §5.1); a server that does not tell is as good as any.
func (l *live) identify() error {
	e, err := l.one("", []string{"vendorName", "vendorVersion", "structuralObjectClass"})
	var result *wire.ResultError
	if errors.As(err, &result) || err == nil && e == nil {
		return nil
	}
	if err != nil {
		l.close() // the first search connects again
		return nil
	}
	switch {
	case e.Value("vendorName") != "":
		l.vendor = e.Value("vendorName")
		if v := e.Value("vendorVersion"); v != "" {
			l.vendor += " " + v
		}
	case e.Value("structuralObjectClass") == "OpenLDAProotDSE":
		l.vendor = "OpenLDAP"
	}
	return nil
}

// one reads one entry.
func (l *live) one(dn string, attrs []string) (*entry.Entry, error) {
	all, err := filter.Compile("(objectClass=*)")
	if err != nil {
		return nil, err
	}
	if err := l.conn.Ask(&wire.Search{Base: dn, Scope: wire.Base, Filter: all.Encoded, Attributes: attrs}, nil); err != nil {
		return nil, err
	}
	if err := l.conn.Answer(&l.page); err != nil {
		return nil, err
	}
	var found *entry.Entry
	err = l.page.Each(func(e *entry.Entry) error {
		found = e
		return wire.ErrStop
	})
	return found, err
}

func (l *live) probe(ctx context.Context) error {
	defer l.close()
	if err := l.retry.Do(ctx, l.connect); err != nil {
		return err
	}
	for _, base := range []string{l.s.people.base, l.s.groups.base} {
		e, err := l.one(base, []string{"objectClass"})
		if err == nil && e == nil {
			err = errors.New("the entry is not there or may not be read")
		}
		if err != nil {
			return l.kinded("read "+base, err)
		}
	}
	return nil
}
