package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
)

// server is what discovery (RFC 7644 §4) told, once. What it did not tell is the standard's.
type server struct {
	busy  chan struct{} // held by who asks
	known bool

	provider   dial.Provider
	users      string // endpoints
	groups     string
	enterprise bool // users take the enterprise extension
}

// self is the account that the token is, if the server says so (RFC 7644 §3.11).
type self struct {
	busy  chan struct{}
	known bool

	ID, Name string
}

// enter takes a turn, or gives up with ctx.
func enter(ctx context.Context, busy chan struct{}) error {
	select {
	case busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ready asks the server what it can do, the first time.
func (t *Target) ready(ctx context.Context) error {
	if t.client == nil {
		return &access.Error{System: t.spec.System, Op: "open target", Kind: access.Invalid, Err: errors.New("its settings have problems")}
	}
	s := &t.server
	if err := enter(ctx, s.busy); err != nil {
		return err
	}
	defer func() { <-s.busy }()
	if s.known {
		return nil
	}
	var provider dial.Provider
	if err := t.discover(ctx, "/ServiceProviderConfig", &provider); err != nil {
		return err
	}
	var types struct {
		Resources []dial.ResourceType `json:"Resources"`
	}
	if err := t.discover(ctx, "/ResourceTypes", &types); err != nil {
		return err
	}
	s.provider, s.users, s.groups, s.enterprise = provider, "/Users", "/Groups", true
	for _, rt := range types.Resources {
		kind, endpoint, ok := rt.Where()
		switch {
		case !ok:
		case kind == "user":
			s.users, s.enterprise = endpoint, rt.Extends(dial.EnterpriseSchema)
		case kind == "group":
			s.groups = endpoint
		}
	}
	s.known = true
	return nil
}

// discover reads one discovery endpoint. An answer that is missing, refused for this path only or unreadable says nothing.
func (t *Target) discover(ctx context.Context, endpoint string, into any) error {
	a, err := t.client.Read(ctx, "discover "+strings.TrimPrefix(endpoint, "/"), endpoint, nil)
	switch {
	case silent(err):
		return nil
	case err != nil:
		return err
	}
	_ = json.Unmarshal(a.Body, into) // what is not as the standard says is not known
	return nil
}

// silent reports whether the server says that it has no such endpoint, or nothing usable there.
func silent(err error) bool {
	s, ok := errors.AsType[*dial.Status](err)
	if !ok {
		return access.KindOf(err) == access.Invalid
	}
	switch s.Code {
	case http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return true
}

// whoAmI asks whose token it is. Without an answer ID is empty.
func (t *Target) whoAmI(ctx context.Context) (self, error) {
	m := &t.me
	if err := enter(ctx, m.busy); err != nil {
		return self{}, err
	}
	defer func() { <-m.busy }()
	if m.known {
		return self{ID: m.ID, Name: m.Name}, nil
	}
	var u resource.User
	if err := t.discover(ctx, "/Me", &u); err != nil {
		return self{}, err
	}
	m.ID, m.Name, m.known = string(u.ID), string(u.UserName), true
	return self{ID: m.ID, Name: m.Name}, nil
}

// at is the path of one resource.
func at(endpoint, id string) string { return endpoint + "/" + url.PathEscape(id) }

// locks lets the changes of one group happen one at a time.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// take waits for its turn at a key; the returned function gives it back.
func (l *locks) take(ctx context.Context, key string) (func(), error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	turn, ok := l.held[key]
	if !ok {
		turn = make(chan struct{}, 1)
		l.held[key] = turn
	}
	l.mu.Unlock()
	if err := enter(ctx, turn); err != nil {
		return nil, err
	}
	return func() { <-turn }, nil
}
