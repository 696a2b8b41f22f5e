package hr

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	"muster/collectors/collectortest"
	"muster/internal/access"
	"muster/internal/config"
)

const header = "worker_id,given_name,family_name,display_name,email,upn,username,title,department,cost_centre,company,location," +
	"employment_type,status,manager_id,start_date,end_date\n"

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func clock() time.Time { return time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC) }

// collector makes one from YAML settings.
func collector(t testing.TB, dir, yaml string) *Collector {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(collectors.Spec{System: "hr", Dir: dir, Settings: doc.Root(), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil || doc.Err() != nil {
		t.Fatal(err, doc.Err())
	}
	return c.(*Collector)
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// collect reads everything and gives the persons and rejections apart.
func collect(t testing.TB, c *Collector) ([]access.Person, []access.Rejection, access.Coverage, error) {
	t.Helper()
	var persons []access.Person
	var rejections []access.Rejection
	cov, err := c.Collect(context.Background(), func(r access.Record) error {
		switch v := r.(type) {
		case access.Person:
			persons = append(persons, v)
		case access.Rejection:
			rejections = append(rejections, v)
		}
		return nil
	})
	return persons, rejections, cov, err
}

// harness writes the fixture's file as a scenario wants it.
type harness struct{}

var rows = []string{
	"W-00001,Ada,Moreau,Ada Moreau,ada.moreau@acme.example,,amoreau,CEO,Board,100,Acme,Lyon,employee,active,,2019-02-01,\n",
	"W-00002,Björn,Ek,,bjorn.ek@acme.example,,bek,Clerk,Finance,200,Acme,Malmö,contractor,on leave,W-00001,2025-03-10,2026-12-31\n",
	"W-00003,Cleo,\"O'Neil, \"\"CJ\"\"\",Cleo O'Neil,cleo@acme.example,,coneil,\"Senior\nClerk\",Finance,200,Acme,Cork,intern,terminated,W-00001,2024-01-01,2024-06-30\n",
	"W-00004,Dag,Lie,Dag Lie,dag@acme.example,,dlie,Clerk,Finance,200,Acme,Oslo,employee,asleep,W-00001,2024-01-01,\n",
	"W-00005,Eva,Horn,Eva Horn,eva@acme.example,,ehorn,Clerk,Finance,200,Acme,Bonn,,prehire,W-00001,2027-01-01,9999-12-31\n",
}

// Open writes the file.
func (harness) Open(t testing.TB, s collectortest.Scenario) collectortest.Source {
	list := slices.Clone(rows)
	if s.Reversed {
		slices.Reverse(list)
	}
	text := header + strings.Join(list, "")
	if s.Fault == collectortest.Truncated {
		text = text[:strings.Index(text, "Senior\nCle")+len("Senior\nCle")]
	}
	if s.Text != "" {
		text = strings.ReplaceAll(text, "Ada Moreau", s.Text)
	}
	dir := write(t, "workers.csv", text)
	return collectortest.Source{Collector: collector(t, dir, "{path: workers.csv, max_rejected: 1}"),
		Requests: collectortest.WatchFiles(t, dir)}
}

func TestConformance(t *testing.T) {
	want := []access.Record{
		access.Person{ID: "W-00001", Row: 2, GivenName: "Ada", FamilyName: "Moreau", DisplayName: "Ada Moreau", Email: "ada.moreau@acme.example",
			Username: "amoreau", Title: "CEO", Department: "Board", CostCentre: "100", Company: "Acme", Location: "Lyon",
			EmploymentType: access.Employee, Status: access.StatusActive, StartDate: day("2019-02-01")},
		access.Person{ID: "W-00002", Row: 3, GivenName: "Björn", FamilyName: "Ek", DisplayName: "Björn Ek", Email: "bjorn.ek@acme.example",
			Username: "bek", Title: "Clerk", Department: "Finance", CostCentre: "200", Company: "Acme", Location: "Malmö",
			EmploymentType: access.Contractor, Status: access.StatusLeave, ManagerID: "W-00001", StartDate: day("2025-03-10"), EndDate: day("2026-12-31")},
		access.Person{ID: "W-00003", Row: 4, GivenName: "Cleo", FamilyName: `O'Neil, "CJ"`, DisplayName: "Cleo O'Neil", Email: "cleo@acme.example",
			Username: "coneil", Title: "Senior\nClerk", Department: "Finance", CostCentre: "200", Company: "Acme", Location: "Cork",
			EmploymentType: access.Intern, Status: access.StatusTerminated, ManagerID: "W-00001", StartDate: day("2024-01-01"), EndDate: day("2024-06-30")},
		access.Rejection{Of: access.ClassPerson, Ref: "workers.csv:6:85",
			Reason: `status: "asleep" is unknown; expected prehire, active, leave or terminated, or a text that statuses maps`},
		access.Person{ID: "W-00005", Row: 7, GivenName: "Eva", FamilyName: "Horn", DisplayName: "Eva Horn", Email: "eva@acme.example",
			Username: "ehorn", Title: "Clerk", Department: "Finance", CostCentre: "200", Company: "Acme", Location: "Bonn",
			EmploymentType: access.Employee, Status: access.StatusPrehire, ManagerID: "W-00001", StartDate: day("2027-01-01")},
	}
	local := "a local file has no server that refuses"
	collectortest.Run(t, harness{}, collectortest.Suite{
		Want:    want,
		Text:    "Ada Moreau",
		Reasons: map[collectortest.Fault]string{collectortest.Truncated: "is never closed"},
		Cannot: collectortest.Capabilities{Paging: "a file has no pages", Secret: "a file needs no credentials",
			Faults: map[collectortest.Fault]string{collectortest.Unauthorised: local, collectortest.Throttled: local, collectortest.Unavailable: local,
				collectortest.Forbidden: "tests run as root, who may read every file; see TestOpenErrors",
				collectortest.Dropped:   "a local file has no connection; see table's TestReadError"}},
	})
}

func TestFormats(t *testing.T) {
	person := access.Person{ID: "1007", Row: 2, GivenName: "Ines", FamilyName: "Brandt", DisplayName: "Ines Brandt", Email: "ines.brandt@acme.example",
		Title: "Controller", Department: "Finance", Location: "Graz", EmploymentType: access.Contractor, Status: access.StatusTerminated,
		ManagerID: "1001", StartDate: day("2020-05-04"), EndDate: day("2026-10-31")}
	for name, c := range map[string]struct{ yaml, text string }{
		"workday": {"{path: f.csv, format: workday, without: [employment_type, start_date, end_date]}",
			"Employee ID,Worker,First Name,Last Name,Primary Work Email,Business Title,Supervisory Organization,Location,Worker Type,Worker Status,Manager - Employee ID,Hire Date,Termination Date\n" +
				"1007,Ines Brandt,Ines,Brandt,ines.brandt@acme.example,Controller,Finance,Graz,Contingent Worker,Terminated,1001,2020-05-04,2026-10-31\n"},
		"workday, XML aliases": {"{path: f.csv, format: workday, without: [employment_type, start_date, end_date]}",
			"Employee_ID,First_Name,Last_Name,Primary_Work_Email,Business_Title,Supervisory_Organization,Location,Worker_Type,Worker_Status,Manager_Employee_ID,Hire_Date,Termination_Date\n" +
				"1007,Ines,Brandt,ines.brandt@acme.example,Controller,Finance,Graz,Contingent Worker,Terminated,1001,2020-05-04T00:00:00-08:00,2026-10-31T23:00:00-08:00\n"},
		"bamboohr": {"{path: f.csv, without: [employment_type, start_date, end_date], format: bamboohr, date_layouts: [01/02/2006]}",
			"Employee #,First Name,Last Name,Work Email,Job Title,Department,Location,Employment Status,Status,Supervisor EID,Hire Date,Termination Date\n" +
				"1007,Ines,Brandt,ines.brandt@acme.example,Controller,Finance,Graz,Contractor,Inactive,1001,05/04/2020,10/31/2026\n"},
		"bamboohr, API names": {"{path: f.csv, without: [employment_type, start_date, end_date], format: bamboohr}",
			"employeeNumber,firstName,lastName,workEmail,jobTitle,department,location,employmentHistoryStatus,status,supervisorEId,hireDate,terminationDate\n" +
				"1007,Ines,Brandt,ines.brandt@acme.example,Controller,Finance,Graz,Contractor,Inactive,1001,2020-05-04,2026-10-31\n"},
		"own mapping, semicolons, windows-1252": {
			`{path: f.csv, encoding: windows-1252, columns: {id: PersNr, family_name: "Name", given_name: Vorname, email: E-Mail, title: Funktion, department: Abteilung, location: Ort, employment_type: Art, status: Stand, manager_id: Chef, start_date: Eintritt, end_date: Austritt},
  statuses: {"ausgeschieden": terminated}, employment_types: {Extern: contractor}, date_layouts: ["02.01.2006"]}`,
			"PersNr;Name;Vorname;E-Mail;Funktion;Abteilung;Ort;Art;Stand;Chef;Eintritt;Austritt\r\n1007;Brandt;Ines;ines.brandt@acme.example;Controller;Finance;Graz;extern;AUSGESCHIEDEN;1001;04.05.2020;31.10.2026\r\n"},
		"byte order mark, tabs": {"{path: f.csv, without: [employment_type, start_date, end_date]}",
			"\xEF\xBB\xBFworker_id\tgiven_name\tfamily_name\temail\ttitle\tdepartment\tlocation\temployment_type\tstatus\tmanager_id\tstart_date\tend_date\n" +
				"1007\tInes\tBrandt\tines.brandt@acme.example\tController\tFinance\tGraz\tcontractor\tterminated\t1001\t2020-05-04\t2026-10-31\n"},
	} {
		t.Run(name, func(t *testing.T) {
			persons, rejections, cov, err := collect(t, collector(t, write(t, "f.csv", c.text), c.yaml))
			if err != nil || len(rejections) > 0 || cov.State() != access.Complete {
				t.Fatalf("error %v, rejections %v, state %s", err, rejections, cov.State())
			}
			if len(persons) != 1 || !equal(persons[0], person) {
				t.Errorf("got  %+v\nwant %+v", persons, person)
			}
		})
	}
}

func equal(a, b access.Person) bool {
	x, y := collectors.Digest{}, collectors.Digest{}
	x.Add(a)
	y.Add(b)
	return x.String() == y.String() && a.Row == b.Row
}

func TestEncodingAndAttributes(t *testing.T) {
	text := "worker_id,family_name,status,Kostenträger\n7,M\xfcller,active,K\xf6ln\n"
	dir := write(t, "f.csv", strings.Replace(text, "ä", "\xe4", 1))
	persons, _, cov, err := collect(t, collector(t, dir, "{path: f.csv, without: [employment_type, start_date, end_date], encoding: windows-1252, attributes: {payer: Kostenträger}}"))
	if err != nil || len(persons) != 1 || persons[0].FamilyName != "Müller" || persons[0].Attributes["payer"] != "Köln" {
		t.Errorf("error %v, persons %+v", err, persons)
	}
	if q := strings.Join(cov.Queries, "\n"); !strings.Contains(q, "read f.csv: 1 rows, 63 bytes, SHA-256 ") ||
		!strings.Contains(q, "encoding windows-1252") || !strings.Contains(q, "id=worker_id") || !strings.Contains(q, "attribute payer=Kostenträger") {
		t.Errorf("queries:\n%s", q)
	}
}

func TestDuplicateWorkerIDsAreBothEmitted(t *testing.T) {
	dir := write(t, "f.csv", "worker_id,status\nW-1,active\nW-1,active\n")
	persons, _, _, err := collect(t, collector(t, dir, "{path: f.csv, without: [employment_type, start_date, end_date]}"))
	if err != nil || len(persons) != 2 || persons[0].Row != 2 || persons[1].Row != 3 {
		t.Errorf("error %v, persons %+v", err, persons)
	}
}

func TestFileChangedWhileReading(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"appended": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("W-9,active\n")
			return err
		},
		"replaced": func(path string) error {
			if err := os.WriteFile(path+".new", []byte("worker_id,status\nW-1,active\nW-2,active\n"), 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		},
		"removed": os.Remove,
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, "f.csv", "worker_id,status\nW-1,active\nW-2,active\n")
			changed := false
			cov, err := collector(t, dir, "{path: f.csv, without: [employment_type, start_date, end_date]}").Collect(context.Background(), func(access.Record) error {
				if changed {
					return nil
				}
				changed = true
				return change(filepath.Join(dir, "f.csv"))
			})
			if cov.State() != access.Partial || access.KindOf(err) != access.Incomplete || !strings.Contains(err.Error(), "was changed while it was read") {
				t.Errorf("state %s, error %v", cov.State(), err)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"good":      {header + rows[0], ""},
		"no rows":   {header, "the file holds no row behind its header"},
		"bad row":   {header + rows[3], `f.csv:2:85: status: "asleep" is unknown`},
		"no status": {"worker_id\nW-1\n", `the header has no column "status" (status, from format plain)`},
	} {
		t.Run(name, func(t *testing.T) {
			err := collector(t, write(t, "f.csv", c.text), "{path: f.csv, without: [employment_type, start_date, end_date]}").Probe(context.Background())
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || access.HintOf(err) == "") {
				t.Errorf("error %v, want %q and a hint", err, c.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := collector(t, t.TempDir(), "{path: f.csv, without: [employment_type, start_date, end_date]}").Probe(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestUnusableExports are the invariants 1 and 2 at their source: no absence may be read from any of these files.
func TestUnusableExports(t *testing.T) {
	whole := header + strings.Repeat(rows[0], 40)
	previous := access.Snapshot{ID: "S-1", State: access.Complete, Coverage: access.Coverage{Classes: []access.ClassCoverage{{Class: access.ClassPerson, Parsed: 40}}}}
	for name, c := range map[string]struct {
		text   string
		state  access.SnapshotState
		reason string
	}{
		"whole":                   {whole, access.Complete, ""},
		"cut in half":             {whole[:len(whole)/2], access.Partial, "the file is cut off"},
		"cut in half at a line":   {header + strings.Repeat(rows[0], 20), access.Held, "40 persons before, 20 now: lost 50 %, threshold 10 %"},
		"no rows":                 {header, access.Held, "40 persons before, 0 now: lost 100 %, threshold 10 %"},
		"no bytes":                {"", access.Failed, "the file is empty"},
		"one row cannot be read":  {whole + rows[3], access.Partial, "1 of 41 rows were rejected"},
		"another system's export": {"id,login\n1,ada\n", access.Failed, "the header has no column"},
	} {
		t.Run(name, func(t *testing.T) {
			snap, err := collectors.Run(context.Background(), collectors.RunSpec{System: "hr", HR: true, ShrinkPercent: 10, Previous: previous, Now: clock},
				collector(t, write(t, "f.csv", c.text), "{path: f.csv, without: [employment_type, start_date, end_date]}"), sinkFunc(func(access.Record) {}))
			if err != nil || snap.State != c.state || !strings.Contains(snap.Reason, c.reason) || snap.Usable() != (c.state == access.Complete) {
				t.Errorf("error %v, %s: %q", err, snap.State, snap.Reason)
			}
		})
	}
}

// TestMemoryDoesNotGrow reads 200,000 rows and wants the heap to be as small at the end as near the start.
func TestMemoryDoesNotGrow(t *testing.T) {
	const n = 200_000
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "f.csv"))
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	w.WriteString(header)
	for i := range n {
		fmt.Fprintf(w, "W-%06d,Given%d,Family%d,,p%d@acme.example,,p%d,\"Clerk, %d\",Finance,200,Acme,Oslo,employee,active,W-000000,2020-01-01,\n", i, i, i, i, i, i)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var first, last uint64
	rows := 0
	start := time.Now()
	_, err = collector(t, dir, "{path: f.csv, without: [employment_type, start_date, end_date]}").Collect(context.Background(), func(access.Record) error {
		switch rows++; rows {
		case 1000:
			first = heap()
		case n:
			last = heap()
		}
		return nil
	})
	t.Logf("%d rows/s, heap %d kB after 1,000 rows and %d kB after %d", int(n/time.Since(start).Seconds()), first>>10, last>>10, n)
	if err != nil || rows != n || last > first+1<<20 {
		t.Errorf("error %v, %d rows, heap %d, then %d bytes", err, rows, first, last)
	}
}
