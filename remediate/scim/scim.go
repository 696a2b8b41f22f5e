package scim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/remediate"
)

// Target changes one SCIM server.
type Target struct {
	spec   remediate.Spec
	set    settings
	client *dial.Client // nil when the settings have problems
	server server
	me     self
	groups locks
}

// New is the remediate.Factory of "scim". Settings, taken from the collector's where they are not given:
//
//	url        base URL of the server; https, or http on loopback
//	token      bearer token that may write users and groups: {env: NAME} or {file: path}
//	user       instead of token: name for HTTP Basic
//	password   and its password: {env: NAME} or {file: path}
//	ca_file    PEM file with the authorities to trust instead of the host's
//	timeout    of one request with its whole answer, default 1m
//	self       user names of the account that muster itself uses there, where the server has no /Me
//	extra      attribute path: value, of every account that is created; {employee_id} and the like stand for the person's
func New(spec remediate.Spec) (remediate.Target, error) {
	t := &Target{spec: spec, set: decode(spec)}
	t.server.busy, t.me.busy = make(chan struct{}, 1), make(chan struct{}, 1)
	if t.spec.Now == nil {
		t.spec.Now = time.Now
	}
	if t.set.bad {
		return t, nil // settings whose problems the caller prints
	}
	secret := t.set.Token
	if t.set.User != "" {
		secret = t.set.Password
	}
	value, err := secret.Value()
	if err != nil {
		return nil, &access.Error{System: spec.System, Op: "read secret", Kind: access.Denied, Err: err, Hint: "set it where muster runs"}
	}
	t.client, err = dial.New(dial.Options{System: spec.System, URL: t.set.URL, User: t.set.User, Secret: value, CAFile: t.set.CAFile,
		Timeout: t.set.Timeout, Now: t.spec.Now})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// meTimeout is how long Abilities waits to be told whose token it is.
const meTimeout = 5 * time.Second

// Abilities says what can be done. Whose account the token is, is asked of the server once.
func (t *Target) Abilities() remediate.Abilities {
	a := remediate.Abilities{Self: slices.Clone(t.set.Self), Kinds: kinds()}
	if t.set.User != "" {
		a.Self = append(a.Self, t.set.User)
	}
	if t.client == nil {
		return a
	}
	ctx, cancel := context.WithTimeout(context.Background(), meTimeout)
	defer cancel()
	if me, err := t.whoAmI(ctx); err == nil && me.ID != "" {
		a.Self = append(a.Self, me.ID, me.Name)
	} else if err != nil && t.spec.Log != nil { // Apply asks again before it changes anything
		t.spec.Log.WarnContext(ctx, "server does not say whose token it is", slog.String("system", t.spec.System), slog.Any("error", err))
	}
	return a
}

// kinds are what SCIM has a standard way for, with what of it cannot be undone.
func kinds() map[access.ActionKind]string {
	return map[access.ActionKind]string{
		access.DisableAccount:    "",
		access.EnableAccount:     "",
		access.CreateAccount:     "",
		access.RemoveEntitlement: "",
		access.GrantEntitlement:  "",
		access.DeleteAccount: "the account's id and password cannot be brought back: it is created again under a new id, without a password, " +
			"with its attributes and its direct memberships",
	}
}

// Inspect reads what the action concerns.
func (t *Target) Inspect(ctx context.Context, a access.Action) (access.Observation, error) {
	v, err := t.look(ctx, a)
	if err != nil {
		return access.Observation{}, err
	}
	return v.obs, nil
}

// Apply makes the change, unless it is there already.
func (t *Target) Apply(ctx context.Context, a access.Action) (access.Receipt, error) {
	v, err := t.look(ctx, a)
	if err != nil {
		return access.Receipt{}, err
	}
	if v.obs.Shows(a) {
		return t.receipt(a, access.OutcomeAlready, "it was so already", v.obs), nil
	}
	if err := t.notSelf(ctx, a, v); err != nil {
		return access.Receipt{}, err
	}
	if a.Before != nil && a.Before.Version != "" && v.user != nil && v.obs.Version != a.Before.Version {
		return access.Receipt{}, t.fail(a, access.Conflict, "the account has changed since it was looked at")
	}
	said, err := t.change(ctx, a, v)
	if kind := access.KindOf(err); kind == access.Conflict || kind == access.NotFound {
		// What was sent before an interruption may arrive as late as this.
		if now, again := t.look(ctx, a); again == nil && now.obs.Shows(a) {
			return t.receipt(a, access.OutcomeAlready, "it became so meanwhile", now.obs), nil
		}
	}
	if err != nil {
		return access.Receipt{}, err
	}
	after, err := t.look(ctx, a)
	if err != nil {
		return access.Receipt{}, err
	}
	return t.receipt(a, access.OutcomeDone, said, after.obs), nil
}

// change dispatches; v does not show the change yet.
func (t *Target) change(ctx context.Context, a access.Action, v *view) (string, error) {
	if v.user == nil && a.Kind != access.CreateAccount {
		return "", t.fail(a, access.NotFound, "the account is not there")
	}
	switch a.Kind {
	case access.DisableAccount, access.EnableAccount:
		return t.setActive(ctx, a, v)
	case access.DeleteAccount:
		return t.delete(ctx, a, v)
	case access.CreateAccount:
		return t.create(ctx, a, v)
	}
	if v.held.attribute != "" {
		return t.setValue(ctx, a, v)
	}
	return t.setMember(ctx, a, v)
}

// notSelf refuses to touch the account that does the touching, whatever the plan says.
func (t *Target) notSelf(ctx context.Context, a access.Action, v *view) error {
	if v.user == nil {
		return nil
	}
	me, err := t.whoAmI(ctx)
	if err != nil {
		return err
	}
	own := me.ID != "" && me.ID == v.user.id
	for _, name := range append(t.set.Self, t.set.User) {
		own = own || name != "" && (strings.EqualFold(name, v.user.account.Name) || name == v.user.id)
	}
	if own {
		return t.fail(a, access.Denied, "it is the account that muster itself uses")
	}
	return nil
}

func (t *Target) receipt(a access.Action, outcome access.Outcome, said string, after access.Observation) access.Receipt {
	return access.Receipt{Action: a.ID, Outcome: outcome, At: t.spec.Now().UTC(), Said: said, After: after}
}

// fail makes an error about an action.
func (t *Target) fail(a access.Action, kind access.Kind, text string) error {
	return &access.Error{System: t.spec.System, Op: operation(a), Kind: kind, Err: errors.New(text)}
}

// operation is "disable account ada" or "grant entitlement staff".
func operation(a access.Action) string {
	op := strings.ReplaceAll(string(a.Kind), "-", " ")
	switch a.Kind {
	case access.GrantEntitlement, access.RemoveEntitlement:
		return fmt.Sprintf("%s %.80q", op, a.Entitlement.Name)
	case access.CreateAccount:
		return fmt.Sprintf("%s %.80q", op, userName(a))
	}
	return fmt.Sprintf("%s %.80q", op, a.Account.Name)
}

func userName(a access.Action) string {
	if name := a.Attributes[access.AttrUserName]; name != "" {
		return name
	}
	return a.Account.Name
}
