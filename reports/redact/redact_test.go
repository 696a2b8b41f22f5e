package redact

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/document"
	"muster/reports/evidence"
)

// small is a run of a few people.
type small struct {
	tables   map[string][][]string // the head first
	findings []access.Finding
}

func (s small) Findings(_ context.Context, yield func(access.Finding) error) error {
	for _, f := range s.findings {
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

func (s small) Before(context.Context, func(access.Finding) error) error { return nil }

func (s small) Population(_ context.Context, table string, head, row func([]string) error) error {
	rows := s.tables[table]
	if len(rows) == 0 {
		return head([]string{"system"})
	}
	if err := head(rows[0]); err != nil {
		return err
	}
	for _, r := range rows[1:] {
		if err := row(r); err != nil {
			return err
		}
	}
	return nil
}

// split takes rows apart at |.
func split(rows ...string) (out [][]string) {
	for _, r := range rows {
		out = append(out, strings.Split(r, "|"))
	}
	return out
}

// everybody is two Jack Smiths, one whose login has two letters, one whose worker id is the account id of another, and some accounts that are nobody's.
func everybody() small {
	return small{tables: map[string][][]string{
		"persons": split("worker_id|row|given_name|family_name|display_name|email|upn|username|title|department|location|manager_id|attributes|profile",
			`W-1|2|Jack|Smith|Jack Smith|jack.smith@acme.example||jsmith|Clerk|Finance|Lund||{"badge":"b77"}|11`,
			"W-2|3|Jack|Smith|Jack Smith|jack2@acme.example||jsmith2|Clerk|Finance|Lund|W-9|{}|11",
			"1001|4|Tuan|Ho|Tuan Ho|tuan.ho@acme.example||tuan.ho|Head of Novak Hall|Novak Hall|Lund|W-1|{}|12",
			"W-4|5|Ida|Novak|Ida Novak|ida@acme.example|ida@corp.acme.example|in|Clerk|Finance|Lund|W-1|{}|12"),
		"links": split("system|account_id|result|person_id|key|evidence", `crm|c-1|linked|W-1|email|["email \"jack.smith@acme.example\": 1 person"]`, "crm|1001|linked|W-4|map|[]", "erp|e-9|unmatched|||[]",
			`erp|1001|unmatched|||["username@domain \"bnjoroge@acme.example\": 0 persons","username \"tuan.ho@acme.example\": 0 persons","username@domain \"tuan.ho@acme.example@acme.example\": 0 persons"]`),
		"accounts": split("system|account_id|name|display_name|email|upn|employee_id|owner_ref|kind|attributes|source_ref", "crm|c-1|jsmith|Jack Smith||||W-1|human|{}|row 9", "crm|1001|in|Ida Novak|ida@acme.example||||human|{}|row 10",
			"erp|1001|bnjoroge|B. Njoroge|b@other.example||E-77||human|{}|row 11", "erp|e-9|svc-backup|Backup of Petra|||||service|{}|row 12", "crm|c-9|svc-backup|Petra the mover|||||service|{}|row 13"),
	}, findings: []access.Finding{
		{ID: "F-AAAAAAAA", Fingerprint: strings.Repeat("ab", 32), Rule: "r", Scope: access.ScopeAccount, System: "crm", Subject: "in", SubjectID: "1001", Person: "W-4", PersonName: "Ida Novak",
			Message:  `Ida Novak (W-4) can still use in and has 1001 accounts`,
			Evidence: []access.Evidence{{Expr: `person.id != "W-1"`, Value: "account.name = in", Source: `crm snapshot, row 10; username "in": 0 persons`}}},
		{Rule: "r", Scope: access.ScopeAccount, System: "vpn", Subject: "gone1", SubjectID: "77", Person: "W-77", PersonName: "Una Gone", Message: "Una Gone left"},
		{Rule: "s", Scope: access.ScopeSystem, System: "crm", Subject: "crm", SubjectID: "crm", Message: "crm was not read whole"},
	}}
}

func redactor(t testing.TB, of Told) *Redactor {
	t.Helper()
	r, err := New(t.Context(), []byte("key"), everybody(), of)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tableOf gives the head and the rows of a population with pseudonyms.
func tableOf(t testing.TB, r *Redactor, name string) (head []string, out [][]string) {
	t.Helper()
	err := Data{everybody(), r}.Population(t.Context(), name, func(h []string) error { head = slices.Clone(h); return nil }, func(row []string) error { out = append(out, slices.Clone(row)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return head, out
}

// inClear lists what of a text names somebody.
func inClear(text string) (out []string) {
	for _, word := range []string{"smith", "jack", "novak (", "ida", "tuan", "njoroge", "jsmith", "w-1", "w-2", "w-4", "acme.example", "other.example", "petra", "svc-backup", "mover", "una", "gone", "e-77", "root", "row 1"} {
		if strings.Contains(strings.ToLower(text), word) {
			out = append(out, word)
		}
	}
	return out
}

func TestTablesNameNobody(t *testing.T) {
	r := redactor(t, Told{})
	for _, name := range []string{"persons", "accounts", "links"} {
		head, list := tableOf(t, r, name)
		if found := inClear(fmt.Sprint(list)); len(found) > 0 {
			t.Errorf("%s: %q: %q", name, found, list)
		}
		if !slices.IsSortedFunc(list, slices.Compare) {
			t.Errorf("%s: the rows are in another order than that of what is left: %q", name, list)
		}
		if i := slices.Index(head, "row"); i >= 0 && list[0][i] != "" {
			t.Errorf("the row of the source is left: %q", list[0])
		}
	}
}

// TestWhoIsWho: two of one name are two, accounts are told by their system, and a number is nobody's worker id but the one's whose it is.
func TestWhoIsWho(t *testing.T) {
	r := redactor(t, Told{})
	head, list := tableOf(t, r, "persons")
	names := map[string]bool{}
	for _, row := range list {
		if row[0] != row[slices.Index(head, "display_name")] || row[0] != row[slices.Index(head, "email")] {
			t.Errorf("one person is two: %q", row)
		}
		names[row[0]] = true
	}
	if len(names) != 4 || !names[PersonWith([]byte("key"), "w-1")] {
		t.Errorf("the persons are %v", names)
	}
	_, list = tableOf(t, r, "accounts")
	ids := map[string]string{}
	for _, row := range list {
		ids[row[1]] = row[2]
	}
	for _, a := range []struct{ system, id, whose string }{{"crm", "1001", r.Person("W-4")}, {"erp", "1001", r.Account("erp", "1001")}, {"crm", "c-1", r.Person("W-1")}} {
		if have := ids[r.Account(a.system, a.id)]; have != a.whose {
			t.Errorf("%s of %s is %s, want %s: %v", a.id, a.system, have, a.whose, ids)
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d accounts: %v", len(ids), ids)
	}
	if head, list := tableOf(t, r, "persons"); list[0][slices.Index(head, "profile")] == "11" {
		t.Error("a profile's number, which is a hash of what HR says, is left")
	}
}

func TestText(t *testing.T) {
	r := redactor(t, Told{})
	one, two, tuan, ida := r.Person("W-1"), r.Person("W-2"), r.Person("1001"), r.Person("W-4")
	njoroge := r.Account("erp", "1001")
	for text, want := range map[string]string{
		`username@domain "bnjoroge@acme.example": 0 persons`:           `username@domain "` + njoroge + `": 0 persons`,
		`username "tuan.ho@acme.example@acme.example": 1 person`:       `username "` + tuan + `": 1 person`,
		`employee_id "1001": 1 person, map "W-1": 1 person`:            `employee_id "` + tuan + `": 1 person, map "` + one + `": 1 person`,
		"tuan.ho@acme.example@acme.example":                            tuan,
		"stranger@else.example wrote":                                  r.pseudonym("account", "stranger@else.example") + " wrote",
		"username@domain":                                              "username@domain",
		"Jack Smith":                                                   r.pseudonym("name", "jack smith"),
		"Jack Smith (W-2)":                                             two + " (" + two + ")",
		"1001 accounts, worker 1001":                                   "1001 accounts, worker " + r.pseudonym("name", "1001"),
		"Novak's, in Novak Hall":                                       r.pseudonym("name", "novak") + "'s, in Novak Hall",
		"svc-backup in erp, svc-backup in crm":                         r.Account("erp", "e-9") + " in erp, " + r.Account("crm", "c-9") + " in crm",
		"ask PETRA THE MOVER, Backup of Petra":                         "ask " + r.Account("crm", "c-9") + ", " + r.Account("erp", "e-9"),
		"in the house":                                                 "in the house",
		"row 12":                                                       "a row",
		"crm, C-00017, F-AAAAAAAA":                                     "crm, " + r.Numbered("C-00017") + ", " + r.shortID("F-AAAAAAAA"),
		"C-7Q2K4MZD.12 of C-7Q2K4MZD":                                  r.shortID("C-7Q2K4MZD.12") + " of C-7Q2K4MZD",
		"Ida Novak (W-4) can still use in and has 1001 accounts":       ida + " (" + ida + ") can still use " + ida + " and has " + r.Account("crm", "1001") + " accounts",
		"W-9 is HR's word for a manager who is not in HR":              r.Person("W-9") + " is HR's word for a manager who is not in HR",
		"ida@corp.acme.example, E-77":                                  ida + ", " + njoroge,
		"uid=jsmith,ou=people,dc=acme; the JSmith2-laptop; jacksmith.": "uid=" + one + ",ou=people,dc=acme; the " + two + "-laptop; " + r.pseudonym("name", "jacksmith") + ".",
		"Una Gone had gone1":                                           r.Person("W-77") + " had " + r.Person("W-77"),
		"version 2.10.1001, 2026-11-22, SOC2 CC6.1, NIST-800-53 AC-2":  "version 2.10.1001, 2026-11-22, SOC2 CC6.1, NIST-800-53 AC-2",
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%q became\n%q, want\n%q", text, got, want)
		}
	}
	if got := r.Condition(`person.id == "1001" || person.email.startsWith("ida@") || account.name == "jsmith"`); got != `person.id == "somebody" || person.email.startsWith("somebody@") || account.name == "somebody"` {
		t.Errorf("a condition became %q", got)
	}
}

func TestFindingsNameNobody(t *testing.T) {
	r := redactor(t, Told{})
	f := everybody().findings[0]
	got := r.Finding(f)
	ida := r.Person("W-4")
	if got.Subject != ida || got.SubjectID != r.Account("crm", "1001") || got.Message != ida+" ("+ida+") can still use "+ida+" and has "+got.SubjectID+" accounts" || got.Evidence[0].Value != "account.name = "+ida ||
		got.Evidence[0].Source != `crm snapshot, a row; username "`+ida+`": 0 persons` || got.Evidence[0].Expr != `person.id != "somebody"` {
		t.Errorf("%+v", got)
	}
	if got.Fingerprint == f.Fingerprint || got.ID != access.ShortID(got.Fingerprint) || f.Subject != "in" {
		t.Errorf("the identity is %s %s", got.ID, got.Fingerprint)
	}
	short := access.ShortID(f.Fingerprint)
	if r.Text("see "+short) != "see "+got.ID {
		t.Errorf("the finding is called %s in a text and %s in its table", r.Text(short), got.ID)
	}
	if s := r.Finding(everybody().findings[2]); s.Subject != "crm" || s.Message != "crm was not read whole" {
		t.Errorf("a system has a pseudonym: %+v", s)
	}
}

// TestWhatARunSaysOfItselfNamesNobody puts a name into every text of the model, new ones too: none is left.
func TestWhatARunSaysOfItselfNamesNobody(t *testing.T) {
	ev := evidence.Evidence{Organisation: "Acme", RanBy: "muster, started by root", Classification: "Confidential",
		Rules:   []evidence.Rule{{ID: "r", Title: "Rule of Ida Novak", When: `person.id != "W-1"`, Remediation: "ask ida@acme.example", File: "rules/jsmith.yaml"}},
		Bundles: []evidence.Bundle{{Name: "b", Title: "B", When: `person.id == "W-1"`}},
		Exceptions: []evidence.Exception{{ID: "X:W-1", System: "crm", Subject: "in", Owner: "user root", Approver: "W-4", Reason: "Smith's wish", Control: "Tuan looks"},
			{ID: "Y", System: "crm", Subject: "nobody-knows", Owner: "team@acme.example"}},
		Mitigations: []evidence.Mitigation{{Person: "W-2", PersonName: "Jack Smith", Owner: "cfo", Approver: "W-1", Reason: "as JACK SMITH said"}},
		Inputs:      []evidence.Input{{Name: "rules/01-jsmith.yaml", Content: "when: person.id == \"W-1\" # Ida"}, {Name: "settings.json", Content: `{"heads":["1001"],"link_map":[{"system":"crm","account":"in","person":"W-4"}],"requests":{"W-1":[]},"revoked":{"account\u0000crm\u00001001\u0000g":{"Item":"C-7Q2K4MZD.1","By":"W-1"},"person\u00001001\u0000crm\u0000g":{"By":"user root"}}}`}},
		Previous:    strings.Repeat("1", 64), Before: strings.Repeat("2", 64)}
	src := evidence.Source{System: access.SystemFacts{Name: "crm", Title: "CRM", Owner: "sales-it@acme.example"}}
	src.System.Used = access.Snapshot{ID: "S-1", Digest: strings.Repeat("c", 64), Reason: "jsmith stopped it", Hint: "ask Ida Novak", Rejections: []access.Rejection{{Ref: "jsmith"}},
		Coverage: access.Coverage{Source: "ldap://jsmith@acme.example", Queries: []string{"uid=jsmith"}, Classes: []access.ClassCoverage{{Class: access.ClassAccount, State: access.Partial, Reason: "page of jsmith"}}}}
	src.System.Tonight, src.Previous = src.System.Used, src.System.Used
	ev.Sources = []evidence.Source{src}
	r := redactor(t, Told{Evidence: ev})
	got := r.Evidence(ev)
	text, err := json.Marshal(evidenceOf(got))
	if err != nil {
		t.Fatal(err)
	}
	if found := inClear(string(text)); len(found) > 0 || strings.Contains(string(text), "nobody-knows") || strings.Contains(string(text), "1001") {
		t.Errorf("%q: %s", found, text)
	}
	if x := got.Exceptions[0]; x.Subject != r.Person("W-4") || x.Approver != r.Person("W-4") || !strings.HasPrefix(x.Owner, "account-") || got.Mitigations[0].PersonName != r.Person("W-2") || got.Mitigations[0].Person != r.Person("W-2") {
		t.Errorf("%+v %+v", x, got.Mitigations)
	}
	if got.Rules[0].When != `person.id != "somebody"` || got.Bundles[0].When != `person.id == "somebody"` || !strings.Contains(got.Inputs[0].Content, `"somebody"`) {
		t.Errorf("conditions: %+v %+v %q", got.Rules, got.Bundles, got.Inputs[0].Content)
	}
	if s := got.Sources[0].System; s.Name != "crm" || s.Used.State != "" || s.Used.Digest != src.System.Used.Digest || s.Used.Coverage.Classes[0].State != access.Partial {
		t.Errorf("the source is %+v", s)
	}
	if !strings.Contains(got.Inputs[1].Content, `"`+r.Person("W-1")+`": []`) || !strings.Contains(got.Inputs[1].Content, r.Account("crm", "1001")) {
		t.Errorf("settings.json: %s", got.Inputs[1].Content)
	}
	if ev.Sources[0].System.Used.Reason != "jsmith stopped it" || ev.Exceptions[0].Owner != "user root" || len(ev.Sources[0].System.Used.Rejections) != 1 {
		t.Error("what the caller has was changed")
	}
}

// evidenceOf are the parts of a model that a pack says.
func evidenceOf(ev evidence.Evidence) []any {
	return []any{ev.Organisation, ev.Classification, ev.RanBy, ev.Sources, ev.Rules, ev.Controls, ev.Bundles, ev.Exceptions, ev.Mitigations, ev.Previous, ev.Before, ev.Inputs, ev.GeneratedBy}
}

// TestOperatorsAreNobody: whoever acted and is not in HR is named nowhere: not in a table, not in the model, not in the report.
func TestOperatorsAreNobody(t *testing.T) {
	detail := map[string]any{"campaign": map[string]any{"created_by": "user root", "owner": "W-1", "owner_name": "Jack Smith", "when": `person.id == "W-1"`},
		"leavers":    []any{map[string]any{"person": "W-500", "name": "Olga Left", "row": 7, "sha256": strings.Repeat("d", 64)}, map[string]any{"person": "W-2", "name": "Jack Smith"}},
		"fast":       []any{map[string]any{"person": "W-2", "person_name": "Jack Smith", "by": "W-1", "name": "Jack Smith", "item": "C-7Q2K4MZD.7"}},
		"accounts":   []any{map[string]any{"system": "erp", "id": "1001", "name": "bnjoroge", "mfa": "yes", "evidence": []any{`email "b@other.example": 0 persons`}}},
		"held":       []any{map[string]any{"values": []any{map[string]any{"field": "department", "value": "Novak Hall"}, map[string]any{"field": "manager_id", "value": "W-1"}, map[string]any{"field": "attributes.badge", "value": "b77"}}}},
		"entries":    []any{4, 5},
		"new_field":  "1001",
		"requests":   []any{map[string]any{"by": "W-1", "reason": "as Smith said"}},
		"population": map[string]any{"sha256": strings.Repeat("e", 64), "recomputed": strings.Repeat("e", 64)}}
	activity := []evidence.Activity{{Entry: 9, By: "dba42", ByName: "Dora Base", System: "erp", Account: "bnjoroge", About: "Dora Base asked dba42", Said: evidence.Said{Decision: "D-AAAAAAAA"}}}
	r := redactor(t, Told{Detail: detail, Activity: activity})
	v, err := r.Value(detail)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	found := inClear(string(text))
	if !strings.Contains(string(text), `"requests":[{"by":"person-`) {
		t.Errorf("the fields of a list have other names: %s", text)
	}
	for _, word := range []string{"olga", "w-500", "dddd", "eeee", `"row":7`, "MZD.7", "bnjoroge", "[4,5]", "b77", `"1001"`} {
		if strings.Contains(strings.ToLower(string(text)), strings.ToLower(word)) {
			found = append(found, word)
		}
	}
	if len(found) > 0 || !strings.Contains(string(text), "Novak Hall") {
		t.Errorf("%q: %s", found, text)
	}
	a := r.Activity(activity)[0]
	if a.Entry != 0 || a.Said.Decision == "D-AAAAAAAA" || !strings.HasPrefix(a.By, "account-") || a.ByName != a.By || a.About != a.By+" asked "+a.By || a.Account != r.Account("erp", "1001") {
		t.Errorf("%+v", a)
	}
	d := r.Document(document.Document{Title: "By user root", Cover: document.Cover{Verdict: "Olga Left (W-500) left", Figures: []document.Figure{{Number: "1", Label: "of Olga Left"}}}, Blocks: []document.Block{
		document.Paragraph{Text: "created by user root, " + strings.Repeat("e", 64)}, document.Pairs{Pairs: []document.Pair{{Label: "Owner", Value: "in"}}},
		document.Chart{Title: "Jack Smith", Data: document.Table{Rows: [][]document.Cell{{{Text: "Dora Base"}}}}, Drawing: document.Drawing{Shapes: []document.Shape{document.Label{Text: "Dora Base"}}}},
		document.Table{Columns: []document.Column{{Title: "Account"}, {Title: "Entry"}}, Rows: [][]document.Cell{{{Text: "in in crm", More: []string{"Dora Base"}}, {Text: "446"}}}},
		document.SignOff{Intro: "Jack Smith signs"}}})
	page := fmt.Sprintf("%+v", d)
	for _, word := range []string{"root", "Olga", "W-500", "eeee", "Dora", "Jack", "446", "Value:in"} {
		if strings.Contains(page, word) {
			t.Errorf("the report says %q: %s", word, page)
		}
	}
	if d.Blocks[3].(document.Table).Rows[0][0].Text != r.Person("W-4")+" in crm" {
		t.Errorf("a login of two letters in its column: %+v", d.Blocks[3])
	}
}

// TestAnnexesNameNobody redacts cells by their columns: keys, reviewers, whoever decided.
func TestAnnexesNameNobody(t *testing.T) {
	key := strings.Repeat("5", 64)
	fill := func(t *sheet.Table) error {
		rows := split("key|item|system|account_id|account|person|person_name|reviewers|by|by_name|fingerprint|reference",
			key+"|C-7Q2K4MZD.1|crm|1001|in|W-4|Ida Novak|W-1 W-2|user root|Root Er|"+key+"|in",
			key+"|C-7Q2K4MZD.2|crm|c-1|jsmith|W-1|Jack Smith|W-4|W-2|Jack Smith|"+key+"|jsmith")
		if err := t.Head(rows[0]); err != nil {
			return err
		}
		return cmpRows(t, rows[1:])
	}
	r := redactor(t, Told{})
	var out [][]string
	if err := r.Table(fill, func([]string) error { return nil }, func(row []string) error { out = append(out, row); return nil }); err != nil {
		t.Fatal(err)
	}
	if found := inClear(fmt.Sprint(out)); len(found) > 0 || strings.Contains(fmt.Sprint(out), "5555") || strings.Contains(fmt.Sprint(out), "MZD.1") {
		t.Errorf("%q: %q", found, out)
	}
	i := slices.IndexFunc(out, func(row []string) bool { return row[5] == r.Person("W-4") })
	if row := out[i]; row[4] != row[5] || row[6] != row[5] || row[7] != r.Person("W-1")+" "+r.Person("W-2") || row[11] != row[5] || !hexes.MatchString(row[0]) || out[1-i][9] != r.Person("W-2") {
		t.Errorf("%q", out)
	}
}

func cmpRows(t *sheet.Table, rows [][]string) error {
	for _, r := range rows {
		if err := t.Row(r); err != nil {
			return err
		}
	}
	return nil
}
