package targettest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

const secret = "s3cr3t/of+a test"

// login is an account of the invented system.
type login struct {
	Name    string
	Enabled bool
	Expires time.Time
	Groups  []string
	version int
	open    int // sessions
}

// fake is a system and its target in one, correct unless a defect is asked for.
type fake struct {
	s      Scenario
	defect string

	mu     sync.Mutex
	logins map[string]*login // by id
	groups []string
	born   int
}

type fakeHarness struct{ defect string }

// Open stands up a fake.
func (h fakeHarness) Open(_ testing.TB, s Scenario) System {
	f := &fake{s: s, defect: h.defect, groups: []string{"admins", "staff"}, logins: map[string]*login{
		"u1": {Name: "ada", Enabled: true, Groups: []string{"staff"}, version: 1, open: 2},
		"u2": {Name: "grace", version: 1},
	}}
	return System{Target: f, Dump: f.dump, Shape: f.shape, Touch: f.touch}
}

func (f *fake) dump() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(f.logins)) {
		l := f.logins[id]
		fmt.Fprintf(&b, "%s %s enabled=%t expires=%d groups=%v\n", id, l.Name, l.Enabled, l.Expires.Unix(), l.Groups)
	}
	return b.String()
}

func (f *fake) shape() string {
	var lines []string
	for line := range strings.Lines(f.dump()) {
		_, rest, _ := strings.Cut(line, " ")
		lines = append(lines, rest)
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func (f *fake) touch(a access.Action) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, l := f.find(a.Account)
	l.version++
	l.Name = strings.ToUpper(l.Name)
}

// find is the account by its id, else by its name.
func (f *fake) find(ref access.AccountRef) (string, *login) {
	if l := f.logins[ref.ID]; l != nil {
		return ref.ID, l
	}
	for id, l := range f.logins {
		if strings.EqualFold(l.Name, ref.Name) {
			return id, l
		}
	}
	return "", nil
}

// request is a request that reaches the system, unless ctx ended.
func (f *fake) request(ctx context.Context) error {
	if f.s.OnRequest != nil {
		f.s.OnRequest()
	}
	switch {
	case f.defect == "ignores cancel", f.defect == "ignores an ended context" && ctx.Err() != nil && f.s.OnRequest == nil:
		return nil
	case ctx.Err() != nil && f.defect == "hides cancel":
		return &access.Error{Op: "ask", Kind: access.Transient, Err: errors.New("broken off")}
	case ctx.Err() != nil && f.defect == "dawdles":
		time.Sleep(prompt + 100*time.Millisecond)
	}
	return ctx.Err()
}

// Inspect looks.
func (f *fake) Inspect(ctx context.Context, a access.Action) (access.Observation, error) {
	if err := f.request(ctx); err != nil {
		return access.Observation{}, fmt.Errorf("inspect %s: %w", a.Account.Name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	obs := access.Observation{At: time.Now().UTC()}
	if f.defect == "local time" {
		obs.At = obs.At.In(time.FixedZone("", 3600))
	}
	id, l := f.find(a.Account)
	if l == nil {
		return obs, nil
	}
	obs.Exists, obs.AccountID, obs.Enabled, obs.ExpiresAt, obs.Sessions = true, id, l.Enabled, l.Expires, l.open
	obs.Version, obs.Holds = fmt.Sprint(l.version), slices.Contains(l.Groups, a.Entitlement.Name)
	switch f.defect {
	case "no version":
		obs.Version = ""
	case "inspect writes":
		l.Groups = append(l.Groups, "seen")
	case "same id for all":
		obs.AccountID = a.Account.ID
	}
	var err error
	obs.Restore, err = json.Marshal(l)
	return obs, err
}

// Apply changes.
func (f *fake) Apply(ctx context.Context, a access.Action) (access.Receipt, error) {
	f.s.Log.DebugContext(ctx, "apply", "action", a.ID, "token", map[bool]string{true: secret}[f.defect == "secret in log"])
	now, err := f.Inspect(ctx, a)
	if err != nil {
		return access.Receipt{}, err
	}
	receipt := access.Receipt{Action: a.ID, Outcome: access.OutcomeAlready, At: time.Now().UTC(), Said: "nothing", After: now}
	foreign := now.Exists && a.Account.ID != "" && now.AccountID != a.Account.ID && f.defect != "by name alone"
	switch {
	case foreign:
		return receipt, refusal(access.Conflict, "the name is another account's")
	case now.Shows(a) && f.defect != "does it again":
		return receipt, nil
	case !now.Exists && a.Kind != access.CreateAccount && f.defect != "gone is done":
		return receipt, refusal(access.NotFound, "no such account")
	case a.Before != nil && a.Before.Version != "" && a.Before.Version != now.Version && f.defect != "ignores version":
		return receipt, refusal(access.Conflict, "it has changed")
	}
	if err := f.write(ctx, a, now); err != nil {
		return receipt, err
	}
	receipt.Outcome, receipt.Said = access.OutcomeDone, "200 OK"
	if f.defect == "receipt of before" {
		return receipt, nil
	}
	receipt.After, err = f.Inspect(ctx, a)
	return receipt, err
}

func refusal(kind access.Kind, why string) error {
	return &access.Error{Op: "change account", Kind: kind, Err: errors.New(why)}
}

// write is the writing request, with the scenario's fault.
func (f *fake) write(ctx context.Context, a access.Action, now access.Observation) error {
	if err := f.request(ctx); err != nil {
		if f.defect == "half done" && a.Kind == access.DisableAccount {
			f.logins[now.AccountID].Groups = append(f.logins[now.AccountID].Groups, "half")
		}
		return fmt.Errorf("write: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	kinds := map[Fault]access.Kind{Unauthorised: access.Denied, Forbidden: access.Denied, Missing: access.NotFound, Clash: access.Conflict,
		Throttled: access.Throttled, Unavailable: access.Transient, Dropped: access.Transient}
	kind, refused := kinds[f.s.Fault]
	why := "answered " + string(f.s.Fault)
	switch f.defect {
	case "wrong kind":
		kind = access.Internal
	case "swallows refusal":
		if refused {
			return nil
		}
	case "secret in error":
		why += " to Bearer " + secret
	}
	if refused && f.defect != "writes before refusal" {
		return refusal(kind, why)
	}
	if err := f.change(a, now); err != nil {
		return err
	}
	switch {
	case refused:
		return refusal(kind, why)
	case f.s.Fault == Committed && f.defect == "swallows break":
		return nil
	case f.s.Fault == Committed:
		return refusal(access.Transient, "connection reset")
	}
	return nil
}

func (f *fake) change(a access.Action, now access.Observation) error {
	l := f.logins[now.AccountID]
	if l == nil {
		f.born++
		l = &login{Name: a.Account.Name, Enabled: true}
		f.logins[fmt.Sprintf("n%d-%p", f.born, f)] = l
		if a.Restore != nil {
			if err := json.Unmarshal(a.Restore, l); err != nil {
				return err
			}
			delete(f.logins, fmt.Sprintf("n%d-%p", f.born, f))
			f.logins[a.Account.ID] = l
		}
	}
	l.version++
	switch a.Kind {
	case access.EnableAccount, access.DisableAccount:
		l.Enabled = a.Kind == access.EnableAccount
		if f.defect == "forgets expiry" && a.Undoes != "" {
			l.Expires = time.Unix(1, 0)
		}
	case access.DeleteAccount:
		delete(f.logins, now.AccountID)
	case access.SetExpiry:
		l.Expires = a.ExpiresAt
	case access.RevokeSessions:
		l.open = 0
	case access.GrantEntitlement, access.RemoveEntitlement:
		return f.member(a, l)
	}
	return nil
}

func (f *fake) member(a access.Action, l *login) error {
	if !slices.Contains(f.groups, a.Entitlement.Name) && f.defect != "makes groups" {
		return refusal(access.NotFound, "no such group")
	}
	if a.Kind == access.RemoveEntitlement {
		l.Groups = slices.DeleteFunc(l.Groups, func(g string) bool { return g == a.Entitlement.Name })
		return nil
	}
	l.Groups = append(l.Groups, a.Entitlement.Name)
	slices.Sort(l.Groups)
	return nil
}

// Abilities are all.
func (f *fake) Abilities() remediate.Abilities {
	can := map[access.ActionKind]string{}
	for _, k := range access.ActionKinds() {
		if k != access.NotifyOwner && (k != access.SetExpiry || f.defect != "cannot expire") {
			can[k] = ""
		}
	}
	return remediate.Abilities{Kinds: can}
}
