package collectortest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	"muster/internal/access"
)

const secret = "s3cr3t/of+a test"

// fixture is an invented system of two accounts, one group, two grants and one unreadable object.
func fixture() []access.Record {
	return []access.Record{
		access.Entitlement{ID: "g1", Kind: "group", Name: "staff", SourceRef: "row 1"},
		access.Account{ID: "a1", Name: "ada", DisplayName: "Ada Byron", Kind: access.KindHuman, Enabled: true, SourceRef: "row 2"},
		access.Account{ID: "a2", Name: "grace", Kind: access.KindHuman, Enabled: true, SourceRef: "row 3"},
		access.Rejection{Of: access.ClassAccount, Ref: "row 4", Reason: "no id"},
		access.Grant{AccountID: "a1", EntitlementID: "g1", Effective: true},
		access.Grant{AccountID: "a2", EntitlementID: "g1", Effective: true},
	}
}

// fake is a source and a collector in one, correct unless a defect is asked for.
type fake struct {
	s      Scenario
	defect string
	asked  []Request
	tries  int
}

// Open stands up a fake.
func (h fakeHarness) Open(_ testing.TB, s Scenario) Source {
	f := &fake{s: s, defect: h.defect}
	return Source{Collector: f, Requests: func() []Request { return f.asked }}
}

type fakeHarness struct{ defect string }

func (f *fake) ask(verb string) error {
	f.asked = append(f.asked, Request{Verb: verb, Text: verb + " /all"})
	f.tries++
	if f.s.Once && f.tries > 1 {
		return nil
	}
	kinds := map[Fault]access.Kind{Unauthorised: access.Denied, Forbidden: access.Denied, Throttled: access.Throttled, Unavailable: access.Transient}
	kind, bad := kinds[f.s.Fault]
	if !bad {
		return nil
	}
	if f.defect == "wrong kind" {
		kind = access.Internal
	}
	cause := "answered " + string(f.s.Fault)
	if f.defect == "secret in error" {
		cause += " to Bearer " + secret
	}
	return &access.Error{Op: "list accounts", Kind: kind, Err: errors.New(cause)}
}

// Collect emits the fixture.
func (f *fake) Collect(ctx context.Context, emit func(access.Record) error) (access.Coverage, error) {
	if err := ctx.Err(); err != nil && f.defect != "ignores cancel" {
		return access.Coverage{}, fmt.Errorf("collect: %w", err)
	}
	err := f.ask("GET")
	for try := 0; err != nil && try < 2 && f.defect != "no retry"; try++ {
		err = f.ask("GET")
	}
	if err != nil {
		if f.defect == "swallows refusal" {
			return coverage(nil, access.Complete, ""), nil
		}
		return access.Coverage{}, err
	}
	f.misbehave()
	records := fixture()
	if f.s.Reversed {
		slices.Reverse(records)
	}
	return f.emitAll(ctx, records, emit)
}

func (f *fake) emitAll(ctx context.Context, records []access.Record, emit func(access.Record) error) (access.Coverage, error) {
	var sent []access.Record
	for i, r := range records {
		if err := ctx.Err(); err != nil && f.defect != "ignores cancel" {
			if f.defect == "hides cancel" {
				err = errors.New("stopped")
			}
			return coverage(sent, access.Partial, "cancelled"), fmt.Errorf("collect: %w", err)
		}
		if i >= 3 && (f.s.Fault == Truncated || f.s.Fault == Dropped) {
			return f.cut(sent)
		}
		if r = f.bend(i, r); r == nil {
			continue
		}
		sent = append(sent, r)
		if err := emit(r); err != nil && f.defect != "ignores emit" {
			if f.defect == "hides emit error" {
				err = errors.New("emit failed")
			}
			return coverage(sent, access.Partial, "stopped"), fmt.Errorf("collect: %w", err)
		}
	}
	cov := coverage(sent, access.Complete, "")
	if f.defect == "wrong count" {
		cov.Classes[0].Parsed++
	}
	return cov, nil
}

// misbehave does what a defect does outside the records.
func (f *fake) misbehave() {
	switch f.defect {
	case "writes":
		f.ask("DELETE")
	case "secret in log":
		f.s.Log.Info("signed in", slog.String("token", secret))
	case "prints secret":
		fmt.Fprintln(os.Stderr, secret)
	case "leaks goroutine":
		go time.Sleep(4 * time.Second)
	}
}

// bend does what a defect does to a record.
func (f *fake) bend(i int, r access.Record) access.Record {
	a, isAccount := r.(access.Account)
	switch {
	case f.defect == "drops a record" && i == 1, f.defect == "loses last of page" && f.s.PageSize > 0 && i == f.s.PageSize:
		return nil
	case f.defect == "position as id" && isAccount && f.s.Reversed:
		a.ID = fmt.Sprint("a", i)
		return a
	case f.defect == "random ids" && isAccount:
		a.ID = fmt.Sprint(time.Now().UnixNano())
		return a
	case f.defect == "silent rejection" && r.Class() == access.ClassRejection:
		return nil
	case f.defect == "secret in record" && isAccount:
		a.Attributes = map[string]string{"link": "https://acme.example/?token=" + secret}
		return a
	case f.s.Text != "" && isAccount && a.DisplayName != "":
		if a.DisplayName = f.s.Text; f.defect == "replaces bytes" {
			a.DisplayName = strings.ToValidUTF8(f.s.Text, "\uFFFD")
		}
		return a
	}
	return r
}

func (f *fake) cut(sent []access.Record) (access.Coverage, error) {
	reason := "cut after record 3"
	if f.defect == "no reason" {
		reason = ""
	}
	if f.defect == "calls cut complete" {
		return coverage(sent, access.Complete, ""), nil
	}
	cov := coverage(sent, access.Partial, reason)
	if f.s.Fault == Dropped && f.defect != "swallows drop" {
		return cov, &access.Error{Op: "read accounts", Kind: access.Transient, Err: errors.New("connection reset")}
	}
	return cov, nil
}

func coverage(sent []access.Record, state access.SnapshotState, reason string) access.Coverage {
	cov := access.Coverage{Source: "fake 1.0", Queries: []string{"GET /all"}}
	for _, class := range []access.Class{access.ClassAccount, access.ClassEntitlement, access.ClassGrant} {
		c := access.ClassCoverage{Class: class, Claimed: access.NoClaim, State: state, Reason: reason}
		for _, r := range sent {
			if rej, ok := r.(access.Rejection); ok && rej.Of == class {
				c.Rejected++
			} else if r.Class() == class {
				c.Parsed++
			}
		}
		c.Fetched = c.Parsed + c.Rejected
		cov.Classes = append(cov.Classes, c)
	}
	return cov
}

func fakeSuite() Suite {
	return Suite{Want: fixture(), Text: "Ada Byron", Secret: secret, Reasons: map[Fault]string{Truncated: "cut after", Dropped: "cut after"}}
}

var _ collectors.Collector = (*fake)(nil)

func TestSuitePassesACorrectCollector(t *testing.T) {
	Run(t, fakeHarness{}, fakeSuite())
}

// TestSuiteCatchesDefects proves that every check can fail: each defect must be caught, and by the check that is about it.
func TestSuiteCatchesDefects(t *testing.T) {
	for defect, want := range map[string]string{
		"drops a record":     "exact fixture",
		"wrong count":        "exact fixture",
		"silent rejection":   "exact fixture",
		"random ids":         "same ids in two runs",
		"position as id":     "same ids in another order",
		"loses last of page": "page size 1",
		"ignores cancel":     "cancelled at every record",
		"hides cancel":       "cancelled at every record",
		"ignores emit":       "emit fails at every record",
		"hides emit error":   "emit fails at every record",
		"writes":             "read-only requests",
		"wrong kind":         "refused with 503",
		"swallows refusal":   "refused with 401",
		"no retry":           "healed after one 429",
		"calls cut complete": "truncated is partial",
		"no reason":          "truncated is partial",
		"swallows drop":      "dropped is partial",
		"secret in error":    "refused with 403",
		"secret in log":      "exact fixture",
		"prints secret":      "exact fixture",
		"secret in record":   "exact fixture",
		"leaks goroutine":    "exact fixture",
		"replaces bytes":     "texts byte for byte",
	} {
		t.Run(defect, func(t *testing.T) {
			for _, c := range checks() {
				if c.name != want {
					continue
				}
				err := c.run(&bench{t: t, h: fakeHarness{defect: defect}, s: fakeSuite()})
				if err == nil {
					t.Fatalf("check %q did not notice", want)
				}
				t.Log(strings.SplitN(err.Error(), "\n", 2)[0])
				return
			}
			t.Fatalf("there is no check %q", want)
		})
	}
}

func TestSuiteIsRefusedWhenItTellsNothing(t *testing.T) {
	for name, s := range map[string]Suite{
		"few records": {Want: fixture()[:2], Secret: secret},
		"no secret":   {Want: fixture()},
		"no text":     {Want: fixture(), Secret: secret, Reasons: fakeSuite().Reasons},
		"no reasons":  {Want: fixture(), Text: "Ada Byron", Secret: secret},
	} {
		if s.validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
