package unix

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/remediate/internal/order"
)

// code is the part of the scripts that is the same for every order of a kind.
//
//go:embed shell/*.sh
var code embed.FS

// marker begins the comment that holds the order for Muster to read back.
const marker = "# order: "

// body names the code of an action: what takes another order back goes by what that one noted.
func body(a access.Action) string {
	undone, _ := order.Undone(a) // it was read before
	undo := undone != ""
	switch {
	case isSudo(a.Entitlement):
		return "sudo"
	case undo && (a.Kind == access.DisableAccount || a.Kind == access.EnableAccount || a.Kind == access.SetExpiry):
		return "restore"
	case undo && (a.Kind == access.RemoveEntitlement || a.Kind == access.GrantEntitlement):
		return "regroup"
	case undo && a.Kind == access.CreateAccount:
		return "recreate"
	case undo && a.Kind == access.DeleteAccount:
		return "uncreate"
	}
	return map[access.ActionKind]string{access.DisableAccount: "disable", access.EnableAccount: "enable", access.SetExpiry: "expiry", access.DeleteAccount: "delete",
		access.CreateAccount: "create", access.RemoveEntitlement: "remove", access.GrantEntitlement: "grant", access.RevokeSessions: "revoke"}[a.Kind]
}

// encode writes the script of an order.
func (t *Target) encode(o order.Order) ([]byte, error) {
	a := o.Action
	s, err := newSubject(a)
	if err != nil {
		return nil, err
	}
	undone, err := order.Undone(a)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.header(&b, o); err != nil {
		return nil, err
	}
	b.WriteString("set -eu\numask 077\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\nexport PATH LC_ALL\n\n")
	host := t.s.Hostname
	if t.base != "" {
		host = "" // the folder may stand on any host
	}
	for _, v := range [][2]string{{"order", a.ID}, {"undoes", undone}, {"action", string(a.Kind)}, {"host", host}, {"base", t.base}, {"notes", t.s.Notes},
		{"name", s.name}, {"uid", s.uid}, {"group", s.group}, {"gid", s.gid}, {"entitlement", s.entitlement}, {"comment", s.comment}, {"until", s.until}} {
		fmt.Fprintf(&b, "%s=%s\n", v[0], quote(v[1]))
	}
	for _, name := range []string{"prelude", body(a)} {
		text, err := code.ReadFile("shell/" + name + ".sh")
		if err != nil {
			return nil, fmt.Errorf("write script: %w", err)
		}
		b.Write(text)
	}
	return b.Bytes(), nil
}

// header says what the script is for. Each of its texts is one line of comment.
func (t *Target) header(b *bytes.Buffer, o order.Order) error {
	a := o.Action
	where := t.book.System
	if t.s.Hostname != "" {
		where += ", host " + t.s.Hostname
	}
	if t.base != "" {
		where += ", below " + t.base
	}
	fmt.Fprintf(b, "#!/bin/sh\n# Muster order %s of %s for %s\n#\n", a.ID, o.At.Format("2006-01-02 15:04 UTC"), order.Line(where))
	finding := strings.TrimSpace(strings.Join([]string{a.FindingID, a.Rule, string(a.Severity)}, " "))
	person := strings.TrimSpace(a.PersonName + " " + a.Person)
	for _, line := range [][2]string{{"what", o.What}, {"why", a.Reason}, {"who", person}, {"finding", finding}, {"basis", strings.Join(a.Basis, "; ")},
		{"inverse", o.Inverse}, {"lost", t.Abilities().Kinds[a.Kind]}} {
		if line[1] != "" {
			fmt.Fprintf(b, "# %-8s %s\n", line[0], order.Line(line[1]))
		}
	}
	text, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("encode order: %w", err)
	}
	fmt.Fprintf(b, "#\n# Muster runs no scripts. Read this one, copy it to the host and run it there as root: sh %s.sh\n%s%s\n\n", a.ID, marker, ascii(text))
	return nil
}

// ascii writes JSON without a character that an editor could show as something else.
func ascii(text []byte) string {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < 0x7F:
			b.WriteRune(r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF)
		}
	}
	return b.String()
}

// decode reads the order back from its script.
func decode(data []byte) (order.Order, error) {
	var o order.Order
	for line := range strings.Lines(string(data)) {
		text, ok := strings.CutPrefix(line, marker)
		if !ok {
			continue
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&o); err != nil {
			return o, fmt.Errorf("decode order: %w", err)
		}
		return o, nil
	}
	return o, errors.New("it holds no order")
}

// assemble writes the script that runs the orders of a day.
func (t *Target) assemble(day string, orders []order.Entry) ([]byte, error) {
	text, err := code.ReadFile("shell/run-me.sh")
	if err != nil {
		return nil, fmt.Errorf("write script: %w", err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "#!/bin/sh\n# Muster orders of %s for %s. Read the scripts, copy this folder to the host and run it there as root: sh %s\n", day, order.Line(t.book.System), Listing)
	b.Write(text)
	for _, o := range orders {
		fmt.Fprintf(&b, "# %s\n", order.Line(o.What))
		if o.WithdrawnBy != "" {
			fmt.Fprintf(&b, "# withdrawn %s by %s\n\n", o.Action.ID, o.WithdrawnBy)
			continue
		}
		fmt.Fprintf(&b, "run %s %s\n\n", o.Action.ID, o.SHA256)
	}
	b.WriteString("printf '%s orders done or without need; by hand:%s; not done:%s\\n' \"$ok\" \"${hand:- none}\" \"${failed:- none}\"\n" +
		"if [ -n \"$failed\" ]; then exit 1; fi\nif [ -n \"$hand\" ]; then exit 3; fi\n")
	return b.Bytes(), nil
}

// listed finds an order in the script of its day.
func listed(listing []byte, id string) bool {
	return bytes.Contains(listing, []byte("\nrun "+id+" ")) || bytes.Contains(listing, []byte("\n# withdrawn "+id+" by "))
}

// draft makes the order of an action, or says why there is none.
func (t *Target) draft(a access.Action, at time.Time) (order.Order, error) {
	refuse := func(err error) error {
		return &access.Error{System: a.System, Op: "write order", Kind: access.Invalid, Hint: "do it by hand", Err: err}
	}
	if !t.Abilities().Can(a.Kind) {
		return order.Order{}, refuse(fmt.Errorf("there are no orders to %s", a.Kind))
	}
	if _, err := newSubject(a); err != nil {
		return order.Order{}, refuse(err)
	}
	return order.New(a, at), nil
}
