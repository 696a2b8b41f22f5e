package approve_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/remediatetest"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// people is HR in memory, by worker id.
type people map[string]access.Person

// Find gives a person by worker id, e-mail address or login.
func (p people) Find(_ context.Context, ref string) (access.Person, bool, error) {
	for _, id := range slices.Sorted(maps.Keys(p)) {
		if x := p[id]; ref != "" && (x.ID == ref || x.Email == ref || x.Username == ref) {
			return x, true, nil
		}
	}
	return access.Person{}, false, nil
}

// staff is a small organisation: W-9 heads it; W-3 has left, and W-4 is on leave.
func staff() people {
	out := people{}
	for _, row := range [][3]string{{"W-1", "Amara Diallo", "W-2"}, {"W-2", "Jonas Lindqvist", "W-9"}, {"W-3", "Mei Tanaka", "W-9"}, {"W-4", "Ngozi Okafor", "W-9"},
		{"W-5", "Leila Haddad", "W-9"}, {"W-6", "Pavel Novak", "W-9"}, {"W-7", "Rosa Vidal", "W-3"}, {"W-9", "Ines Moreau", ""}} {
		login, _, _ := strings.Cut(strings.ToLower(row[1]), " ")
		out[row[0]] = access.Person{ID: row[0], DisplayName: row[1], ManagerID: row[2], Email: login + "@example.com", Username: login, Status: access.StatusActive}
	}
	gone, away := out["W-3"], out["W-4"]
	gone.Status, away.Status = access.StatusTerminated, access.StatusLeave
	out["W-3"], out["W-4"] = gone, away
	return out
}

// office is a desk with a ledger on disk and records in memory.
type office struct {
	*approve.Desk
	records *remediatetest.Records
	ledger  *remediatetest.Ledger
	dir     string
	mu      sync.Mutex
	clock   time.Time
}

func open(t testing.TB) *office {
	t.Helper()
	o := &office{records: &remediatetest.Records{}, dir: t.TempDir(), clock: monday}
	log, err := ledger.Open(o.dir, ledger.Options{Origin: "muster.example/test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	o.ledger = &remediatetest.Ledger{Ledger: log}
	key := sha256.Sum256([]byte("a key"))
	o.Desk = &approve.Desk{Records: o.records, Ledger: o.ledger, People: staff(), Tokens: approve.NewTokens(key[:]), Now: o.now}
	return o
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.clock
}

func (o *office) wait(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clock = o.clock.Add(d)
}

// question is about the access of W-1; W-2 and W-5 may decide, W-6 once it is escalated, W-7 asked for it.
func question() access.Approval {
	return access.Approval{ID: "AP-1", Key: "about W-1", Run: "R-1", About: access.AboutActions, Actions: []string{"A-1"}, Person: "W-1", Requester: "W-7", Need: 1,
		Approvers:  []access.Approver{{Person: "W-2", Name: "Jonas Lindqvist", Role: "manager"}, {Person: "W-5", Name: "Leila Haddad", Role: "owner"}, {Person: "W-3", Name: "Mei Tanaka", Role: "owner"}},
		Escalation: []access.Approver{{Person: "W-6", Name: "Pavel Novak", Role: "security"}}, OnExpiry: access.ExpiryRefuse}
}

func (o *office) raise(t testing.TB, q access.Approval) access.Approval {
	t.Helper()
	out, err := o.Raise(t.Context(), []access.Approval{q})
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func (o *office) claim(person string, verdict access.Verdict) approve.Claim {
	c := approve.Claim{Approval: "AP-1", Verdict: verdict, Person: person, Channel: access.ChannelSlack, Token: o.Tokens.Button("AP-1")}
	if verdict == access.Deny {
		c.Reason = "not this month"
	}
	return c
}

func (o *office) stored(t testing.TB, id string) access.Approval {
	t.Helper()
	list, err := remediate.Load[access.Approval](t.Context(), o.records, access.DocumentQuery{Kind: access.DocApproval, ID: id})
	if err != nil || len(list) != 1 {
		t.Fatalf("%s is stored %d times: %v", id, len(list), err)
	}
	return list[0]
}

func (o *office) entries(t testing.TB, kind ledger.Type, secret ...string) []string {
	t.Helper()
	list, err := remediatetest.Entries(t.Context(), o.dir, kind, secret...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func refusedFor(t testing.TB, err error) approve.RefusalKind {
	t.Helper()
	no, ok := errors.AsType[*approve.Refusal](err)
	if !ok {
		t.Fatalf("not refused: %v", err)
	}
	return no.Why
}
