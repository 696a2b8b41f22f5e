package hr

import (
	"context"
	"testing"
	"unicode/utf8"

	"muster/collectors"
	"muster/internal/access"
)

// FuzzWorkers wants every row to become a person with an identity, a status and days without a time, or a rejection that says why,
// and the counts to add up.
func FuzzWorkers(f *testing.F) {
	f.Add(header + rows[0] + rows[1] + rows[2] + rows[3] + rows[4])
	f.Add("worker_id;status;start_date\n1;active;2026-02-30\n2;left;9999-12-31")
	f.Add("\xEF\xBB\xBFworker_id\tstatus\n\xff\tactive\n\"1\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := collector(t, write(t, "f.csv", text), "{path: f.csv, without: [employment_type, start_date, end_date], max_rejected: 1}")
		sink := sinkFunc(func(r access.Record) {
			switch v := r.(type) {
			case access.Person:
				if v.ID == "" || !utf8.ValidString(v.ID+v.DisplayName+v.Title) || v.Row < 2 || v.Status == access.StatusUnknown ||
					v.StartDate.Hour() != 0 || v.EmploymentType == "" {
					t.Fatalf("person %+v", v)
				}
			case access.Rejection:
				if v.Ref == "" || v.Reason == "" {
					t.Fatalf("rejection %+v", v)
				}
			}
		})
		snap, err := collectors.Run(context.Background(), collectors.RunSpec{System: "hr", HR: true, Now: clock}, c, sink)
		if err != nil {
			t.Fatal(err)
		}
		if snap.State != access.Complete && (snap.Reason == "" || snap.Hint == "") {
			t.Fatalf("%s without a reason or a hint: %+v", snap.State, snap)
		}
		for _, k := range snap.Coverage.Classes {
			if k.Fetched != k.Parsed+k.Rejected {
				t.Fatalf("%+v", k)
			}
		}
	})
}

type sinkFunc func(access.Record)

// Add passes the record on.
func (f sinkFunc) Add(_ context.Context, r access.Record) error { f(r); return nil }
