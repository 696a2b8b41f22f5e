package postgres

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// BadURL says what is wrong with an address.
type BadURL struct {
	Problem, Hint string
	Secret        bool // the address may hold a password: do not print it
}

// parameters are what the query of an address may hold; everything else has a setting or is ours to decide.
func parameters() []string {
	return []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port"}
}

// ParseURL refuses what would carry a password and completes what is not said: the database is postgres, and sslmode is require off this host.
// The address is nil when something is wrong with it.
func ParseURL(text string) (*url.URL, []BadURL) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" { // whatever it is, it may hold a password
		return nil, []BadURL{{"url is not a PostgreSQL address", "write postgres://user@host:5432/database", true}}
	}
	query := u.Query()
	if _, has := u.User.Password(); has || query.Has("password") {
		return nil, []BadURL{{"url holds a password", "write password: {env: NAME} beside it", true}}
	}
	var bad []BadURL
	for key := range query {
		if !slices.Contains(parameters(), key) {
			return nil, []BadURL{{`url has the unknown parameter "` + key + `"`, "it may hold " + strings.Join(parameters(), ", "), false}}
		}
	}
	switch {
	case u.User.Username() == "":
		bad = append(bad, BadURL{"url names no user", "write postgres://user@host:5432/database", false})
	case u.Host == "" && !query.Has("host"):
		bad = append(bad, BadURL{"url names no host", "write postgres://user@host/db, or postgres://user@/db?host=/run/postgresql for a socket", false})
	case strings.Contains(u.Host, ","):
		bad = append(bad, BadURL{"url names several hosts", "name one of them", false})
	}
	if mode := query.Get("sslmode"); mode != "" && !slices.Contains([]string{"disable", "prefer", "require", "verify-ca", "verify-full"}, mode) {
		bad = append(bad, BadURL{`unknown sslmode "` + mode + `"`, "one of disable, prefer, require, verify-ca, verify-full", false})
	}
	if len(bad) > 0 {
		return nil, bad
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/postgres"
	}
	if query.Get("sslmode") == "" && !local(u, query) {
		query.Set("sslmode", "require") // never a password over a wire in the clear because nobody said so
	}
	u.RawQuery = query.Encode()
	return u, nil
}

// Database is the name of the database of an address.
func Database(u *url.URL) string { return strings.TrimPrefix(u.Path, "/") }

// Host is where an address leads: a host with its port, or the folder of a socket.
func Host(u *url.URL) string {
	if u.Host != "" {
		return u.Host
	}
	return u.Query().Get("host")
}

// local reports whether the server is reached without leaving this host.
func local(u *url.URL, query url.Values) bool {
	host := u.Hostname()
	if h := query.Get("host"); h != "" {
		host = h
	}
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}
