package csv

import (
	stdcsv "encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/remediate"
	"muster/remediate/targettest"
)

func now() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

const today = "2026-11-22"

func open(t testing.TB, yaml string, clock func() time.Time) (*Target, string) {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	target, err := New(remediate.Spec{System: "payroll", Dir: data, DataDir: data, Settings: doc.Root(), Now: clock})
	if err != nil || doc.Err() != nil {
		t.Fatal(err, doc.Err())
	}
	return target.(*Target), filepath.Join(data, "orders")
}

// dump is every file below a folder with its content.
func dump(t testing.TB, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		b.WriteString(strings.TrimPrefix(path, root) + "\n" + string(data) + "\n")
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return b.String()
}

func action(kind access.ActionKind) access.Action {
	a := access.Action{ID: "A-" + strings.ToUpper(strings.ReplaceAll(string(kind), "-", "")), Kind: kind, System: "payroll", Person: "W-7", PersonName: "Eve Example",
		Account: access.AccountRef{ID: "4711", Name: "eve"}, Reason: "Eve Example left on 2026-11-20", FindingID: "F-2MQ5TZ7A", Rule: "leaver-active", Severity: access.Critical}
	switch kind {
	case access.CreateAccount:
		a.Account = access.AccountRef{Name: "zoe"}
		a.Attributes = map[string]string{access.AttrUserName: "zoe", access.AttrDisplayName: "Zoë Example"}
	case access.GrantEntitlement, access.RemoveEntitlement:
		a.Entitlement = access.HeldRef{ID: "PAY-ADMIN", Name: "Payroll administrator", Kind: "role"}
	case access.SetExpiry:
		a.ExpiresAt = now().AddDate(0, 1, 0)
	}
	return a
}

type harness struct{}

func (harness) Open(t testing.TB, s targettest.Scenario) targettest.System {
	target, root := open(t, "{}", now)
	target.book.Fault = func(op, path string) error {
		if s.OnRequest != nil {
			s.OnRequest()
		}
		if s.Fault == targettest.Forbidden && op == "create" {
			return &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}
		}
		return nil
	}
	if s.Fault == targettest.Clash {
		for kind := range able() {
			write(t, filepath.Join(root, "payroll", today, action(kind).ID+".json"), "{}\n")
		}
	}
	return targettest.System{Target: target, Dump: func() string { return dump(t, root) }}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	actions, inverse := map[access.ActionKind]access.Action{}, map[access.ActionKind]string{}
	for kind := range able() {
		actions[kind], inverse[kind] = action(kind), "an order is taken back by another order, both stay on file"
	}
	gone := action(access.DisableAccount)
	gone.ID, gone.Account = "A-GONE", access.AccountRef{ID: "1", Name: "ghost"}
	noServer := "files are written, no server is asked"
	targettest.Run(t, harness{}, targettest.Suite{Actions: actions, Gone: gone, Nowhere: access.HeldRef{ID: "NO", Name: "no such role"},
		Cannot: targettest.Capabilities{Version: "the system is not looked at", Secret: "nothing is asked for a secret", Inverse: inverse,
			Faults: map[targettest.Fault]string{targettest.Unauthorised: noServer, targettest.Missing: noServer, targettest.Throttled: noServer,
				targettest.Unavailable: noServer, targettest.Dropped: noServer, targettest.Committed: noServer}}})
}

func place(t testing.TB, target *Target, a access.Action) access.Receipt {
	t.Helper()
	obs, err := target.Inspect(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	a.Before = &obs
	receipt, err := target.Apply(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// rows reads a work order: by order id, column name → value.
func rows(t testing.TB, path string) (ids []string, byID map[string]map[string]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := stdcsv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	byID = map[string]map[string]string{}
	for _, r := range all[1:] {
		cells := map[string]string{}
		for i, name := range all[0] {
			cells[name] = r[i]
		}
		ids = append(ids, r[0])
		byID[r[0]] = cells
	}
	return ids, byID
}

func TestWorkOrder(t *testing.T) {
	target, root := open(t, "reference: IAM/\ndue: 2d\ninstructions: {disable-account: \"Payroll > Users > Lock\"}\n", now)
	receipt := place(t, target, action(access.DisableAccount))
	if receipt.Said != "orders/payroll/2026-11-22/A-DISABLEACCOUNT.json" || receipt.Outcome != access.OutcomeOrdered || !receipt.After.Ordered {
		t.Errorf("receipt %+v", receipt)
	}
	for _, kind := range []access.ActionKind{access.RemoveEntitlement, access.CreateAccount, access.SetExpiry} {
		place(t, target, action(kind))
	}
	ids, byID := rows(t, filepath.Join(root, "payroll", today, Listing))
	if want := []string{"A-CREATEACCOUNT", "A-SETEXPIRY", "A-REMOVEENTITLEMENT", "A-DISABLEACCOUNT"}; !slices.Equal(ids, want) {
		t.Errorf("order of orders %v, want %v", ids, want)
	}
	want := map[string]string{"order": "A-DISABLEACCOUNT", "action": "disable-account", "account": "eve", "account_id": "4711", "entitlement": "", "person": "Eve Example W-7",
		"reason": "Eve Example left on 2026-11-20", "finding": "F-2MQ5TZ7A", "due": "2026-11-24 03:00 UTC", "inverse": "enable the account; muster undo A-DISABLEACCOUNT orders it",
		"what": "disable account eve", "reference": "IAM/A-DISABLEACCOUNT", "instruction": "Payroll > Users > Lock", "state": "open"}
	for name, text := range want {
		if got := byID["A-DISABLEACCOUNT"][name]; got != text {
			t.Errorf("%s is %q, want %q", name, got, text)
		}
	}
	if got := byID["A-REMOVEENTITLEMENT"]; got["entitlement"] != "Payroll administrator" || got["what"] != "remove role Payroll administrator from account eve" || got["instruction"] != "" {
		t.Errorf("removal %v", got)
	}
}

func TestHostileTextIsNeitherComputedNorHidden(t *testing.T) {
	target, root := open(t, "{}", now)
	for id, name := range map[string]string{"A-1": `=HYPERLINK("http://x.example","click")`, "A-2": "+1", "A-3": "-1", "A-4": "@SUM(1)", "A-5": "\t=1", "A-6": "\r\nA-9,delete-account", "A-7": "＝1", "A-8": "eve\u202Egpj"} {
		a := action(access.DisableAccount)
		a.ID, a.Account.Name, a.Reason, a.PersonName = id, name, name, name
		place(t, target, a)
	}
	ids, byID := rows(t, filepath.Join(root, "payroll", today, Listing))
	if len(ids) != 8 {
		t.Fatalf("rows %v", ids)
	}
	for id, want := range map[string]string{"A-1": `'=HYPERLINK("http://x.example","click")`, "A-2": "'+1", "A-3": "'-1", "A-4": "'@SUM(1)", "A-5": "⟦U+0009⟧=1",
		"A-6": "⟦U+000D⟧⟦U+000A⟧A-9,delete-account", "A-7": "'＝1", "A-8": "eve⟦U+202E⟧gpj"} {
		for _, column := range []string{"account", "reason"} {
			if byID[id][column] != want {
				t.Errorf("%s of %s is %q, want %q", column, id, byID[id][column], want)
			}
		}
	}
	for _, cells := range byID {
		for column, v := range cells {
			if v != "" && strings.ContainsAny(v[:1], "=+-@\t\r") {
				t.Errorf("%s: %q is computed by a spreadsheet", column, v)
			}
		}
	}
	obs, err := target.Inspect(t.Context(), func() access.Action { a := action(access.DisableAccount); a.ID = "A-9"; return a }())
	if err != nil || obs.Ordered {
		t.Errorf("a name made an order: %+v %v", obs, err)
	}
}

// TestUndoWithdraws takes an order back on a later day and then the taking back.
func TestUndoWithdraws(t *testing.T) {
	at := now()
	target, root := open(t, "{}", func() time.Time { return at })
	state := func(day, id string) string {
		_, byID := rows(t, filepath.Join(root, "payroll", day, Listing))
		return byID[id]["state"]
	}
	undo := func(a access.Action, id string) access.Action {
		before, err := target.Inspect(t.Context(), func() access.Action { b := a; b.ID = a.ID; return b }())
		if err != nil {
			t.Fatal(err)
		}
		before.Ordered = false // as it was right before
		inverse, ok := remediate.Inverse(a, before)
		if !ok {
			t.Fatal("there is no inverse")
		}
		inverse.ID = id
		return inverse
	}
	first := action(access.SetExpiry)
	place(t, target, first)
	at = at.AddDate(0, 0, 1)
	second := undo(first, "A-UNDO1")
	place(t, target, second)
	if got := state(today, first.ID); got != "withdrawn by A-UNDO1" {
		t.Errorf("the first is %q", got)
	}
	_, byID := rows(t, filepath.Join(root, "payroll", "2026-11-23", Listing))
	if got := byID["A-UNDO1"]["what"]; got != "set the expiry of account eve, as it was before order A-SETEXPIRY" {
		t.Errorf("the undoing order says %q", got)
	}
	at = at.AddDate(0, 0, -3) // a clock that goes back
	place(t, target, undo(second, "A-UNDO2"))
	if got := state("2026-11-23", "A-UNDO2") + ", " + state("2026-11-23", "A-UNDO1") + ", " + state(today, first.ID); got != "open, withdrawn by A-UNDO2, open" {
		t.Errorf("after undoing the undoing: %s", got)
	}
}

func TestOrderOfAnotherDayIsNotWrittenAgain(t *testing.T) {
	at := now()
	target, root := open(t, "{}", func() time.Time { return at })
	place(t, target, action(access.DisableAccount))
	before := dump(t, root)
	at = at.AddDate(0, 0, 2)
	if r := place(t, target, action(access.DisableAccount)); r.Outcome != access.OutcomeOrdered || r.Said != "on file already: orders/payroll/2026-11-22/A-DISABLEACCOUNT.json" {
		t.Errorf("receipt %+v", r)
	}
	if dump(t, root) != before {
		t.Error("it was written again")
	}
}

func TestBadSettings(t *testing.T) {
	for yaml, want := range map[string]string{
		"dir: \"\"\n":                         "an empty path",
		"due: -2d\n":                          "a negative time",
		"instructions: {disable-acount: x}\n": `did you mean "disable-account"?`,
		"instructions: {notify-owner: x}\n":   `unknown kind of action "notify-owner"`,
		"folder: x\n":                         "unknown key",
	} {
		doc, err := config.Parse("muster.yaml", []byte(yaml))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(remediate.Spec{System: "x", Settings: doc.Root(), Now: now}); err != nil {
			t.Fatal(err)
		}
		if doc.Err() == nil || !strings.Contains(doc.Err().Error(), want) {
			t.Errorf("%q gives %v, want %s", yaml, doc.Err(), want)
		}
	}
}
