package remediatetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

// Account is an account of a System.
type Account struct {
	ID       string
	Name     string
	Enabled  bool
	Expires  time.Time
	Holds    []string
	Sessions int
	version  int
}

// Op is what a target is asked to do.
type Op string

// The ops.
const (
	Inspect Op = "inspect"
	Apply   Op = "apply"
)

// System is a system in memory, and its target in one. The zero value is empty and obedient.
type System struct {
	Name string
	Now  func() time.Time // time.Now when nil
	// Before is asked before a call does anything, After when it took effect; an error of either is the answer of the call.
	Before, After func(context.Context, Op, access.Action) error
	Lag           int  // how many looks at an account after a change still show it as it was
	Orders        bool // it writes orders instead of changing anything
	Unversioned   bool // it has nothing to compare and set
	Can           remediate.Abilities

	mu       sync.Mutex
	accounts map[string]*Account // by id
	former   map[string]lagging  // by id
	changes  map[string]int      // by action id
	orders   map[string]bool     // by action id
	calls    map[Op]int
	born     int
}

type lagging struct {
	account *Account // nil: it was not there
	looks   int
}

// Add puts accounts there behind the target's back; one of the same id is replaced.
func (s *System) Add(list ...Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts == nil {
		s.accounts = map[string]*Account{}
	}
	for _, a := range list {
		a.Holds = slices.Clone(a.Holds)
		a.version = 1
		if old := s.accounts[a.ID]; old != nil {
			a.version = old.version + 1
		}
		s.accounts[a.ID] = &a
	}
}

// Remove takes an account away behind the target's back.
func (s *System) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.accounts, id)
}

// Account gives an account by its id, else by its name.
func (s *System) Account(ref string) (Account, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(access.AccountRef{ID: ref})
	if a == nil {
		a = s.find(access.AccountRef{Name: ref})
	}
	if a == nil {
		return Account{}, false
	}
	return *a, true
}

// Dump lists all accounts, in the order of their names.
func (s *System) Dump() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, a := range s.accounts {
		lines = append(lines, fmt.Sprintf("%s %s enabled=%t expires=%s holds=%v sessions=%d\n", a.Name, a.ID, a.Enabled, a.Expires.UTC().Format(time.RFC3339), a.Holds, a.Sessions))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// Changes says how often each action changed something, by its id.
func (s *System) Changes() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.changes)
}

// Calls counts the calls of an op.
func (s *System) Calls(op Op) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[op]
}

// Abilities are Can, or everything.
func (s *System) Abilities() remediate.Abilities {
	can := s.Can
	can.Orders = can.Orders || s.Orders
	if can.Kinds == nil {
		can.Kinds = map[access.ActionKind]string{}
		for _, k := range access.ActionKinds() {
			if k != access.NotifyOwner {
				can.Kinds[k] = ""
			}
		}
	}
	return can
}

// Inspect reads what an action concerns.
func (s *System) Inspect(ctx context.Context, a access.Action) (access.Observation, error) {
	if err := s.enter(ctx, Inspect, a); err != nil {
		return access.Observation{}, err
	}
	s.mu.Lock()
	obs := s.look(a)
	s.mu.Unlock()
	return obs, s.leave(ctx, Inspect, a)
}

// Apply makes the change, unless it is there already.
func (s *System) Apply(ctx context.Context, a access.Action) (access.Receipt, error) {
	if err := s.enter(ctx, Apply, a); err != nil {
		return access.Receipt{}, err
	}
	receipt, err := s.apply(a)
	if err != nil {
		return receipt, err
	}
	return receipt, s.leave(ctx, Apply, a)
}

func (s *System) enter(ctx context.Context, op Op, a access.Action) error {
	s.mu.Lock()
	if s.calls == nil {
		s.calls = map[Op]int{}
	}
	s.calls[op]++
	s.mu.Unlock()
	if s.Before != nil {
		if err := s.Before(ctx, op, a); err != nil {
			return err
		}
	}
	return s.cancelled(ctx, op)
}

func (s *System) leave(ctx context.Context, op Op, a access.Action) error {
	if s.After != nil {
		if err := s.After(ctx, op, a); err != nil {
			return err
		}
	}
	return s.cancelled(ctx, op)
}

func (s *System) cancelled(ctx context.Context, op Op) error {
	if err := ctx.Err(); err != nil {
		return &access.Error{System: s.Name, Op: string(op), Kind: access.Transient, Err: err}
	}
	return nil
}

func (s *System) apply(a access.Action) (access.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	receipt := access.Receipt{Action: a.ID, Outcome: access.OutcomeDone, At: now().UTC(), Said: "200 OK"}
	if s.orders == nil {
		s.orders, s.changes, s.former = map[string]bool{}, map[string]int{}, map[string]lagging{}
	}
	if s.Orders {
		if !s.orders[a.ID] {
			s.changes[a.ID]++
		}
		s.orders[a.ID] = true
		receipt.Outcome, receipt.After = access.OutcomeOrdered, s.look(a)
		return receipt, nil
	}
	account := s.find(a.Account)
	switch {
	case present(account, a).Shows(a):
		receipt.Outcome = access.OutcomeAlready
	case account == nil && a.Kind != access.CreateAccount:
		return receipt, &access.Error{System: s.Name, Op: "change " + a.Account.Name, Kind: access.NotFound, Err: fmt.Errorf("there is no account %s", a.Account.ID)}
	case account != nil && a.Before != nil && a.Before.Version != "" && a.Before.Version != strconv.Itoa(account.version):
		return receipt, &access.Error{System: s.Name, Op: "change " + a.Account.Name, Kind: access.Conflict, Err: fmt.Errorf("version %s is not %d", a.Before.Version, account.version)}
	default:
		s.change(account, a)
		s.changes[a.ID]++
	}
	receipt.After = s.look(a)
	return receipt, nil
}

// change does what an action says; account is nil when it is to be created.
func (s *System) change(account *Account, a access.Action) {
	id := a.Account.ID
	var before *Account
	if account != nil {
		id = account.ID
		old := *account
		old.Holds = slices.Clone(account.Holds)
		before = &old
		account.version++
	}
	switch a.Kind {
	case access.CreateAccount:
		s.born++
		id = fmt.Sprintf("new-%d", s.born)
		made := &Account{ID: id, Name: a.Account.Name, Enabled: true, version: 1}
		if len(a.Restore) > 0 {
			_ = json.Unmarshal(a.Restore, made) // it is what look wrote
			made.ID = id
		}
		if s.accounts == nil {
			s.accounts = map[string]*Account{}
		}
		s.accounts[id] = made
	case access.DeleteAccount:
		delete(s.accounts, id)
	case access.EnableAccount, access.DisableAccount:
		account.Enabled = a.Kind == access.EnableAccount
	case access.GrantEntitlement:
		account.Holds = append(slices.Clone(account.Holds), a.Entitlement.Name)
		slices.Sort(account.Holds)
	case access.RemoveEntitlement:
		account.Holds = slices.DeleteFunc(slices.Clone(account.Holds), func(e string) bool { return e == a.Entitlement.Name })
	case access.SetExpiry:
		account.Expires = a.ExpiresAt
	case access.RevokeSessions:
		account.Sessions = 0
	}
	if s.Lag > 0 {
		s.former[id] = lagging{before, s.Lag}
	}
}

func (s *System) find(ref access.AccountRef) *Account {
	if a := s.accounts[ref.ID]; a != nil {
		return a
	}
	for _, id := range slices.Sorted(maps.Keys(s.accounts)) {
		if ref.Name != "" && s.accounts[id].Name == ref.Name {
			return s.accounts[id]
		}
	}
	return nil
}

// look is what a read shows, which may be late.
func (s *System) look(a access.Action) access.Observation {
	account := s.find(a.Account)
	var id string
	if account != nil {
		id = account.ID
	} else {
		id = a.Account.ID
	}
	if late, ok := s.former[id]; ok && late.looks > 0 {
		late.looks--
		s.former[id] = late
		account = late.account
	}
	o := present(account, a)
	if s.Orders {
		o = access.Observation{Unseen: true, Ordered: s.orders[a.ID]}
	}
	if s.Unversioned {
		o.Version = ""
	}
	if s.Now != nil {
		o.At = s.Now().UTC()
	}
	return o
}

// present is an account as it is, as far as an action is concerned with it.
func present(account *Account, a access.Action) access.Observation {
	if account == nil {
		return access.Observation{}
	}
	restore, _ := json.Marshal(account) // plain data
	return access.Observation{Exists: true, AccountID: account.ID, Enabled: account.Enabled, ExpiresAt: account.Expires, Sessions: account.Sessions,
		Holds: slices.Contains(account.Holds, a.Entitlement.Name), Version: strconv.Itoa(account.version), Restore: restore}
}
