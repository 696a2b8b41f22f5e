package ocsf

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/reports/evidence"
)

var night = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

func each[T any](list ...T) func(func(T) error) error {
	return func(yield func(T) error) error {
		for _, x := range list {
			if err := yield(x); err != nil {
				return err
			}
		}
		return nil
	}
}

// events reads NDJSON and checks every line with the schema.
func events(t *testing.T, text []byte) []map[string]any {
	t.Helper()
	d := load(t)
	var out []map[string]any
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e map[string]any
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		for _, problem := range d.check(e) {
			t.Errorf("event %d: %s", len(out), problem)
		}
		out = append(out, e)
	}
	return out
}

func file() evidence.File {
	return evidence.NewFile(evidence.Evidence{Organisation: "Acme", Run: access.Run{ID: "R-1", AsOf: night, Version: "0.1.0"},
		Rules:   []evidence.Rule{{ID: "leaver-active", Title: "Leaver with an active account", Digest: strings.Repeat("ab", 32)}},
		Sources: []evidence.Source{{System: access.SystemFacts{Name: "erp", Criticality: "high"}}}})
}

func finding(state access.FindingState, change access.Change) access.Finding {
	return access.Finding{Fingerprint: strings.Repeat("f", 64), ID: "F-1", Rule: "leaver-active", Scope: access.ScopeAccount, Severity: access.Critical, State: state, Change: change, System: "erp",
		Subject: "MLIND", SubjectID: "1042", Detail: "PAY_VENDOR", Person: "W-1", PersonName: "Maja Lind", Message: "Maja Lind <left>", Hint: "Disable it", Controls: []string{"SOC2 CC6.2", "NIST-800-53 AC-2", "SOC2 CC6.3"},
		Evidence:  []access.Evidence{{Expr: "account.enabled", Value: "true", Source: "erp snapshot, row 212"}, {Expr: "x", Value: "y", Source: "erp snapshot, row 212"}},
		FirstSeen: night.AddDate(0, 0, -3), LastSeen: night, RunID: "R-1"}
}

// text digs a value out by its path.
func at(e map[string]any, path ...string) any {
	var v any = e
	for _, p := range path {
		o, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = o[p]
	}
	return v
}

func TestFindingsBecomeComplianceFindings(t *testing.T) {
	resolved := finding(access.Resolved, access.ChangeResolved)
	resolved.ResolvedAt = night.Add(-time.Hour)
	bare := access.Finding{State: "odd", Severity: "odd"}
	excepted := finding(access.Excepted, access.ChangeNew)
	excepted.Exception = "EX-1"
	var out bytes.Buffer
	if err := Findings(&out, file(), each(finding(access.Open, access.ChangeNew), finding(access.Open, access.ChangeStill), resolved, excepted, finding(access.Open, access.ChangeUnverified),
		finding(access.Reopened, access.ChangeReopened), finding(access.Remediating, access.ChangeStill), bare)); err != nil {
		t.Fatal(err)
	}
	list := events(t, out.Bytes())
	if len(list) != 8 {
		t.Fatalf("%d events", len(list))
	}
	for i, want := range [][4]any{{"Create", "New", "Fail", night.AddDate(0, 0, -3)}, {"Update", "New", "Fail", night}, {"Close", "Resolved", "Pass", resolved.ResolvedAt}, {"Create", "Suppressed", "Fail", night.AddDate(0, 0, -3)},
		{"Update", "New", "Warning", night}, {"Update", "New", "Fail", night}, {"Update", "In Progress", "Fail", night}, {"Update", "odd", "Fail", night}} {
		e := list[i]
		if e["activity_name"] != want[0] || e["status"] != want[1] || at(e, "compliance", "status") != want[2] || e["time"] != float64(want[3].(time.Time).UnixMilli()) {
			t.Errorf("event %d: %v %v %v %v, want %v", i, e["activity_name"], e["status"], at(e, "compliance", "status"), e["time"], want)
		}
	}
	first := list[0]
	if got, _ := json.Marshal(at(first, "compliance", "standards")); string(got) != `["NIST-800-53","SOC2"]` {
		t.Errorf("standards %s", got)
	}
	if first["severity_id"] != 5.0 || at(first, "finding_info", "title") != "Leaver with an active account" || at(first, "metadata", "version") != "1.3.0" || first["type_uid"] != 200301.0 {
		t.Errorf("%v", first)
	}
	account := first["resources"].([]any)[0].(map[string]any)
	if account["uid"] != "1042" || account["criticality"] != "high" || at(account, "owner", "full_name") != "Maja Lind" {
		t.Errorf("resource %v", account)
	}
	if !bytes.Contains(out.Bytes(), []byte("<left>")) {
		t.Error("text is escaped for HTML")
	}
}

func TestActionsBecomeEventsOfTheirClass(t *testing.T) {
	type want struct {
		class float64
		name  string
	}
	wants := map[access.ActionKind]want{access.CreateAccount: {3001, "Create"}, access.EnableAccount: {3001, "Enable"}, access.DisableAccount: {3001, "Disable"}, access.DeleteAccount: {3001, "Delete"},
		access.SetExpiry: {3001, "set-expiry"}, access.RevokeSessions: {3001, "revoke-sessions"}, access.GrantEntitlement: {3006, "Add User"}, access.RemoveEntitlement: {3006, "Remove User"}, access.NotifyOwner: {0, "notify-owner"}}
	for _, kind := range access.ActionKinds() {
		a := access.Action{ID: "A-1", Run: "R-1", Kind: kind, System: "erp", Account: access.AccountRef{ID: "1042", Name: "MLIND"}, Entitlement: access.HeldRef{Name: "AP_SENIOR", Kind: "group"}, PersonName: "Maja Lind", Reason: "left", Severity: access.High}
		var out bytes.Buffer
		if err := Actions(&out, About{Organisation: "Acme", Product: "0.1.0"}, each(Change{Action: a, Receipt: access.Receipt{Action: "A-1", Outcome: access.OutcomeDone, At: night, Said: "204"}, State: "verified"})); err != nil {
			t.Fatal(err)
		}
		e := events(t, out.Bytes())[0]
		w, known := wants[kind]
		if !known {
			t.Fatalf("a new kind of action: say what %s is", kind)
		}
		if e["class_uid"] != w.class || e["activity_name"] != w.name || e["status"] != "Success" {
			t.Errorf("%s: %v %v %v", kind, e["class_uid"], e["activity_name"], e["status"])
		}
	}
	var out bytes.Buffer
	role := access.Action{Kind: access.RemoveEntitlement, Entitlement: access.HeldRef{Name: "PAY", Kind: "role"}}
	if err := Actions(&out, About{}, each(Change{Action: role, Receipt: access.Receipt{Outcome: access.OutcomeOrdered, At: night}}, Change{Action: access.Action{Kind: access.GrantEntitlement}}, Change{Action: access.Action{Kind: "odd"}})); err != nil {
		t.Fatal(err)
	}
	list := events(t, out.Bytes())
	if list[0]["class_uid"] != 3005.0 || list[0]["status_id"] != 99.0 || list[0]["status"] != "ordered" || list[1]["status"] != "no receipt" {
		t.Errorf("%v", list)
	}
}

func TestEntriesKeepTheLeafAndItsIndex(t *testing.T) {
	raw := `{"data":{"fingerprint":"ff","rule":"leaver-active","system":"erp","severity":"high","state":"open","change":"new"},"run":"R-1","seq":7,"time":"2026-11-22T01:00:00Z","type":"finding","v":1}`
	entry := func(i uint64, kind ledger.Type, data string) ledger.Entry {
		return ledger.Entry{Index: i, Time: night, Type: kind, Run: "R-1", Data: json.RawMessage(data), Raw: []byte(raw)}
	}
	list := []ledger.Entry{entry(0, ledger.RunStart, `{"version":"0.1.0"}`), entry(7, ledger.Finding, `{"fingerprint":"ff","rule":"leaver-active","system":"erp","severity":"high","state":"open","change":"new"}`),
		entry(8, ledger.Halt, `null`), entry(9, ledger.Receipt, `{"action":"A-1","kind":"disable-account","big":12345678901234567890}`), entry(10, "new.type", `[1,2]`), entry(11, ledger.Refusal, ``), entry(12, ledger.Finding, `{}`)}
	var out bytes.Buffer
	if err := Entries(&out, About{Organisation: "Acme", Origin: "muster.example/acme"}, each(list...)); err != nil {
		t.Fatal(err)
	}
	got := events(t, out.Bytes())
	if len(got) != len(list) {
		t.Fatalf("%d events of %d entries", len(got), len(list))
	}
	for i, e := range got {
		if at(e, "metadata", "sequence") != float64(list[i].Index) || e["raw_data"] != raw || at(e, "metadata", "event_code") != string(list[i].Type) {
			t.Errorf("entry %d: %v", i, e)
		}
	}
	if got[1]["class_uid"] != 2003.0 || at(got[1], "finding_info", "uid") != "ff" || got[1]["severity"] != "High" {
		t.Errorf("finding %v", got[1])
	}
	if got[2]["severity"] != "High" || got[0]["class_uid"] != 0.0 || got[6]["class_uid"] != 0.0 {
		t.Errorf("halt %v, start %v", got[2]["severity"], got[0]["class_uid"])
	}
	if !bytes.Contains(out.Bytes(), []byte(`"big":12345678901234567890`)) {
		t.Error("a number lost its digits")
	}
	if err := Entries(&out, About{}, each(entry(1, ledger.Finding, `{"rule":1}`))); err == nil {
		t.Error("an entry that cannot be read was taken")
	}
}

// TestHostileTextStaysOneLine: no text makes a second event, and none is lost but for bytes that are no UTF-8.
func TestHostileTextStaysOneLine(t *testing.T) {
	for _, bad := range []string{"a\r\n{\"class_uid\":1}", "\u2028\u2029\u0085", "\x00\x1b[2J", "\xff\xfe", "\u202egpj.exe", "=cmd|' /C calc'!A0", strings.Repeat("😀", 10000), `\"}`} {
		f := finding(access.Open, access.ChangeNew)
		f.Subject, f.PersonName, f.Message, f.System, f.Detail, f.Hint, f.Controls, f.Rule = bad, bad, bad, bad, bad, bad, []string{bad}, bad
		var out bytes.Buffer
		if err := Findings(&out, file(), each(f)); err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(out.Bytes(), []byte("\n")); n != 1 {
			t.Errorf("%.20q: %d lines", bad, n)
		}
		if e := events(t, out.Bytes())[0]; e["message"] != strings.ToValidUTF8(bad, "\uFFFD") && bad != "\xff\xfe" {
			t.Errorf("%.20q came back as %.40q", bad, e["message"])
		}
	}
}

// TestCheckerNotices: the checker would notice what this package could do wrong.
func TestCheckerNotices(t *testing.T) {
	d := load(t)
	var out bytes.Buffer
	if err := Findings(&out, file(), each(finding(access.Open, access.ChangeNew))); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(map[string]any){
		"required":       func(e map[string]any) { delete(e, "finding_info") },
		"required below": func(e map[string]any) { delete(e["finding_info"].(map[string]any), "title") },
		"undefined":      func(e map[string]any) { e["user"] = map[string]any{"name": "x"} },
		"deprecated":     func(e map[string]any) { e["resource"] = map[string]any{"name": "x"} },
		"enum":           func(e map[string]any) { e["severity_id"] = 7.0 },
		"caption":        func(e map[string]any) { e["severity"] = "High" },
		"type":           func(e map[string]any) { e["time"] = "now" },
		"array":          func(e map[string]any) { e["resources"] = map[string]any{} },
		"constraint":     func(e map[string]any) { e["resources"] = []any{map[string]any{"type": "x"}} },
		"class":          func(e map[string]any) { e["class_uid"] = 3001.0 },
		"type uid":       func(e map[string]any) { e["type_uid"] = 200302.0 },
	} {
		var e map[string]any
		if err := json.Unmarshal(out.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if len(d.check(e)) != 0 {
			t.Fatal(d.check(e))
		}
		if spoil(e); len(d.check(e)) == 0 {
			t.Errorf("%s: not noticed", name)
		}
	}
}

func TestErrorsAreGivenBack(t *testing.T) {
	broken := errors.New("broken")
	if err := Findings(&bytes.Buffer{}, file(), func(func(access.Finding) error) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	many := make([]access.Finding, 200)
	for i := range many {
		many[i] = finding(access.Open, access.ChangeNew)
	}
	if err := Findings(failing{}, file(), each(many...)); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	if err := Actions(failing{}, About{}, each(Change{})); !errors.Is(err, errDisk) {
		t.Error(err)
	}
}

var errDisk = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errDisk }

func TestTheGuideNamesTheFileAndEveryClass(t *testing.T) {
	text, err := os.ReadFile("../../docs/machine-readable.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"`" + FileName + "`", "OCSF " + Version}
	for _, c := range []class{baseEvent(), complianceFinding(), accountChange(), userAccess(), groupManagement()} {
		names = append(names, fmt.Sprintf("%d %s", c.uid, c.name))
	}
	for _, name := range names {
		if !bytes.Contains(text, []byte(name)) {
			t.Errorf("docs/machine-readable.md does not say %s", name)
		}
	}
}
