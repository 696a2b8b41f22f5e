// Package form says whether a text has the form of what it should be: a URL, an address, an id. It looks nothing up.
package form

import (
	"errors"
	"net"
	"net/mail"
	"net/url"
	"regexp"
)

// ID is a form of Slack ids.
type ID string

// The ids that the configuration names, by their first letter (Slack's "object IDs").
const (
	SlackTeam    ID = `^[TE][A-Z0-9]{2,20}$`
	SlackApp     ID = `^A[A-Z0-9]{2,20}$`
	SlackChannel ID = `^[CDG][A-Z0-9]{2,20}$`
	SlackUser    ID = `^[UW][A-Z0-9]{2,20}$`
)

// Is reports whether a text has the form.
func (id ID) Is(text string) bool { return regexp.MustCompile(string(id)).MatchString(text) }

// URL refuses what is no URL of a server, holds credentials, or would leave this host without TLS. The error quotes nothing.
func URL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return errors.New("it names no server")
	case u.User != nil:
		return errors.New("it holds credentials")
	case u.Scheme != "https" && !(u.Scheme == "http" && Loopback(u.Hostname())):
		return errors.New("it is not https")
	}
	return nil
}

// Address reports whether a text is an e-mail address alone, without a name.
func Address(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text
}

// Server gives the host of host:port; false when the text is none.
func Server(text string) (host string, ok bool) {
	host, port, err := net.SplitHostPort(text)
	return host, err == nil && port != ""
}

// Loopback reports whether a host is this one.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
