package hr

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

// broken are exports that something is wrong with. What the operator reads of each is in testdata/broken.golden.
var broken = []struct{ name, yaml, text string }{
	{"no such file", "{path: gone.csv}", ""},
	{"empty file", "{path: f.csv, without: [employment_type, start_date, end_date]}", ""},
	{"only a byte order mark", "{path: f.csv, without: [employment_type, start_date, end_date]}", "\xEF\xBB\xBF"},
	{"excel workbook", "{path: f.csv, without: [employment_type, start_date, end_date]}", "PK\x03\x04\x14\x00"},
	{"utf-16", "{path: f.csv, without: [employment_type, start_date, end_date]}", "\xFF\xFEw\x00o\x00"},
	{"gzip", "{path: f.csv, without: [employment_type, start_date, end_date]}", "\x1F\x8B\x08\x00"},
	{"old Mac lines", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status\rW-1,active\r"},
	{"quote in the header", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,sta\"tus\nW-1,active\n"},
	{"missing mapped column", "{path: f.csv, without: [employment_type, start_date, end_date], columns: {email: E-mail Adress}}", "worker_id,status,E-mail Address\nW-1,active,a@acme.example\n"},
	{"missing status", "{path: f.csv, format: workday, without: [employment_type, start_date, end_date]}", "Employee ID,Last Name,Hire Date\n7,Moreau,2020-01-01\n"},
	{"renamed employment type", "{path: f.csv}", "worker_id,status,employment,start_date,end_date\nW-1,active,contractor,2020-01-01,2026-12-31\n"},
	{"wrong delimiter", "{path: f.csv, delimiter: ',', without: [employment_type, start_date, end_date]}", "worker_id;status;email\nW-1;active;a@acme.example\n"},
	{"column twice", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,email,Email\nW-1,active,a@acme.example,b@acme.example\n"},
	{"cut in a row", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,email\nW-1,active,a@acme.example\nW-2,act"},
	{"cut behind a row", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,email\nW-1,active,a@acme.example\nW-2,active,b@acme.example"},
	{"cut in quotes", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,title\nW-1,active,Clerk\nW-2,active,\"Senior\nCle"},
	{"lost quote", "{path: f.csv, without: [employment_type, start_date, end_date], max_rejected: 10}", "worker_id,status,title\nW-1,active,\"Clerk\nW-2,active,Clerk\nW-3,active,Clerk\nW-4,active,\"Clerk\"\nW-5,active,Clerk\n"},
	{"stray quote", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,title\nW-1,active,The \"Clerk\"\n"},
	{"text behind a quote", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,title\nW-1,active,\"Clerk\" II\n"},
	{"too few fields", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,title\nW-1,active\nW-2,active,Clerk\n"},
	{"too many fields", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,title\nW-1,active,Clerk, senior\n"},
	{"no worker id", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status\n ,active\n"},
	{"unknown status", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status\nW-1,inactive\n"},
	{"empty status", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status\nW-1,\n"},
	{"unknown employment type", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,employment_type\nW-1,active,alien\n"},
	{"day before month", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,start_date\nW-1,active,22/11/2026\n"},
	{"no such day", "{path: f.csv, date_layouts: [02.01.2006], without: [employment_type, start_date, end_date]}", "worker_id,status,end_date\nW-1,active,31.02.2026\n"},
	{"too many rejected", "{path: f.csv, without: [employment_type, start_date, end_date], max_rejected: 1}", "worker_id,status\nW-1,asleep\n\nW-2,active\nW-3,gone fishing\n"},
	{"tolerated rejection", "{path: f.csv, without: [employment_type, start_date, end_date], max_rejected: 1}", "worker_id,status\nW-1,asleep\nW-2,active\n"},
	{"NUL byte", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status\nW-1,acti\x00ve\n"},
	{"line numbers behind quoted newlines", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status,title\r\nW-1,active,\"a\r\nb\r\nc\"\r\nW-2,asleep,d\r\n"},
	{"folder", "{path: .}", ""},
	{"header only", "{path: f.csv, without: [employment_type, start_date, end_date]}", "worker_id,status\n"},
}

func TestBrokenFiles(t *testing.T) {
	var b strings.Builder
	for _, c := range broken {
		dir := write(t, "f.csv", c.text)
		persons, rejections, cov, err := collect(t, collector(t, dir, c.yaml))
		fmt.Fprintf(&b, "== %s\n%s, %d persons\n", c.name, cov.State(), len(persons))
		for _, r := range rejections {
			fmt.Fprintf(&b, "rejected: %s: %s\n", r.Ref, r.Reason)
		}
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\nhint: %s\n", access.KindOf(err), err, access.HintOf(err))
		}
		if strings.Contains(b.String(), dir) {
			t.Errorf("%s: the folder of this machine is in the message", c.name)
		}
	}
	golden(t, "broken.golden", b.String())
}

// brokenSettings are settings that are refused before any file is read; testdata/settings.golden says how.
var brokenSettings = []struct{ name, yaml string }{
	{"no path", "format: plain"},
	{"unknown key", "path: f.csv\ncolum: {id: PersNr}"},
	{"unknown format", "path: f.csv\nformat: workdya"},
	{"unknown field", "path: f.csv\ncolumns:\n  manager: Boss"},
	{"unknown status", "path: f.csv\nstatuses:\n  ausgeschieden: terminatd"},
	{"unknown employment type", "path: f.csv\nemployment_types: {Extern: freelance}"},
	{"without what is never needed", "path: f.csv\nwithout: [email]"},
	{"long delimiter", "path: f.csv\ndelimiter: '::'"},
	{"unknown encoding", "path: f.csv\nencoding: latin1"},
	{"negative tolerance", "path: f.csv\nmax_rejected: -1"},
	{"layout without a day", "path: f.csv\ndate_layouts: [01/2006]"},
	{"layout in other letters", "path: f.csv\ndate_layouts: [DD.MM.YYYY]"},
}

func TestBrokenSettings(t *testing.T) {
	var b strings.Builder
	for _, c := range brokenSettings {
		doc, err := config.Parse("muster.yaml", []byte(c.yaml))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(collectors.Spec{System: "hr", Settings: doc.Root()}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		fmt.Fprintf(&b, "== %s\n%v\n", c.name, doc.Err())
	}
	golden(t, "settings.golden", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look, then run with -update\n%s", path, got)
	}
}
