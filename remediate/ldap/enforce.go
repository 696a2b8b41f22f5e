package ldap

import (
	"strings"
	"sync"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	"muster/internal/dial/ldap/entry"
	"muster/remediate/ldap/session"
)

// enforcement remembers which policies were seen to enforce locks. A policy is an entry's name; empty stands for the default one.
type enforcement struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (e *enforcement) known(policy string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen[policy]
}

func (e *enforcement) note(policy string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seen == nil {
		e.seen = map[string]bool{}
	}
	e.seen[policy] = true
}

const unenforced = "set pwdLockout: TRUE in the password policy in force (olcPPolicyDefault), name it as policy in remediation.settings, or say locks_enforced: true"

// enforced refuses a lock or an end that the server would not heed: slapd looks at both only where the policy in force says pwdLockout. To
// be told that somebody is locked out who is not is worse than a failure.
func (w *work) enforced(account *entry.Entry, to map[string][]string) error {
	s := &w.t.s
	locks := false
	for _, values := range to {
		locks = locks || len(values) > 0
	}
	policy := account.Value("pwdPolicySubentry")
	if policy == "" {
		policy = s.Policy
	}
	if !locks || s.LocksEnforced || w.t.locks.known(policy) {
		return nil
	}
	found, err := w.policies(policy)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return refuse(access.Invalid, unenforced, "no password policy that muster may read says that locks are enforced")
	}
	for _, p := range found {
		if !strings.EqualFold(p.Value("pwdLockout"), "TRUE") {
			return refuse(access.Invalid, unenforced, "the password policy %s does not enforce locks", p.DN)
		}
	}
	w.t.locks.note(policy)
	return nil
}

// policies reads one policy, or all of the directory's.
func (w *work) policies(policy string) ([]*entry.Entry, error) {
	const filter = "(objectClass=pwdPolicy)"
	attrs := []string{"pwdLockout"}
	if policy != "" {
		found, err := w.c.Entries(policy, ldap.ScopeBaseObject, filter, attrs)
		if session.Code(err) == 32 {
			return nil, nil
		}
		return found, err
	}
	root, err := w.c.Entries("", ldap.ScopeBaseObject, "(objectClass=*)", []string{"namingContexts"})
	if err != nil {
		return nil, err
	}
	people, err := entry.Normalise(w.t.s.People.Base)
	if err != nil {
		return nil, err
	}
	for _, e := range root {
		for _, context := range e.Values("namingContexts") {
			if base, err := entry.Normalise(context); err == nil && entry.Under(people, base) {
				return w.c.Entries(context, ldap.ScopeWholeSubtree, filter, attrs)
			}
		}
	}
	return w.c.Entries(w.t.s.People.Base, ldap.ScopeWholeSubtree, filter, attrs)
}
