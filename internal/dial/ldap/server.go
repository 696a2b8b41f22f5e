// Package ldap holds what both who reads and who changes a directory needs: where the server is and how it is spoken to safely, and what
// its results and its silence mean. It speaks no LDAP itself.
//
// Standards: addresses RFC 4516 (scheme and host only), results RFC 4511 §4.1.9 and Appendix A, TLS RFC 4513 §3. Errors are *access.Error
// and hold no password. Values are plain data.
package ldap

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"

	"muster/internal/config"
	"muster/internal/dial"
)

// Server says where a directory is and as whom it is asked.
type Server struct {
	URL        string
	StartTLS   bool
	CAFile     string
	ServerName string
	BindDN     string
	Password   config.Secret
	AllowClear bool // let the password cross a network without TLS
}

// BadServer says what is wrong with the settings of a server.
type BadServer struct {
	Key           string // url, start_tls, bind_dn or password
	Problem, Hint string
	Secret        bool // the value may hold a secret: do not print it
}

// Check refuses what would carry a password in the clear or in the address, or that can only be a mistake; nil is fine.
func (s Server) Check() *BadServer {
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "ldap" && u.Scheme != "ldaps":
		return &BadServer{Key: "url", Problem: "not an LDAP address", Hint: "write ldaps://host or ldap://host with start_tls: true"}
	case u.User != nil:
		return &BadServer{Key: "url", Problem: "credentials in the address", Hint: "use bind_dn and password", Secret: true}
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return &BadServer{Key: "url", Problem: "the address has more than a host", Hint: "use base_dn and people.filter"}
	case u.Scheme == "ldaps" && s.StartTLS:
		return &BadServer{Key: "start_tls", Problem: "ldaps:// has TLS from the first byte", Hint: "remove start_tls, or write ldap://"}
	case s.BindDN != "" && !s.Password.IsSet():
		return &BadServer{Key: "bind_dn", Problem: "a bind without password is an anonymous one in disguise", Hint: "add password: {env: NAME}"}
	case s.BindDN == "" && s.Password.IsSet():
		return &BadServer{Key: "password", Problem: "a password for nobody", Hint: "add bind_dn: cn=reader,..."}
	case u.Scheme == "ldap" && !s.StartTLS && s.BindDN != "" && !s.AllowClear && !dial.Loopback(u.Hostname()):
		return &BadServer{Key: "url", Problem: "the password would cross the network in clear",
			Hint: "use ldaps:// or start_tls: true; allow_cleartext: true takes the risk"}
	}
	return nil
}

// Reach gives host:port and the TLS configuration, nil in clear. A relative CAFile is taken from dir.
func (s Server) Reach(dir string) (address string, config *tls.Config, err error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return "", nil, fmt.Errorf("parse url: %w", err)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"ldap": "389", "ldaps": "636"}[u.Scheme]
	}
	address = net.JoinHostPort(u.Hostname(), port)
	if u.Scheme != "ldaps" && !s.StartTLS {
		return address, nil, nil
	}
	config = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}
	if s.ServerName != "" {
		config.ServerName = s.ServerName
	}
	if s.CAFile != "" {
		config.RootCAs, err = dial.Authorities(s.CAFile, dir)
	}
	return address, config, err
}
