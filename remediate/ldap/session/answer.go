package session

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	dial "muster/internal/dial/ldap"
)

// Code is the result code of the server's answer; -1 when there was none. The library's own codes begin at 200.
func Code(err error) int {
	if r, ok := errors.AsType[*ldap.Error](err); ok && r.ResultCode < ldap.ErrorNetwork {
		return int(r.ResultCode)
	}
	return -1
}

// Plain takes the library's prefixes off an answer, wherever in the text it stands.
func Plain(err error) error {
	r, ok := errors.AsType[*ldap.Error](err)
	if !ok || Code(err) < 0 {
		return err
	}
	text := fmt.Sprintf("%s (%d)", dial.CodeName(Code(err)), Code(err))
	if r.Err != nil && r.Err.Error() != "" {
		text += ": " + r.Err.Error()
	}
	return errors.New(strings.Replace(err.Error(), r.Error(), text, 1))
}

// Kind is what a failure means to the decision about another try, with a hint.
func Kind(err error) (access.Kind, string) {
	n := Code(err)
	if n < 0 {
		if kind, hint, ok := dial.ConnectionKind(err); ok {
			return kind, hint
		}
		return access.Transient, "check the network and the server's log"
	}
	kind, hint := dial.ResultKind(n)
	switch n {
	case 50:
		hint = "let bind_dn write people and groups (olcAccess)"
	case 53:
		hint = "see the server's message; it may be read-only"
	case 10:
		kind, hint = access.Denied, "this server does not take changes: name the one that the referral names in remediation.settings.url"
	case 3, 4, 11:
		hint = "raise the limits of bind_dn (olcLimits)"
	case 32:
		hint = "check people.base and groups.base; without read access an entry looks missing too"
	case 17:
		hint = "the server does not know the attribute: load the password policy overlay, or set attributes to what it has"
	case 65:
		hint = "a group of this class cannot be empty: name a placeholder_member in the settings, put another member in, or delete the group"
	case 66:
		hint = "the entry has others below it: move or delete them first"
	case 68:
		hint = "there is an entry of that name"
	case 122:
		hint = "the account was changed since it was looked at"
	}
	return kind, hint
}
