package scim

import (
	"net"
	"net/url"
	"strings"
)

// BadURL says what is wrong with a base URL.
type BadURL struct {
	Problem, Hint string
	Secret        bool // the address may hold a secret: do not print it
}

// CheckURL refuses what would carry a secret in the clear or in the address; nil is fine.
func CheckURL(text string) *BadURL {
	u, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@"):
		return &BadURL{"url holds credentials", "use token: or basic: {user, password}", true}
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return &BadURL{"url is not an https address", "write https://host/scim/v2", false}
	case u.RawQuery != "" || u.Fragment != "":
		return &BadURL{"url has a query or a fragment", "write the base address only: https://host/scim/v2", true}
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return &BadURL{"http:// would send the token in clear text", "use https://", false}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
