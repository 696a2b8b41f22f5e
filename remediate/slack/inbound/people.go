package inbound

import (
	"context"
	"slices"
	"sync"
	"time"

	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/remediate/approve"
)

// personTime is how long Slack's word on a user is believed. Who was deactivated meanwhile is refused by HR's word, at the Desk.
const personTime = 5 * time.Minute

// maxPeople is how many users are remembered.
const maxPeople = 10000

// people remembers what Slack says of users.
type people struct {
	read func(ctx context.Context, id string) (slackgo.User, error)
	now  func() time.Time

	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	user slackgo.User
	at   time.Time
}

func (p *people) get(ctx context.Context, id string) (slackgo.User, error) {
	p.mu.Lock()
	r, ok := p.known[id]
	p.mu.Unlock()
	if age := p.now().Sub(r.at); ok && age >= 0 && age < personTime {
		return r.user, nil
	}
	user, err := p.read(ctx, id)
	if err != nil {
		return user, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= maxPeople {
		p.known = map[string]remembered{}
	}
	p.known[id] = remembered{user, p.now()}
	return user, nil
}

// identify binds who pressed something to a person, or says why not. An error says that Slack could not be asked.
func (d *Door) identify(ctx context.Context, x Interaction) (worker string, why approve.RefusalKind, err error) {
	s := d.Client.Settings()
	if x.UserTeam != "" && x.UserTeam != s.Team && x.UserTeam != s.Enterprise {
		return "", approve.RefusedTeam, nil
	}
	u, err := d.people.get(ctx, x.User)
	if access.KindOf(err) == access.NotFound {
		return "", approve.RefusedStranger, nil
	}
	if err != nil {
		return "", "", err
	}
	home := u.TeamID == s.Team || s.Enterprise != "" && u.Enterprise.EnterpriseID == s.Enterprise && slices.Contains(u.Enterprise.Teams, s.Team)
	switch {
	case u.ID != x.User:
		return "", approve.RefusedStranger, nil
	case u.Deleted:
		return "", approve.RefusedDeactivated, nil
	case u.IsStranger:
		return "", approve.RefusedStranger, nil
	case !home:
		return "", approve.RefusedTeam, nil
	case u.IsBot, u.IsWorkflowBot, u.IsConnectorBot, u.IsRestricted, u.IsUltraRestricted, u.IsInvitedUser:
		return "", approve.RefusedGuest, nil
	}
	worker, ok := s.Worker(x.User)
	if !ok {
		return "", approve.RefusedStranger, nil
	}
	if d.People == nil {
		return worker, "", nil
	}
	p, known, err := d.People.Find(ctx, worker)
	if err != nil {
		return "", "", err
	}
	if !known || p.Status != access.StatusActive { // who has left is not shown either what others hold
		return "", approve.RefusedDeactivated, nil
	}
	return worker, "", nil
}
