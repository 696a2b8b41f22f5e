package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
)

// operation is one operation of a PATCH (RFC 7644 §3.5.2).
type patchOp struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// edit is one change of one resource, in the ways in which it can be said.
type edit struct {
	op    string // of errors
	of    *thing
	match bool // send If-Match with the exact forms too

	exact [][]patchOp // name just what changes; tried in order
	whole []patchOp   // replaces a whole list: only under If-Match
	put   func(resource.Object)
}

// make makes an edit. A form that the server does not understand has changed nothing, and the next one is tried.
func (t *Target) make(ctx context.Context, e edit) (string, error) {
	guard := ""
	if e.match {
		guard = e.of.guard
	}
	var refusal error
	patch := !t.server.provider.Patch.No()
	for _, form := range e.exact {
		if !patch {
			break
		}
		a, err := t.patch(ctx, e, form, guard)
		if err == nil || !notUnderstood(err) {
			return a.String(), err
		}
		refusal, patch = err, !noPatch(err)
	}
	if e.of.guard == "" {
		return "", t.unguarded(e, refusal)
	}
	if patch && e.whole != nil {
		a, err := t.patch(ctx, e, e.whole, e.of.guard)
		if err == nil || !notUnderstood(err) {
			return a.String() + " for the whole list", err
		}
	}
	body := clone(e.of.raw)
	e.put(body)
	for _, name := range []string{"meta", "groups"} { // what the server itself writes
		body.Delete(name)
	}
	a, err := t.client.Write(ctx, e.op, http.MethodPut, e.of.at, body, e.of.guard)
	return a.String() + " for the whole resource", err
}

func (t *Target) patch(ctx context.Context, e edit, form []patchOp, guard string) (dial.Answer, error) {
	body := map[string]any{"schemas": []string{dial.PatchSchema}, "Operations": form}
	return t.client.Write(ctx, e.op, http.MethodPatch, e.of.at, body, guard)
}

// unguarded says that there is no safe way left.
func (t *Target) unguarded(e edit, refusal error) error {
	cause := errors.New("the server takes no PATCH, and keeps no versions under which the whole could be replaced")
	if refusal != nil {
		cause = fmt.Errorf("the server does not take the PATCH, and keeps no versions under which the whole could be replaced: %w", status(refusal))
	}
	return &access.Error{System: t.spec.System, Op: e.op, Kind: access.Invalid, Err: cause, Hint: "change it there by hand, or let the system be mended by a work order"}
}

// status is the refusal alone, when there is one.
func status(err error) error {
	if s, ok := errors.AsType[*dial.Status](err); ok {
		return s
	}
	return err
}

// notUnderstood reports whether a refusal is about how the change was said and not about the change.
func notUnderstood(err error) bool {
	s, ok := errors.AsType[*dial.Status](err)
	if !ok || s.Code != http.StatusBadRequest {
		return noPatch(err)
	}
	switch s.ScimType {
	case "", "invalidFilter", "invalidPath", "invalidSyntax", "noTarget":
		return true
	}
	return false
}

// noPatch reports whether a server says that it does not know PATCH at all.
func noPatch(err error) bool {
	s, ok := errors.AsType[*dial.Status](err)
	return ok && (s.Code == http.StatusMethodNotAllowed || s.Code == http.StatusNotImplemented)
}

func clone(o resource.Object) resource.Object {
	c := make(resource.Object, len(o))
	for k, v := range o {
		c[k] = v
	}
	return c
}

// replaceList is the edit of a whole list, as a PATCH and as a change of the resource. What becomes empty is taken away.
func replaceList(attribute string, all []json.RawMessage) ([]patchOp, func(resource.Object)) {
	if len(all) == 0 {
		return []patchOp{{Op: "remove", Path: attribute}}, func(o resource.Object) { o.Delete(attribute) }
	}
	return []patchOp{{Op: "replace", Path: attribute, Value: all}}, func(o resource.Object) {
		raw, _ := json.Marshal(all) // it was read as JSON
		o.Set(attribute, raw)
	}
}
