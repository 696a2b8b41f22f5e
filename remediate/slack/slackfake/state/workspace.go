package state

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Team is the workspace itself.
type Team struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	Domain         string `json:"domain"`
	EnterpriseID   string `json:"enterprise_id,omitempty"` // of an Enterprise organisation; empty outside of one
	EnterpriseName string `json:"enterprise_name,omitempty"`
}

// App is the one app that is installed.
type App struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	BotID     string `json:"bot_id"`
	BotUserID string `json:"bot_user_id"`
}

// User is a member of the workspace, or a stranger from another one that is met in a shared channel.
type User struct {
	ID                string `json:"id"`
	TeamID            string `json:"team_id"`
	Name              string `json:"name"`
	RealName          string `json:"real_name"`
	Email             string `json:"email,omitempty"`
	TZ                string `json:"tz,omitempty"`
	IsAdmin           bool   `json:"is_admin,omitempty"`
	IsBot             bool   `json:"is_bot,omitempty"`
	IsRestricted      bool   `json:"is_restricted,omitempty"`       // a guest of several channels
	IsUltraRestricted bool   `json:"is_ultra_restricted,omitempty"` // a guest of one channel
	IsStranger        bool   `json:"is_stranger,omitempty"`         // of a workspace that shares a channel
	Deleted           bool   `json:"deleted,omitempty"`             // deactivated
}

// Channel is a conversation.
type Channel struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"` // of a direct message: empty
	IsPrivate  bool     `json:"is_private,omitempty"`
	IsIM       bool     `json:"is_im,omitempty"`
	IsArchived bool     `json:"is_archived,omitempty"`
	User       string   `json:"user,omitempty"` // of a direct message: the other one
	Members    []string `json:"members"`
	WithoutBot bool     `json:"without_bot,omitempty"` // the app was not invited
	Created    int64    `json:"created"`
}

// Workspace is everything.
type Workspace struct {
	team Team
	app  App
	now  func() time.Time

	mu       sync.Mutex
	lag      time.Duration
	lastTS   int64
	lastID   int64
	users    map[string]User
	channels map[string]Channel
	messages map[string][]*Message // by channel, in the order of ts
	views    map[string]*View
	triggers map[string]*Trigger
	answers  map[string]*Answer
	fleeting []Message // ephemeral messages
}

// New makes a workspace with the app's bot user in it.
func New(team Team, app App, now func() time.Time) *Workspace {
	w := &Workspace{team: team, app: app, now: now, lastID: 1 << 20, users: map[string]User{}, channels: map[string]Channel{},
		messages: map[string][]*Message{}, views: map[string]*View{}, triggers: map[string]*Trigger{}, answers: map[string]*Answer{}}
	w.users[app.BotUserID] = User{ID: app.BotUserID, TeamID: team.ID, Name: strings.ToLower(app.Name), RealName: app.Name, IsBot: true}
	return w
}

// Team is the workspace's own record.
func (w *Workspace) Team() Team { return w.team }

// App is the installed app's record.
func (w *Workspace) App() App { return w.app }

// SetLag sets how long what is posted from now on stays out of the history.
func (w *Workspace) SetLag(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lag = d
}

// nextTS is a new ts.
func (w *Workspace) nextTS() string {
	w.lastTS = max(w.lastTS+1, w.now().UnixMicro())
	return formatTS(w.lastTS)
}

func formatTS(micro int64) string { return fmt.Sprintf("%d.%06d", micro/1e6, micro%1e6) }

// parseTS reads a ts to microseconds. Whole seconds are a ts too.
func parseTS(ts string) (int64, bool) {
	seconds, rest, _ := strings.Cut(ts, ".")
	if len(rest) > 6 {
		rest = rest[:6]
	}
	s, err := strconv.ParseInt(seconds, 10, 40)
	if err != nil || s < 0 {
		return 0, false
	}
	m, err := strconv.ParseInt((rest + "000000")[:6], 10, 64)
	return s*1e6 + m, err == nil && m >= 0
}

// NewTS is a ts for what is no message: the time of an action.
func (w *Workspace) NewTS() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nextTS()
}

func (w *Workspace) newID(prefix string) string {
	w.lastID++
	return prefix + "0" + strings.ToUpper(strconv.FormatInt(w.lastID*7919, 36))
}

// NewID is an id with the prefix that says what it is of.
func (w *Workspace) NewID(prefix string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newID(prefix)
}

func secret() string { return strings.ToLower(rand.Text()) }

// PutUser adds a user, or replaces the one with the same id. What is left empty is made up.
func (w *Workspace) PutUser(u User) User {
	w.mu.Lock()
	defer w.mu.Unlock()
	if u.ID == "" {
		u.ID = w.newID("U")
	}
	if u.TeamID == "" {
		u.TeamID = w.team.ID
	}
	if u.Name == "" {
		u.Name, _, _ = strings.Cut(u.Email, "@")
	}
	if u.Name == "" {
		u.Name = strings.ToLower(u.ID)
	}
	if u.RealName == "" {
		u.RealName = u.Name
	}
	w.users[u.ID] = u
	return u
}

// User finds a user by id.
func (w *Workspace) User(id string) (User, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.users[id]
	return u, ok
}

// UserByEmail finds an active member by address, in any case of its letters.
func (w *Workspace) UserByEmail(email string) (User, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range w.users {
		if email != "" && strings.EqualFold(u.Email, email) && !u.Deleted && !u.IsStranger {
			return u, true
		}
	}
	return User{}, false
}

// PutChannel adds a channel, or replaces the one with the same id. The app is a member unless WithoutBot.
func (w *Workspace) PutChannel(c Channel) Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.putChannel(c)
}

func (w *Workspace) putChannel(c Channel) Channel {
	if c.ID == "" {
		prefix := "C"
		if c.IsIM {
			prefix = "D"
		}
		c.ID = w.newID(prefix)
	}
	if c.Created == 0 {
		c.Created = w.now().Unix()
	}
	c.Members = slices.Clone(c.Members)
	if !c.WithoutBot && !slices.Contains(c.Members, w.app.BotUserID) {
		c.Members = append(c.Members, w.app.BotUserID)
	}
	w.channels[c.ID] = c
	return c
}

// Channel finds a conversation by id.
func (w *Workspace) Channel(id string) (Channel, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.channels[id]
	return c, ok
}

// Sees reports whether a user sees a conversation: everybody sees public channels, others only their members.
func (w *Workspace) Sees(user, channel string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.channels[channel]
	return ok && (!c.IsPrivate && !c.IsIM || slices.Contains(c.Members, user))
}

// Address finds the conversation that a message to an id or a name goes to. A user's id is the direct message with him.
func (w *Workspace) Address(name string) (Channel, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, ok := w.channels[name]; ok {
		return c, true
	}
	for _, c := range w.channels {
		if !c.IsIM && c.Name != "" && c.Name == strings.TrimPrefix(name, "#") {
			return c, true
		}
	}
	if u, ok := w.users[name]; ok && !u.Deleted && u.ID != w.app.BotUserID {
		c, _ := w.openDM(u.ID)
		return c, true
	}
	return Channel{}, false
}

// OpenDM opens the direct message with a user, or finds it open already.
func (w *Workspace) OpenDM(user string) (c Channel, already bool, refused string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.users[user]
	switch {
	case !ok:
		return c, false, "user_not_found"
	case u.Deleted:
		return c, false, "user_disabled"
	case u.ID == w.app.BotUserID:
		return c, false, "not_enough_users"
	}
	c, already = w.openDM(user)
	return c, already, ""
}

func (w *Workspace) openDM(user string) (c Channel, already bool) {
	for _, c := range w.channels {
		if c.IsIM && c.User == user {
			return c, true
		}
	}
	return w.putChannel(Channel{IsIM: true, User: user, Members: []string{user}}), false
}
