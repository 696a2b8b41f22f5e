package spoof

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

// person is somebody of the organisation, by the part that they play.
type person struct {
	name   string // of the part
	id     string // worker id
	called string
	email  string
	user   string // of Slack
}

// approver is the person as a question names them.
func (p person) approver() access.Approver {
	return access.Approver{Person: p.id, Name: p.called, Email: p.email, Role: "owner"}
}

// cast is who plays which part, and which accounts the questions are about.
type cast struct {
	all    []person
	logins []string // of the VPN
	nobody string   // a user of the workspace who is bound to nobody
}

// part gives the person of a part.
func (c cast) part(name string) person {
	at := slices.IndexFunc(c.all, func(p person) bool { return p.name == name })
	if at < 0 {
		panic("nobody plays " + name)
	}
	return c.all[at]
}

// Find makes a cast the people whom the drill's own Desk knows.
func (c cast) Find(_ context.Context, ref string) (access.Person, bool, error) {
	at := slices.IndexFunc(c.all, func(p person) bool { return p.id == ref })
	if at < 0 {
		return access.Person{}, false, nil
	}
	return access.Person{ID: ref, Status: access.StatusActive}, true, nil
}

// users are the Slack users by worker id, as the configuration binds them.
func (c cast) users() map[string]string {
	out := map[string]string{}
	for _, p := range c.all {
		out[p.id] = p.user
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

// offRoute is how many of the parts, the last ones, are on no route.
const offRoute = 5

// casting gives the parts to people of HR.
func casting(workers, accounts string, chat *slackfake.Server) (cast, error) {
	var c cast
	rows, err := rowsOf(workers)
	if err != nil {
		return c, err
	}
	var here, gone []person
	for _, row := range rows {
		p := person{id: row["worker_id"], called: row["display_name"], email: row["email"]}
		switch {
		case strings.ContainsFunc(p.email, func(r rune) bool { return r > 127 }): // not every SMTP server takes those
		case slices.ContainsFunc(rows, func(other map[string]string) bool {
			return other["email"] == p.email && other["worker_id"] != p.id
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
		p.name = part.name
		part.user.Name = part.name
		p.user = chat.AddUser(part.user).ID
		c.all = append(c.all, p)
	}
	c.nobody = chat.AddUser(state.User{Name: "nobody"}).ID
	rows, err = rowsOf(accounts)
	for _, row := range rows {
		c.logins = append(c.logins, row["login"])
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
