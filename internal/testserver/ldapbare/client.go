// Package ldapbare is a plain client of a directory, what measurements compare a target with: it sends the requests that it is told to send,
// and nothing else. It keeps no pool, tries nothing again and writes nothing down.
//
// Standards: RFC 4511, RFC 2696 (paging), RFC 3876 (matched values), RFC 4528 (assertion). A Client belongs to one goroutine. Errors are the
// library's. The package does not import testing.
package ldapbare

import (
	"fmt"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Client is one connection.
type Client struct{ conn *ldap.Conn }

// Dial connects in clear and binds.
func Dial(url, dn, password string) (*Client, error) {
	conn, err := ldap.DialURL(url)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", url, err)
	}
	if err := conn.Bind(dn, password); err != nil {
		conn.Close()
		return nil, fmt.Errorf("bind as %s: %w", dn, err)
	}
	return &Client{conn}, nil
}

// Close hangs up.
func (c *Client) Close() { c.conn.Close() }

// Entry is an entry as the library gives it.
type Entry = ldap.Entry

// Search is what is looked for below a base.
type Search struct {
	Base, Filter string
	Attributes   []string
	Page         uint32
	Only         []string // filter items: of all values only those that match one of them; none gives all
}

// Search gives the entries that are found.
func (c *Client) Search(s Search) ([]*Entry, error) {
	var controls []ldap.Control
	if len(s.Only) > 0 {
		list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		for _, item := range s.Only {
			test, err := ldap.CompileFilter(item)
			if err != nil {
				return nil, err
			}
			list.AppendChild(test)
		}
		controls = append(controls, ldap.NewControlString("1.2.826.0.1.3344810.2.3", false, string(list.Bytes())))
	}
	request := ldap.NewSearchRequest(s.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, s.Filter, s.Attributes, controls)
	found, err := c.conn.SearchWithPaging(request, s.Page)
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", s.Filter, err)
	}
	return found.Entries, nil
}

// Change is a change of one attribute of one entry. What is nil is not done.
type Change struct {
	DN, Attribute        string
	Add, Delete, Replace []string
	Unless               string // a filter that the entry must still pass; empty for none
}

// Modify makes a change.
func (c *Client) Modify(m Change) error {
	var controls []ldap.Control
	if m.Unless != "" {
		test, err := ldap.CompileFilter(m.Unless)
		if err != nil {
			return err
		}
		controls = append(controls, ldap.NewControlString("1.3.6.1.1.12", false, string(test.Bytes())))
	}
	request := ldap.NewModifyRequest(m.DN, controls)
	switch {
	case m.Add != nil:
		request.Add(m.Attribute, m.Add)
	case m.Delete != nil:
		request.Delete(m.Attribute, m.Delete)
	default:
		request.Replace(m.Attribute, m.Replace)
	}
	if err := c.conn.Modify(request); err != nil {
		return fmt.Errorf("modify %s of %s: %w", m.Attribute, m.DN, err)
	}
	return nil
}
