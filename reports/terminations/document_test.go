package terminations

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/html"
	"muster/reports/pdf"
)

var update = flag.Bool("update", false, "write the golden files")

// quarter is a small organisation's month: one of everything.
func quarter(t testing.TB) Facts {
	w := newWorld(t, []int{12, 13}, []int{11})
	w.Systems = append(w.Systems, System{Name: "vpn", Title: "Remote access", Owner: "net@example.com", SLA: 4 * time.Hour, History: history("vpn", 18)}, System{Name: "wiki", Title: "Wiki", History: history("wiki")})
	w.person("W-1", "Amara Diallo", terminated(9, 9))
	w.account("W-1", "a1", 31, AccountChange{At: 10, LastLogin: night(9)})
	w.person("W-2", "Jonas Lindqvist", terminated(14, 9))
	w.account("W-2", "a2", 15)
	w.person("W-3", "Ines Moreau", terminated(16, 16))
	w.account("W-3", "a3", 31, AccountChange{At: 20, Enabled: true, LastLogin: night(19).Add(8 * time.Hour)})
	w.person("W-4", "Mei Tanaka", PersonChange{At: 2, Status: access.StatusActive, Type: access.Contractor, End: lastDay(17)})
	w.account("W-4", "a4", 22)
	w.person("W-5", "Pavel Novák", terminated(9, 8), active(21, lastDay(21)))
	w.account("W-5", "a5", 10)
	w.person("W-6", "Rosa Vidal", terminated(29, 29))
	w.account("W-6", "a6", 31)
	w.person("W-7", "Leila Haddad", terminated(20, 20))
	w.person("W-8", "=HYPERLINK(\"http://example.com\")", terminated(9, 9))
	w.account("W-8", "a8", 11)
	vpn := w.Systems[1].History
	w.Accounts["W-3"] = append(w.Accounts["W-3"], Account{System: "vpn", ID: "v3", Name: "moreau", Key: access.KeyEmail, First: "R-0901", Last: "R-0930", Seen: vpn.from(1, 30),
		Changes: []AccountChange{{Enabled: true, Never: true}, {At: vpn.place(19)}}})
	w.Accounts["W-1"] = append(w.Accounts["W-1"], Account{System: "wiki", ID: "k1", Name: "amara", Key: access.KeyEmail, First: "R-0901", Last: "R-0930", Seen: w.Systems[2].History.from(1, 12), Changes: []AccountChange{{Enabled: true}}})
	w.Actions = []Action{{ID: "A-7Q2K4MZD", Kind: access.DisableAccount, System: "erp", Account: "a3", States: []ActionState{{night(17), "waiting", "nobody has decided"}}},
		{ID: "A-3WZJ5NQB", Kind: access.DisableAccount, System: "erp", Account: "a8", States: []ActionState{{night(10), "planned", ""}, {night(10).Add(6 * time.Minute), "verified", ""}}, Done: night(10).Add(6 * time.Minute)}}
	return w.Facts
}

// base is what every report opens and closes with, of a run of nothing, with the annexes as the pack has them.
func base(t testing.TB, m Model) (frame.Input, map[string][]byte) {
	t.Helper()
	run := access.Run{ID: "R-0930", AsOf: night(30), StartedAt: night(30)}
	ev := evidence.Evidence{Organisation: "Example", Classification: "Confidential", Run: run, GeneratedBy: "muster test", Controls: []evidence.Control{{ID: "PCI-DSS 8.2.5", Says: "the access of leavers ends at once"}},
		Rules: []evidence.Rule{{ID: "leaver-active", Title: "Account of a leaver that still works", Severity: access.Critical, Scope: access.ScopeAccount, When: "account.enabled", Controls: []string{"PCI-DSS 8.2.5", "SOC2 CC6.2"}, Evaluated: 8}}}
	in := frame.Input{Evidence: ev, File: evidence.NewFile(ev), Tally: evidence.NewTally(run.AsOf, 10)}
	in.File.Pack, in.File.Renderer = "P-TEST1234", "a renderer"
	files := map[string][]byte{}
	for name, fill := range map[string]func(*sheet.Table, Model) error{LeaversAnnex: Leavers, AccountsAnnex: Accounts} {
		var out bytes.Buffer
		table := sheet.NewTable(&out)
		if err := fill(table, m); err != nil {
			t.Fatal(err)
		}
		rows, err := table.Close()
		if err != nil {
			t.Fatal(err)
		}
		files[name] = out.Bytes()
		in.File.Annexes = append(in.File.Annexes, evidence.Annex{File: name, Rows: rows, SHA256: sum(out.Bytes())})
	}
	return in, files
}

func TestThePagesSayWhatTheModelSays(t *testing.T) {
	m := Sum(quarter(t))
	in, files := base(t, m)
	if len(in.File.Annexes) == 2 && in.File.Annexes[0].File > in.File.Annexes[1].File {
		in.File.Annexes[0], in.File.Annexes[1] = in.File.Annexes[1], in.File.Annexes[0]
	}
	d := Document(in, m)
	text, pages, err := pdf.Print(d)
	if err != nil || pages < 6 {
		t.Fatalf("%d pages: %v", pages, err)
	}
	again, _, err := pdf.Print(d)
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("the same report is printed in other bytes: %v", err)
	}
	var page bytes.Buffer
	if err := html.Write(&page, d); err != nil || !strings.Contains(page.String(), "Jonas Lindqvist") {
		t.Errorf("the twin: %v", err)
	}
	golden(t, "september", text)
	// Everything is in the model: read again from evidence.json, it gives the same report.
	kept, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var second Model
	if err := json.Unmarshal(kept, &second); err != nil {
		t.Fatal(err)
	}
	if other, _, err := pdf.Print(Document(in, second)); err != nil || !bytes.Equal(other, text) {
		t.Errorf("the model that was written and read again gives another report: %v", err)
	}
	redraw(t, d, files)
}

// TestASampleIsDrawnAgainWhateverPeopleAreCalled: names of several lines, which look like rows of the annex, are not drawn.
func TestASampleIsDrawnAgainWhateverPeopleAreCalled(t *testing.T) {
	f := quarter(t)
	for i, name := range []string{"Ann\nT-99999", "\"\nT-99998", "Bo \"x\"\r\nT-99997,\"\nT-99996"} {
		f.Persons[i].Name = name
	}
	m := Sum(f)
	in, files := base(t, m)
	redraw(t, Document(in, m), files)
}

// text is everything that a document says in words.
func text(d document.Document) string {
	out := d.Cover.Verdict + "\n"
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case document.Heading:
			out += "# " + b.Text + "\n"
		case document.Paragraph:
			out += b.Text + "\n"
		case document.List:
			out += strings.Join(b.Items, "\n") + "\n"
		}
	}
	return out
}

// TestNothingIsCleanWhereNothingWasLookedAt: a report of nothing, or of what is not known, does not say that all is well.
func TestNothingIsCleanWhereNothingWasLookedAt(t *testing.T) {
	one := func(goneOn int, hrBut, erpBut []int, change PersonChange) *world {
		w := newWorld(t, hrBut, erpBut)
		w.person("W-1", "Amara Diallo", change)
		w.account("W-1", "a1", goneOn)
		return w
	}
	bare := newWorld(t, nil, nil)
	bare.person("W-1", "Amara Diallo", terminated(9, 9))
	unread := one(31, nil, nil, terminated(9, 9))
	unread.Systems[0].History.Usable, unread.Accounts["W-1"][0].Seen = nil, nil
	back := newWorld(t, nil, nil)
	back.person("W-1", "Amara Diallo", terminated(9, 9), active(20, lastDay(20)))
	back.account("W-1", "a1", 10)
	noHR := newWorld(t, nil, nil)
	noHR.HR = History{}
	for name, tt := range map[string]struct {
		w    *world
		want []string
	}{
		"HR was never read":           {noHR, []string{"# Late, and why\nIt is not known", "# Still usable\nIt is not known", "# Used after the last day\nIt is not known", "# The leavers\nIt is not known", "those hired again\nIt is not known"}},
		"nobody left":                 {newWorld(t, nil, nil), []string{"# Late, and why\nNobody left in the period", "# Still usable\nNobody left"}},
		"no account is known":         {bare, []string{"# Late, and why\nNo account of a leaver is known", "# Still usable\nNo account of a leaver is known"}},
		"the time is not over":        {one(31, nil, nil, terminated(29, 29)), []string{"# Late, and why\nThere is no account whose time is over"}},
		"everybody came back":         {back, []string{"# Still usable\nNo complete snapshot that is kept shows an account of a leaver who did not come back: nothing was judged."}},
		"the system was never read":   {unread, []string{"did not come back: nothing was judged. Of 1 account it is not known"}},
		"one in time (all was known)": {one(10, nil, nil, terminated(9, 9)), []string{"# Late, and why\nEvery account whose time is over was proven", "# Still usable\nOf 1 account of leavers who did not come back, none was usable"}},
	} {
		m := Sum(tt.w.Facts)
		in, _ := base(t, m)
		said := text(Document(in, m))
		for _, want := range tt.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: the report does not say %q\n%s", name, want, said)
			}
		}
		for _, clean := range []string{"Every account whose time is over was proven", "none was usable", "No use after the last day is on record", "HR was not proven late"} {
			if tt.w.Facts.HR.Usable == nil && strings.Contains(said, clean) {
				t.Errorf("%s: the report says %q", name, clean)
			}
		}
	}
}

// TestEveryTimeThatIsAllowedIsToldOf: each has a chart.
func TestEveryTimeThatIsAllowedIsToldOf(t *testing.T) {
	for _, n := range []int{4, 9} {
		w := newWorld(t, nil, nil)
		w.person("W-1", "Amara Diallo", terminated(9, 9))
		w.Systems = nil
		for i := range n {
			name := fmt.Sprintf("sys%d", i)
			w.Systems = append(w.Systems, System{Name: name, Title: name, SLA: time.Duration(i+1) * time.Hour, History: history(name)})
			w.Accounts["W-1"] = append(w.Accounts["W-1"], Account{System: name, ID: "a", Name: "amara", Seen: w.Systems[i].History.from(1, 12), Changes: []AccountChange{{Enabled: true}}})
		}
		w.Systems[3].SLA = 100 * time.Hour
		m := Sum(w.Facts)
		in, _ := base(t, m)
		said := text(Document(in, m))
		if !strings.Contains(said, "100 h allowed") {
			t.Errorf("100 hours are not told exactly: %s", said)
		}
		for i := range n {
			if want := fmt.Sprintf("sys%d", i); !strings.Contains(said, "Systems: "+want+".") {
				t.Errorf("of %d: nothing is said of %s\n%s", n, want, said)
			}
		}
	}
}

func TestTheLimitsNameWhoWasListedAgain(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.person("W-1", "Amara Diallo")
	w.Persons[0].Seen = append(w.HR.from(1, 8), w.HR.from(22, 30)...)
	m := Sum(w.Facts)
	in, _ := base(t, m)
	if said := text(Document(in, m)); len(m.Leavers) != 0 || !strings.Contains(said, "whom HR listed again afterwards is no leaver here") {
		t.Errorf("%d leavers, and the limits do not say why: %s", len(m.Leavers), said)
	}
}

// golden compares the text of the pages with the committed one.
func golden(t *testing.T, name string, printed []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(file, printed, 0o600); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("MUSTER_LOOK"); dir != "" { // to look at the pages
		if err := os.WriteFile(filepath.Join(dir, "terminations.pdf"), printed, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exec.LookPath("pdftotext"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("pdftotext is not installed")
	}
	got, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d of %s\n got %q\nwant %q\nlook at the PDF, then run the test with -update", i+1, path, a[i], b[i])
			}
		}
		t.Fatalf("%s has %d lines, want %d", path, len(a), len(b))
	}
}

// redraw runs the commands that the report prints for drawing the sample again, and compares.
func redraw(t *testing.T, d document.Document, files map[string][]byte) {
	t.Helper()
	var want []string
	command := ""
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case document.Paragraph:
			if b.Style == document.Mono && strings.Contains(b.Text, "openssl dgst") {
				command = b.Text
			}
		case document.Table:
			if b.Caption == "The sample" {
				for _, row := range b.Rows {
					want = append(want, row[1].Text)
				}
			}
		}
	}
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.CommandContext(t.Context(), "sh", "-c", command)
	run.Dir = dir
	out, err := run.CombinedOutput()
	if got := strings.Fields(string(out)); err != nil || len(want) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("drawn again:\n%s\nwant %v: %v", out, want, err)
	}
}

func sum(text []byte) string {
	d := sha256.Sum256(text)
	return hex.EncodeToString(d[:])
}
