package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
)

// many are n accounts, each with a grant.
func many(n int) []access.Record {
	out := make([]access.Record, 0, 2*n)
	for i := range n {
		id := fmt.Sprintf("acc-%07d", i)
		out = append(out, access.Account{System: "vpn", ID: id, Name: id}, access.Grant{System: "vpn", AccountID: id, EntitlementID: fmt.Sprint("e", i%50), Effective: true})
	}
	return out
}

func TestLoadManyBatches(t *testing.T) {
	s := open(t)
	const n = 120_000 // three batches of accounts
	load(t, s, "big", "vpn", at(22), many(n)...)
	counts, err := s.StoredCounts(t.Context(), "big")
	if err != nil || counts[access.ClassAccount] != n || counts[access.ClassGrant] != n {
		t.Errorf("got %v, %v", counts, err)
	}
}

func TestUncommittedIsInvisible(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	snap := access.Snapshot{ID: "half", System: "vpn", TakenAt: at(22)}
	crash, err := s.BeginSnapshot(ctx, snap)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range many(60_000) {
		if err := crash.Add(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() bool {
		c, err := s.StoredCounts(ctx, "half")
		return err == nil && c[access.ClassAccount] == 50_000
	})
	if _, found, err := s.Newest(ctx, "vpn"); found || err != nil {
		t.Errorf("a snapshot without a commit record is seen: %v %v", found, err)
	}
	t.Run("same id again", func(t *testing.T) {
		if _, err := s.BeginSnapshot(ctx, snap); access.KindOf(err) != access.Conflict {
			t.Errorf("got %v", err)
		}
	})
	t.Run("sweep keeps what is being loaded", func(t *testing.T) {
		if n, err := s.SweepUncommitted(ctx); err != nil || n != 0 {
			t.Errorf("swept %d, %v", n, err)
		}
	})
	t.Run("abort", func(t *testing.T) {
		if err := crash.Abort(ctx); err != nil {
			t.Fatal(err)
		}
		if c, err := s.StoredCounts(ctx, "half"); err != nil || c[access.ClassAccount] != 0 {
			t.Errorf("left %v, %v", c, err)
		}
		if err := crash.Add(ctx, access.Account{ID: "x"}); err == nil {
			t.Error("an ended loader takes records")
		}
		if err := crash.Commit(ctx, snap); err == nil {
			t.Error("an ended loader commits")
		}
	})
}

func TestSweepUncommitted(t *testing.T) {
	o := options(t)
	first, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	load(t, first, "good", "vpn", at(22), many(10)...)
	for _, id := range []string{"killed", "kept"} {
		l, err := first.BeginSnapshot(ctx, access.Snapshot{ID: id, System: "vpn", TakenAt: at(22)})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range many(50_000) {
			if err := l.Add(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		waitFor(t, func() bool {
			c, err := first.StoredCounts(ctx, id)
			return err == nil && c[access.ClassAccount] == 50_000
		})
	}
	// The process dies here; another one opens the same database.
	second := reopen(t, o)
	if n, err := second.SweepUncommitted(ctx, "kept"); err != nil || n != 1 {
		t.Errorf("swept %d, want 1 (%v)", n, err)
	}
	for id, want := range map[string]int64{"good": 10, "killed": 0, "kept": 50_000} {
		if c, err := second.StoredCounts(ctx, id); err != nil || c[access.ClassAccount] != want {
			t.Errorf("%s: %d accounts, want %d (%v)", id, c[access.ClassAccount], want, err)
		}
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
}

func TestCommitCountsRows(t *testing.T) {
	o := options(t)
	s, other := reopen(t, o), reopen(t, o)
	ctx := t.Context()
	snap := access.Snapshot{ID: "swept", System: "vpn", TakenAt: at(22), State: access.Complete}
	l, err := s.BeginSnapshot(ctx, snap)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range many(50_001) {
		if err := l.Add(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() bool {
		c, err := s.StoredCounts(ctx, "swept")
		return err == nil && c[access.ClassAccount] == 50_000
	})
	if _, err := other.SweepUncommitted(ctx); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(ctx, snap); err == nil || !strings.Contains(err.Error(), "were added and") {
		t.Errorf("rows that are gone must stop the commit: %v", err)
	}
	if _, found, _ := s.Snapshot(ctx, "swept"); found {
		t.Error("the snapshot is visible")
	}
	if err := l.Abort(ctx); err != nil {
		t.Error(err)
	}
}

// cutConn breaks when the query that inserts into cut has been sent and answered: the server has the block, the client does not know.
type cutConn struct {
	net.Conn
	cut  string
	left *atomic.Int32
	hot  bool
}

func (c *cutConn) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(c.cut)) {
		c.hot = true
	}
	return c.Conn.Write(b)
}

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	// The end-of-stream packet of the insert is the lone byte 5; profile events and progress come before it.
	if c.hot && err == nil && n > 0 && b[n-1] == 5 && c.left.Add(-1) >= 0 {
		c.Conn.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

func TestLostAnswersStoreNothingTwice(t *testing.T) {
	for _, table := range []string{"accounts", "grants", "rejections", "snapshots"} {
		t.Run(table, func(t *testing.T) {
			o := options(t)
			reopen(t, o) // migrated in peace
			var left atomic.Int32
			dial := o.Dial
			o.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
				c, err := dial(ctx, addr)
				if err != nil {
					return nil, err
				}
				return &cutConn{Conn: c, cut: "INSERT INTO " + table + " (", left: &left}, nil
			}
			s := reopen(t, o)
			left.Store(1)
			load(t, s, "s", "vpn", at(22), append(many(100), access.Rejection{Of: access.ClassAccount, Ref: "row 9", Reason: "no id"})...)
			if left.Load() > 0 {
				t.Fatal("no answer was lost, so nothing was tested")
			}
			c, err := s.StoredCounts(t.Context(), "s")
			if err != nil || c[access.ClassAccount] != 100 || c[access.ClassGrant] != 100 || c[access.ClassRejection] != 1 {
				t.Errorf("stored %v, %v", c, err)
			}
			snap, _, err := s.Snapshot(t.Context(), "s")
			if err != nil || len(snap.Rejections) != 1 {
				t.Errorf("%d rejections, %v", len(snap.Rejections), err)
			}
		})
	}
}

func TestHostileText(t *testing.T) {
	s := open(t)
	for name, text := range map[string]string{
		"backslash": `a\b\\c\n`, "newline": "a\nb\r\nc\td", "nul": "a\x00b", "quotes": `a'b"c` + "`d", "sql": `'); DROP TABLE persons; --`,
		"parameter": "{hr:String} {x:Array(String)} ? @p $1", "not utf-8": "a\xff\xfeb", "emoji": "a😀b", "bidi": "a\u202eb", "empty": "", "long": strings.Repeat("x", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			id := "W" + text
			hr := load(t, s, "hr-"+text, "hr"+text, at(22), access.Person{ID: id, Row: 1, DisplayName: text, Title: text, Department: text, ManagerID: text, Email: "m" + text, Attributes: map[string]string{"k" + text: text}})
			sys := load(t, s, "sys-"+text, "sys"+text, at(22), records[access.Record](
				access.Account{System: "sys" + text, ID: "A" + text, Name: text, EmployeeID: id, SourceRef: text, Attributes: map[string]string{"k" + text: text}},
				access.Entitlement{System: "sys" + text, ID: "E" + text, Name: "N" + text, Description: text, Kind: text},
				access.Grant{System: "sys" + text, AccountID: "A" + text, EntitlementID: "E" + text, Path: []string{text, "p" + text}, Effective: true},
				access.Rejection{Of: access.ClassAccount, Ref: text, Reason: text},
			)...)
			w := worldOf(hr, sys)
			w.RunID = "run-" + text
			w.Linking.Map = []store.MapEntry{{System: "sys" + text, Account: "A" + text, Person: id}}
			if err := s.SaveWorld(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			if _, err := s.LinkAccounts(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			got := factsOf(t, s, w, store.FactsQuery{Person: id})
			if len(got) != 1 || len(got[0].Accounts) != 1 || len(got[0].Accounts[0].Grants) != 1 {
				t.Fatalf("got %+v", got)
			}
			p, a := got[0].Person, got[0].Accounts[0]
			g := a.Grants[0]
			if p.ID != id || p.DisplayName != text || p.Title != text || p.ManagerID != text || p.Attributes["k"+text] != text {
				t.Errorf("person %+v", p)
			}
			if a.Name != text || a.SourceRef != text || a.Attributes["k"+text] != text || g.Entitlement.Name != "N"+text || g.Entitlement.Description != text || !reflect.DeepEqual(g.Path, []string{text, "p" + text}) {
				t.Errorf("account %+v", a)
			}
			ref := store.GrantRef{Account: "A" + text, Entitlement: "E" + text}
			if since, err := s.GrantsSince(t.Context(), "sys"+text, []store.GrantRef{ref}); err != nil || !since[ref].Equal(at(22)) {
				t.Errorf("since %v %v", since, err)
			}
			back, ok, err := s.WorldOfRun(t.Context(), "run-"+text)
			if err != nil || !ok || !reflect.DeepEqual(back.Linking, w.Linking) || len(back.Systems) != 1 || back.Systems[0].Used.Rejections[0].Ref != text {
				t.Errorf("world %+v %v %v", back, ok, err)
			}
			field := "attributes.k" + text
			if len(text) > 1000 {
				field = "title" // names of fields come from the configuration and are part of the SQL
			}
			if n := profileCount(t, s, w, []string{"title", field}); n != 1 {
				t.Errorf("%d profiles", n)
			}
		})
	}
}

func profileCount(t *testing.T, s *store.Store, w store.World, fields []string) int {
	t.Helper()
	n := 0
	if err := s.Profiles(t.Context(), w, fields, func(uint64, access.Person) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAddAfterCancel(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	l, err := s.BeginSnapshot(ctx, access.Snapshot{ID: "c", System: "vpn", TakenAt: at(22)})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := l.Add(ctx, access.Account{ID: "1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := l.Abort(t.Context()); err != nil {
		t.Error(err)
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatal("it does not come true")
}
