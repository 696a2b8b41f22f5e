package store_test

import (
	"reflect"
	"testing"

	"muster/internal/store"
	"muster/internal/store/wire"
)

// TestGrantsAreGatheredAgainAfterACrash leaves half of the arrays per account, as a kill in the middle would, and links again.
func TestGrantsAreGatheredAgainAfterACrash(t *testing.T) {
	o := options(t)
	s := reopen(t, o)
	w := office(t, s)
	want := factsOf(t, s, w, store.FactsQuery{})
	db, err := wire.Open(t.Context(), wire.Options{Dial: o.Dial, User: o.User, Password: o.Password, Database: o.Database, Log: quiet(), Now: o.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	arrays := func() (n uint64) {
		if _, err := db.One(t.Context(), wire.Query{Op: "count arrays", SQL: "SELECT sum(length(entitlement_ids)) FROM account_grants"}, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	whole := arrays()
	if err := db.Exec(t.Context(), "lose arrays", "DELETE FROM account_grants WHERE account_id = 'u1'"); err != nil {
		t.Fatal(err)
	}
	if arrays() == whole {
		t.Fatal("nothing was lost: the test shows nothing")
	}
	for range 2 { // the second time finds them whole
		if _, err := s.LinkAccounts(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if got := arrays(); got != whole {
			t.Errorf("%d grants in arrays, want %d", got, whole)
		}
	}
	if got := factsOf(t, s, w, store.FactsQuery{}); !reflect.DeepEqual(got, want) {
		t.Error("the facts are others than before")
	}
}
