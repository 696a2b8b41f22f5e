// Package csv writes work orders for systems that are read from an export: Muster cannot change them, a person can.
//
//	<dir>/<system>/<YYYY-MM-DD>/<action id>.json   one order with the whole action, for programs
//	<dir>/<system>/<YYYY-MM-DD>/work-order.csv     all orders of the day, for the person who works through them
//
// The CSV is that of package sheet: UTF-8, CRLF, no value is computed by a spreadsheet. Each of its values is one line; control and
// formatting characters stand as code points, ⟦U+202E⟧. It is assembled anew with every order, so that notes are taken in a copy. An
// order that was taken back by a later one says so in its last column, state.
//
// Inspect looks for the order and not at the system, which is why its observations are Unseen: whoever carries out an order looks. An
// order closes when a later export shows the change. See package order for how orders are kept and for errors.
package csv

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/sheet"
	"muster/remediate"
	"muster/remediate/internal/order"
)

// Listing is the name of the file with all orders of a day.
const Listing = "work-order.csv"

var _ remediate.Target = (*Target)(nil)

// settings are the keys under `remediation: settings:` of a system with `target: csv`.
type settings struct {
	Dir          string            `yaml:"dir"`          // folder of the orders of all systems; default orders in the data folder
	Reference    string            `yaml:"reference"`    // stands before the order's id in the column reference, such as the queue of a ticket system
	Due          time.Duration     `yaml:"due"`          // how long a person has; 0 gives no date
	Instructions map[string]string `yaml:"instructions"` // kind of action: how it is done in this system
}

// Target writes the orders of one system.
type Target struct {
	s    settings
	book order.Book
}

// New makes the target. Problems of the settings are recorded on spec.Settings.
func New(spec remediate.Spec) (remediate.Target, error) {
	t := &Target{}
	spec.Settings.Decode(&t.s)
	t.check(spec.Settings)
	folder, label := order.Folder(spec, t.s.Dir)
	now := spec.Now
	if now == nil {
		now = time.Now
	}
	t.book = order.Book{System: spec.System, Dir: folder, Label: label, Now: now, Form: order.Form{Ext: ".json", Listing: Listing, Mode: 0o640,
		Draft: t.draft, Encode: encode, Decode: decode, Assemble: assemble, Listed: listed}}
	return t, nil
}

func (t *Target) check(n config.Node) {
	if n.Get("dir").Exists() && t.s.Dir == "" {
		n.Get("dir").Problem("leave it out for orders in the data folder", "an empty path")
	}
	if t.s.Due < 0 {
		n.Get("due").Problem("write 2d, or leave it out for no date", "a negative time")
	}
	kinds := make([]string, 0, len(able()))
	for _, k := range access.ActionKinds() {
		if _, ok := able()[k]; ok {
			kinds = append(kinds, string(k))
		}
	}
	for _, key := range n.Get("instructions").Keys() {
		if _, ok := able()[access.ActionKind(key)]; ok {
			continue
		}
		hint := "known: " + strings.Join(kinds, ", ")
		if near := config.Nearest(key, kinds); near != "" {
			hint = fmt.Sprintf("did you mean %q? %s", near, hint)
		}
		n.Get("instructions").Key(key).Problem(hint, "unknown kind of action %q", key)
	}
}

// able are the kinds that a person can be asked for, with what cannot be taken back.
func able() map[access.ActionKind]string {
	return map[access.ActionKind]string{
		access.CreateAccount: "", access.EnableAccount: "", access.GrantEntitlement: "", access.SetExpiry: "", access.RemoveEntitlement: "", access.DisableAccount: "",
		access.RevokeSessions: "sessions that were ended cannot be brought back",
		access.DeleteAccount:  "what the system deletes with an account is lost",
	}
}

// Abilities says that orders are written.
func (t *Target) Abilities() remediate.Abilities {
	return remediate.Abilities{Kinds: able(), Orders: true}
}

// Inspect says whether the order is on file.
func (t *Target) Inspect(ctx context.Context, a access.Action) (access.Observation, error) {
	return t.book.Inspect(ctx, a)
}

// Apply writes the order.
func (t *Target) Apply(ctx context.Context, a access.Action) (access.Receipt, error) {
	return t.book.Apply(ctx, a)
}

func (t *Target) draft(a access.Action, at time.Time) (order.Order, error) {
	if !t.Abilities().Can(a.Kind) {
		return order.Order{}, &access.Error{System: a.System, Op: "write order", Kind: access.Invalid, Err: fmt.Errorf("there are no orders to %s", a.Kind)}
	}
	o := order.New(a, at)
	o.Instruction = t.s.Instructions[string(a.Kind)]
	if t.s.Reference != "" {
		o.Reference = t.s.Reference + a.ID
	}
	if t.s.Due > 0 {
		o.Due = o.At.Add(t.s.Due)
	}
	return o, nil
}

func encode(o order.Order) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(o); err != nil {
		return nil, fmt.Errorf("encode order: %w", err)
	}
	return b.Bytes(), nil
}

func decode(data []byte) (order.Order, error) {
	var o order.Order
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return o, fmt.Errorf("decode order: %w", err)
	}
	return o, nil
}

// head names the columns of a work order.
func head() []string {
	return []string{"order", "action", "account", "account_id", "entitlement", "person", "reason", "finding", "due", "inverse", "what", "reference", "instruction", "state"}
}

// assemble writes the work order of a day.
func assemble(_ string, orders []order.Entry) ([]byte, error) {
	var b bytes.Buffer
	table := sheet.NewTable(&b)
	if err := table.Head(head()); err != nil {
		return nil, err
	}
	for _, o := range orders {
		if err := table.Row(row(o)); err != nil {
			return nil, err
		}
	}
	if _, err := table.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func row(o order.Entry) []string {
	a := o.Action
	person, due, state := a.Person, "", "open"
	if a.PersonName != "" {
		person = strings.TrimSpace(a.PersonName + " " + a.Person)
	}
	if !o.Due.IsZero() {
		due = o.Due.UTC().Format("2006-01-02 15:04 UTC")
	}
	if o.WithdrawnBy != "" {
		state = "withdrawn by " + o.WithdrawnBy
	}
	entitlement := a.Entitlement.Name
	if entitlement == "" {
		entitlement = a.Entitlement.ID
	}
	cells := []string{a.ID, string(a.Kind), a.Account.Name, a.Account.ID, entitlement, person, a.Reason, a.FindingID, due, o.Inverse, o.What, o.Reference, o.Instruction, state}
	for i, c := range cells {
		cells[i] = order.Line(c)
	}
	return cells
}

// listed finds the row of an order. Every value is one line and ids need no quotes, so that a row begins with its id.
func listed(listing []byte, id string) bool {
	return bytes.Contains(listing, []byte("\r\n"+id+","))
}
