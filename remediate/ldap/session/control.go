package session

import (
	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Unless is the control by which the server refuses a change (assertionFailed) unless the entry still has a value (RFC 4528). It is not
// critical: a server that does not know it has at least been asked right before.
func Unless(attr, value string) []ldap.Control {
	test, err := ldap.CompileFilter("(" + attr + "=" + ldap.EscapeFilter(value) + ")")
	if err != nil {
		return nil
	}
	return []ldap.Control{ldap.NewControlString("1.3.6.1.1.12", false, string(test.Bytes()))}
}

// MatchedValues is the control that leaves out all values but those that match (RFC 3876 §2). A server that does not know it gives all.
func MatchedValues(items []string) (ldap.Control, error) {
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for _, item := range items {
		p, err := ldap.CompileFilter(item)
		if err != nil {
			return nil, err
		}
		list.AppendChild(p)
	}
	return ldap.NewControlString("1.2.826.0.1.3344810.2.3", false, string(list.Bytes())), nil
}
