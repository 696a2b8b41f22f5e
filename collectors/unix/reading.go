package unix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/collectors/unix/sudoers"
	"muster/internal/access"
)

// reading is one Collect.
type reading struct {
	c        *Collector
	ctx      context.Context
	emit     func(access.Record) error
	queries  []string
	host     string
	services []string
	first    error // the first failure that left something unread

	users     []*user
	byName    map[string]*user
	groups    []*unixGroup
	memberOf  map[*user]map[*unixGroup]bool
	shells    map[string]bool
	logins    logins
	min, max  int64
	tallies   map[access.Class]*tally
	sudoNames map[string]bool
}

// tally counts one class.
type tally struct {
	parsed, rejected, grave int64 // grave rejections are lines; the others are only references to nobody
	short                   []string
}

// emitError marks an error of emit.
type emitError struct{ error }

// Unwrap gives the cause.
func (e emitError) Unwrap() error { return e.error }

func isEmit(err error) bool {
	var e emitError
	return errors.As(err, &e)
}

func newReading(ctx context.Context, c *Collector, emit func(access.Record) error) *reading {
	return &reading{c: c, ctx: ctx, emit: emit, byName: map[string]*user{}, memberOf: map[*user]map[*unixGroup]bool{},
		logins:  logins{byName: map[string]time.Time{}, byUID: map[int64]time.Time{}},
		tallies: map[access.Class]*tally{access.ClassAccount: {}, access.ClassEntitlement: {}, access.ClassGrant: {}}, sudoNames: map[string]bool{}}
}

func (r *reading) out(rec access.Record) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if rej, ok := rec.(access.Rejection); ok {
		r.tallies[rej.Of].rejected++
	} else {
		r.tallies[rec.Class()].parsed++
	}
	if err := r.emit(rec); err != nil {
		return emitError{fmt.Errorf("emit %s: %w", rec.Class(), err)}
	}
	return nil
}

// short notes that classes are not whole because of err.
func (r *reading) short(err error, classes ...access.Class) {
	if r.first == nil {
		r.first = err
	}
	for _, c := range classes {
		r.tallies[c].short = append(r.tallies[c].short, err.Error())
	}
}

func (r *reading) bad(of access.Class, file string, lines []badLine) error {
	for _, b := range lines {
		r.tallies[of].grave++
		if err := r.out(access.Rejection{Of: of, Ref: fmt.Sprintf("%s:%d", file, b.line), Reason: b.msg}); err != nil {
			return err
		}
	}
	return nil
}

// run reads everything. Its error is one after which nothing is emitted; what could not be read is noted by short.
func (r *reading) run() error {
	for _, step := range []func() error{r.readUsers, r.readGroups, r.readLogins, r.emitAccounts, r.emitGroups, r.emitSudo} {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// text reads a file that must be there and end in a newline.
func (r *reading) text(name string, classes ...access.Class) []byte {
	data, err := r.file(name)
	if err == nil && len(data) > 0 && data[len(data)-1] != '\n' {
		err = fmt.Errorf("read /%s: %w: the last line has no newline", name, errShort)
	}
	if err != nil {
		r.short(err, classes...)
	}
	return data
}

func (r *reading) readUsers() error {
	all := []access.Class{access.ClassAccount, access.ClassGrant}
	data := r.text("etc/passwd", all...)
	users, bad := parsePasswd(data)
	if len(users) == 0 && r.first == nil {
		r.short(fmt.Errorf("read /etc/passwd: %w: it has no account", errShort), all...)
	}
	if err := r.bad(access.ClassAccount, "/etc/passwd", bad); err != nil {
		return err
	}
	r.users = users
	shadowed := false
	for _, u := range users {
		r.byName[u.name] = u
		shadowed = shadowed || u.password == "x"
	}
	if shadowed {
		lines, bad := parseShadow(r.text("etc/shadow", access.ClassAccount))
		for _, u := range users {
			u.shadow = lines[u.name]
		}
		if err := r.bad(access.ClassAccount, "/etc/shadow", bad); err != nil {
			return err
		}
	}
	defs, _ := r.file("etc/login.defs") // without it sudo's and useradd's own defaults hold
	r.min, r.max = loginDefs(defs, "UID_MIN", 1000), loginDefs(defs, "UID_MAX", 60000)
	if r.c.s.UIDMin > 0 {
		r.min = r.c.s.UIDMin
	}
	if r.c.s.UIDMax > 0 {
		r.max = r.c.s.UIDMax
	}
	shells, _ := r.file("etc/shells")
	r.shells = parseShells(shells)
	if nss, err := r.file("etc/nsswitch.conf"); err == nil {
		r.services = nameServices(string(nss))
	}
	r.host = r.hostname()
	return nil
}

func (r *reading) readGroups() error {
	groups, bad := parseGroup(r.text("etc/group", access.ClassEntitlement, access.ClassGrant))
	r.groups = groups
	return r.bad(access.ClassEntitlement, "/etc/group", bad)
}

// readLogins takes what there is. No record of logins is no failure: many hosts keep none.
func (r *reading) readLogins() error {
	for _, name := range []string{"var/log/wtmp", "var/log/wtmp.1"} {
		data, err := r.file(name)
		if err == nil {
			err = r.logins.wtmp(data)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			r.c.log.WarnContext(r.ctx, "logins not read whole", "file", name, "error", err.Error())
		}
	}
	f, err := r.c.open(filepath.Join(r.c.s.Root, "var/log/lastlog"))
	if err != nil {
		return nil
	}
	defer f.Close()
	r.queries = append(r.queries, "read /var/log/lastlog")
	at, ok := f.(io.ReaderAt)
	if !ok {
		return nil
	}
	uids := make([]int64, len(r.users))
	for i, u := range r.users {
		uids[i] = u.uid
	}
	if err := r.logins.lastlog(at, uids); err != nil {
		r.c.log.WarnContext(r.ctx, "logins not read whole", "file", "var/log/lastlog", "error", err.Error())
	}
	return nil
}

func (r *reading) emitGroups() error {
	byGID := map[int64][]*unixGroup{}
	for _, g := range r.groups {
		byGID[g.gid] = append(byGID[g.gid], g)
		err := r.out(access.Entitlement{System: r.c.system, ID: g.id, Kind: "group", Name: g.name,
			Privileged: r.c.s.Privileged.Match(g.name), SourceRef: fmt.Sprintf("/etc/group:%d", g.line)})
		if err != nil {
			return err
		}
	}
	for _, u := range r.users {
		r.memberOf[u] = map[*unixGroup]bool{}
		for _, g := range byGID[u.gid] {
			r.memberOf[u][g] = true
		}
		if len(byGID[u.gid]) == 0 {
			err := r.out(access.Rejection{Of: access.ClassGrant, Ref: fmt.Sprintf("/etc/passwd:%d", u.line),
				Reason: fmt.Sprintf("the primary group %d of %s is not in /etc/group", u.gid, u.name)})
			if err != nil {
				return err
			}
		}
	}
	for _, g := range r.groups {
		for _, m := range g.members {
			if u := r.byName[m]; u != nil {
				r.memberOf[u][g] = true
				continue
			}
			err := r.out(access.Rejection{Of: access.ClassGrant, Ref: fmt.Sprintf("/etc/group:%d", g.line),
				Reason: fmt.Sprintf("member %s of %s is not in /etc/passwd", m, g.name)})
			if err != nil {
				return err
			}
		}
	}
	for _, u := range r.users {
		for _, g := range r.groups {
			if !r.memberOf[u][g] {
				continue
			}
			if err := r.out(access.Grant{System: r.c.system, AccountID: u.id, EntitlementID: g.id, Effective: true}); err != nil {
				return err
			}
		}
	}
	return nil
}

// coverage states what was read.
func (r *reading) coverage(err error) access.Coverage {
	var cov access.Coverage
	for _, class := range []access.Class{access.ClassAccount, access.ClassEntitlement, access.ClassGrant} {
		t := r.tallies[class]
		if err != nil {
			t.short = append(t.short, "stopped: "+err.Error())
		}
		if int(t.grave) > r.c.s.MaxRejected {
			t.short = append(t.short, fmt.Sprintf("%d lines could not be read, max_rejected is %d", t.grave, r.c.s.MaxRejected))
		}
		k := access.ClassCoverage{Class: class, Claimed: access.NoClaim, Fetched: t.parsed + t.rejected, Parsed: t.parsed,
			Rejected: t.rejected, State: access.Complete}
		if len(t.short) > 0 {
			k.State, k.Reason = access.Partial, strings.Join(t.short, "; ")
			if k.Fetched == 0 {
				k.State = access.Failed
			}
		}
		cov.Classes = append(cov.Classes, k)
	}
	return cov
}

// policy reads sudoers through the collector's own opener. No sudoers means no sudo.
func (r *reading) policy() (*sudoers.Policy, error) {
	read := func(name string) ([]byte, error) { return r.file(strings.TrimPrefix(name, "/")) }
	list := func(dir string) ([]string, error) {
		entries, err := os.ReadDir(filepath.Join(r.c.s.Root, dir))
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", dir, cause(err))
		}
		var names []string
		for _, e := range entries {
			if !e.IsDir() {
				names = append(names, e.Name())
			}
		}
		return names, nil
	}
	short, _, _ := strings.Cut(r.host, ".")
	p, err := sudoers.Read("/etc/sudoers", short, read, list)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return p, err
}
