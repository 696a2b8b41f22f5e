package order

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"muster/internal/access"
	"muster/remediate"
)

// Order is what is on file about one action.
type Order struct {
	At          time.Time     `json:"at"`           // when it was written
	Due         time.Time     `json:"due,omitzero"` // when it should be done
	What        string        `json:"what"`         // one line: "disable account eve"
	Inverse     string        `json:"inverse"`      // one line: how it is taken back
	Reference   string        `json:"reference,omitempty"`
	Instruction string        `json:"instruction,omitempty"`
	Action      access.Action `json:"action"` // as it was decided, without what was read right before
}

// Entry is an order as the listing of its day shows it.
type Entry struct {
	Order
	File        string // name of its file in the folder of the day
	SHA256      string // hex, of the file
	WithdrawnBy string // id of the order that undoes it, if there is one
}

// origin is the Restore of an observation: which order an inverse takes back.
type origin struct {
	Order string `json:"order"`
}

// Undone is the id of the order that an action takes back; empty when it takes none back.
func Undone(a access.Action) (string, error) {
	if len(a.Restore) == 0 {
		return a.Undoes, nil
	}
	var o origin
	if err := json.Unmarshal(a.Restore, &o); err != nil || !validID.MatchString(o.Order) {
		return "", fmt.Errorf("its restore data name no order")
	}
	return o.Order, nil
}

// New drafts the order of an action.
func New(a access.Action, at time.Time) Order {
	a.Before = nil
	return Order{At: at.UTC().Truncate(time.Second), What: What(a), Inverse: inverse(a), Action: a}
}

// What says in one line what is to be done.
func What(a access.Action) string {
	who := a.Account.Name
	if who == "" {
		who = a.Account.ID
	}
	held := a.Entitlement.Name
	if held == "" {
		held = a.Entitlement.ID
	}
	if a.Entitlement.Kind != "" {
		held = a.Entitlement.Kind + " " + held
	}
	text := ""
	switch a.Kind {
	case access.DisableAccount:
		text = "disable account " + who
	case access.EnableAccount:
		text = "enable account " + who
	case access.DeleteAccount:
		text = "delete account " + who
	case access.CreateAccount:
		text = "create account " + who
		if name := a.Attributes[access.AttrDisplayName]; name != "" {
			text += " for " + name
		}
	case access.RemoveEntitlement:
		text = fmt.Sprintf("remove %s from account %s", held, who)
	case access.GrantEntitlement:
		text = fmt.Sprintf("grant %s to account %s", held, who)
	case access.SetExpiry:
		text = expiry(a, who)
	case access.RevokeSessions:
		text = "end the sessions of account " + who
	}
	if undone, err := Undone(a); err == nil && undone != "" {
		text += fmt.Sprintf(", as it was before order %s", undone)
	}
	return Line(text)
}

func expiry(a access.Action, who string) string {
	switch {
	case a.Undoes != "":
		return "set the expiry of account " + who
	case a.ExpiresAt.IsZero():
		return "take the expiry of account " + who + " away"
	}
	return fmt.Sprintf("let account %s expire at %s", who, a.ExpiresAt.UTC().Format("2006-01-02 15:04 UTC"))
}

// inverse says how the order is taken back.
func inverse(a access.Action) string {
	how := ""
	switch a.Kind {
	case access.DisableAccount:
		how = "enable the account"
	case access.EnableAccount:
		how = "disable the account"
	case access.DeleteAccount:
		how = "create the account again, with the same id where the system can"
	case access.CreateAccount:
		how = "delete the account"
	case access.RemoveEntitlement:
		how = "grant it again"
	case access.GrantEntitlement:
		how = "remove it"
	case access.SetExpiry:
		how = "set the former expiry: note it before you change it"
	default:
		return "none: what was ended cannot be brought back"
	}
	return fmt.Sprintf("%s; muster undo %s orders it", how, a.ID)
}

// Line makes one line of a text that others wrote, on which nothing acts and nothing hides: control characters, line breaks and
// formatting characters such as those that turn the direction of writing become their code point in brackets, ⟦U+202E⟧.
func Line(text string) string {
	plain := func(r rune) bool { return unicode.IsPrint(r) && r != '⟦' && r != utf8.RuneError }
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case plain(r):
			b.WriteRune(r)
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&b, "⟦0x%02X⟧", text[i])
		default:
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
		}
	}
	return b.String()
}

// Folder is where a target keeps the orders of its system, and how receipts call it. dir is the setting; empty is the data folder.
func Folder(spec remediate.Spec, dir string) (folder, label string) {
	switch {
	case dir == "":
		return filepath.Join(spec.DataDir, "orders", spec.System), "orders/" + spec.System
	case !filepath.IsAbs(dir):
		return filepath.Join(spec.Dir, dir, spec.System), filepath.ToSlash(filepath.Join(dir, spec.System))
	}
	return filepath.Join(dir, spec.System), filepath.ToSlash(filepath.Join(dir, spec.System))
}
