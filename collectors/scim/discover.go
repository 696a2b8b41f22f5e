package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"muster/collectors/scim/wire"
	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
)

// discover asks the server what it can do (RFC 7644 §4). What it does not tell is taken from the standard; a server that does
// not answer at all, or refuses the credentials, ends the reading here.
func (r *reading) discover() error {
	r.source = fmt.Sprintf("SCIM 2.0 server %s://%s%s", r.c.client.Base.Scheme, r.c.client.Base.Host, r.c.client.Base.Path)
	var provider dial.Provider
	err := r.ask("/ServiceProviderConfig", func(body io.Reader) error { return decodeAll(body, &provider) })
	if err != nil {
		return err
	}
	r.cursor = provider.Cursor()
	err = r.ask("/ResourceTypes", func(body io.Reader) error {
		_, err := wire.ReadPage(body, func(dec *json.Decoder) error { return r.resourceType(dec) })
		return err
	})
	if err != nil {
		return err
	}
	if r.c.set.Members != membersAuto {
		return nil
	}
	return r.ask("/Schemas", func(body io.Reader) error {
		_, err := wire.ReadPage(body, r.schema)
		return err
	})
}

// ask sends one discovery request. An answer that is missing, refused for this path only or unreadable is no failure.
func (r *reading) ask(endpoint string, read func(io.Reader) error) error {
	op := "discover " + strings.TrimPrefix(endpoint, "/")
	err := r.c.client.Do(r.ctx, func(ctx context.Context) error {
		return r.c.client.Get(ctx, op, endpoint, url.Values{}, func(body io.Reader) error {
			err := read(body)
			if errors.Is(err, wire.ErrRead) {
				return err
			}
			return wire.Classify(op, err)
		})
	})
	r.queries = append(r.queries, "GET "+endpoint)
	if err == nil || r.ctx.Err() != nil {
		return err
	}
	s, answered := errors.AsType[*wire.Status](err)
	switch kind := access.KindOf(err); {
	case answered && s.Code != 500 && (s.Code == 401 || kind == access.Throttled || kind == access.Transient):
		return err
	case answered, kind == access.Invalid, errors.Is(err, wire.ErrCut):
		r.queries[len(r.queries)-1] += " (not usable: " + reason(err) + ")"
		return nil
	}
	return err
}

// resourceType notes where the resources are (RFC 7643 §6).
func (r *reading) resourceType(dec *json.Decoder) error {
	var t dial.ResourceType
	if err := dec.Decode(&t); err != nil {
		return err
	}
	kind, endpoint, ok := t.Where()
	if !ok {
		return nil
	}
	switch kind {
	case "user", "group", kindRole, kindEntitlement:
		r.endpoints[kind] = endpoint
	}
	return nil
}

// schema looks for a Group schema (RFC 7643 §7) without members: such a server keeps memberships at the users.
func (r *reading) schema(dec *json.Decoder) error {
	var s struct {
		ID         resource.Text `json:"id"`
		Attributes []struct {
			Name resource.Text `json:"name"`
		} `json:"attributes"`
	}
	if err := dec.Decode(&s); err != nil {
		return err
	}
	if !strings.EqualFold(string(s.ID), "urn:ietf:params:scim:schemas:core:2.0:Group") || len(s.Attributes) == 0 {
		return nil
	}
	for _, a := range s.Attributes {
		if strings.EqualFold(string(a.Name), "members") {
			return nil
		}
	}
	r.membersAt = membersUsers
	return nil
}

// decodeAll reads one JSON object.
func decodeAll(body io.Reader, into any) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("%w: %w", wire.ErrRead, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: %s", wire.ErrFormat, "it is not JSON")
	}
	return nil
}

// findDumped looks which of the optional files the dump has.
func (r *reading) findDumped() {
	for kind, file := range map[string]string{kindRole: "Roles.json", kindEntitlement: "Entitlements.json"} {
		if _, err := os.Stat(filepath.Join(r.c.set.Dump, file)); err == nil {
			r.endpoints[kind] = "/" + file
		}
	}
}
