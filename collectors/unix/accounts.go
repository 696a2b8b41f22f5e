package unix

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"muster/collectors/unix/sudoers"
	"muster/internal/access"
)

func (r *reading) emitAccounts() error {
	for _, u := range r.users {
		if err := r.out(r.account(u)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) account(u *user) access.Account {
	now := r.c.now()
	a := access.Account{System: r.c.system, ID: u.id, Name: u.name, DisplayName: u.comment, Kind: r.kind(u), Privileged: u.uid == 0,
		Attributes: map[string]string{"uid": fmt.Sprint(u.uid), "home": u.home, "shell": u.shell}, SourceRef: fmt.Sprintf("/etc/passwd:%d", u.line)}
	a.LastLogin, a.NeverLoggedIn = r.logins.of(u)
	expired := false
	switch {
	case u.shadow != nil:
		a.Locked = u.shadow.locked
		if u.shadow.changed > 0 {
			a.PasswordChangedAt = day(u.shadow.changed)
		}
		if u.shadow.expires >= 0 {
			a.ExpiresAt = day(u.shadow.expires)
			expired = !a.ExpiresAt.After(now)
		}
		expired = expired || u.shadow.stale(now)
		if u.shadow.empty {
			a.Attributes["login"] = "no password"
		}
	case u.password == "x":
		a.Locked = true // no line in shadow: no password is right
	default:
		a.Locked = strings.HasPrefix(u.password, "!") || strings.HasPrefix(u.password, "*")
		if u.password == "" {
			a.Attributes["login"] = "no password"
		}
	}
	entry := !a.Locked
	if a.Locked && r.hasKeys(u) {
		a.Attributes["login"] = "key"
		entry = true
	}
	a.Enabled = entry && !expired && isLoginShell(u.shell, r.shells)
	return a
}

func (r *reading) kind(u *user) access.AccountKind {
	switch {
	case u.name == "root" && u.uid == 0:
		return access.KindBreakGlass
	case u.uid == 0 || u.uid >= r.min && u.uid <= r.max:
		return access.KindHuman
	}
	return access.KindService
}

// hasKeys reports whether SSH lets the account in with a key.
func (r *reading) hasKeys(u *user) bool {
	if u.home == "" || u.home == "/nonexistent" || !filepath.IsAbs(u.home) {
		return false
	}
	for _, name := range []string{".ssh/authorized_keys", ".ssh/authorized_keys2"} {
		f, err := r.c.open(filepath.Join(r.c.s.Root, u.home, name))
		if err != nil {
			continue
		}
		data, _ := io.ReadAll(io.LimitReader(f, 1<<20))
		f.Close()
		for _, l := range strings.Split(string(data), "\n") {
			if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
				return true
			}
		}
	}
	return false
}

// emitSudo turns the sudo policy into entitlements and grants.
func (r *reading) emitSudo() error {
	p, err := r.policy()
	if err != nil {
		r.short(err, access.ClassEntitlement, access.ClassGrant)
		return r.ctx.Err()
	}
	if p == nil {
		return nil
	}
	for _, b := range p.Problems {
		r.tallies[access.ClassEntitlement].grave++
		if err := r.out(access.Rejection{Of: access.ClassEntitlement, Ref: b.Ref, Reason: b.Msg}); err != nil {
			return err
		}
	}
	for _, name := range p.Unresolved {
		err := r.out(access.Rejection{Of: access.ClassGrant, Ref: "/etc/sudoers", Reason: "rules for " + name + " need another name service to be resolved"})
		if err != nil {
			return err
		}
	}
	for _, u := range r.users {
		who := sudoers.Who{Name: u.name, UID: u.uid, Groups: map[string]int64{}}
		for g := range r.memberOf[u] {
			who.Groups[g.name] = g.gid
		}
		if err := r.sudo(u, p.May(who, r.host)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) sudo(u *user, rights []sudoers.Right) error {
	freely, freelyVia := false, ""
	for _, right := range rights {
		name := "sudo:" + right.Command
		if right.RunAs != "" {
			name = "sudo(" + right.RunAs + "):" + right.Command
		}
		if err := r.sudoGrant(u, name, right.Via); err != nil {
			return err
		}
		if right.NoPasswd && (!freely || right.Via == "" || freelyVia != "" && right.Via < freelyVia) {
			freely, freelyVia = true, right.Via
		}
	}
	if freely {
		return r.sudoGrant(u, "sudo:NOPASSWD", freelyVia)
	}
	return nil
}

func (r *reading) sudoGrant(u *user, name, via string) error {
	if !r.sudoNames[name] {
		r.sudoNames[name] = true
		err := r.out(access.Entitlement{System: r.c.system, ID: name, Kind: "permission", Name: name, Privileged: true, SourceRef: "/etc/sudoers"})
		if err != nil {
			return err
		}
	}
	var path []string
	if via != "" {
		path = []string{via}
	}
	return r.out(access.Grant{System: r.c.system, AccountID: u.id, EntitlementID: name, Path: path, Effective: true})
}
