package house

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
)

// Person is somebody of the organisation, by the part that they play.
type Person struct {
	Name   string // of the part
	ID     string // worker id
	Called string
	Email  string
	User   string // of Slack
}

// Approver is the person as a question names them.
func (p Person) Approver() access.Approver {
	return access.Approver{Person: p.ID, Name: p.Called, Email: p.Email, Role: "owner"}
}

// Cast is who plays which part, and which accounts the questions are about.
type Cast struct {
	All    []Person
	Logins []string // of the VPN
	Nobody string   // a user of the workspace who is bound to nobody
}

// Part gives the person of a part.
func (c Cast) Part(name string) Person {
	at := slices.IndexFunc(c.All, func(p Person) bool { return p.Name == name })
	if at < 0 {
		panic("nobody plays " + name)
	}
	return c.All[at]
}

// Find makes a cast the people whom the drill's own Desk knows.
func (c Cast) Find(_ context.Context, ref string) (access.Person, bool, error) {
	at := slices.IndexFunc(c.All, func(p Person) bool { return p.ID == ref })
	if at < 0 {
		return access.Person{}, false, nil
	}
	return access.Person{ID: ref, Status: access.StatusActive}, true, nil
}

// Users are the Slack users by worker id, as the configuration binds them.
func (c Cast) Users() map[string]string {
	out := map[string]string{}
	for _, p := range c.All {
		out[p.ID] = p.User
	}
	return out
}

// parts are all parts, with what Slack knows of who plays them. All but the last five are on every route.
func parts() []struct {
	name string
	user state.User
} {
	return []struct {
		name string
		user state.User
	}{
		{"ana", state.User{}}, {"ben", state.User{}}, {"cleo", state.User{}},
		{"left", state.User{}}, // HR says so; Slack does not know
		{"guest", state.User{IsRestricted: true}}, {"ultra", state.User{IsUltraRestricted: true}}, {"robot", state.User{IsBot: true}}, {"deleted", state.User{Deleted: true}},
		{"shared", state.User{IsStranger: true}}, {"abroad", state.User{TeamID: "T0OTHER"}},
		{"later", state.User{}}, {"subject", state.User{}}, {"requester", state.User{}}, {"off", state.User{}}, {"spare", state.User{}},
	}
}

// OffRoute is how many of the parts, the last ones, are on no route.
const OffRoute = 5

// casting gives the parts to people of HR.
func casting(workers, accounts string, chat *slackfake.Server) (Cast, error) {
	var c Cast
	rows, err := rowsOf(workers)
	if err != nil {
		return c, err
	}
	var here, gone []Person
	for _, row := range rows {
		p := Person{ID: row["worker_id"], Called: row["display_name"], Email: row["email"]}
		switch {
		case strings.ContainsFunc(p.Email, func(r rune) bool { return r > 127 }): // not every SMTP server takes those
		case slices.ContainsFunc(rows, func(other map[string]string) bool {
			return other["email"] == p.Email && other["worker_id"] != p.ID
		}):
		case row["status"] == "active" && row["manager_id"] != "" && row["end_date"] == "":
			here = append(here, p)
		case row["status"] == "terminated":
			gone = append(gone, p)
		}
	}
	if len(here) < len(parts()) || len(gone) == 0 {
		return c, errors.New("cast the parts: too few people")
	}
	for i, part := range parts() {
		p := here[i]
		if part.name == "left" {
			p = gone[0]
		}
		p.Name = part.name
		part.user.Name = part.name
		p.User = chat.AddUser(part.user).ID
		c.All = append(c.All, p)
	}
	c.Nobody = chat.AddUser(state.User{Name: "nobody"}).ID
	rows, err = rowsOf(accounts)
	for _, row := range rows {
		c.Logins = append(c.Logins, row["login"])
	}
	return c, err
}

func rowsOf(path string) ([]map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var out []map[string]string
	for _, row := range all[min(1, len(all)):] {
		m := map[string]string{}
		for i, column := range all[0] {
			m[column] = row[i]
		}
		out = append(out, m)
	}
	return out, nil
}

// freePort is an address that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
