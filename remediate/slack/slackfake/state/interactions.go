package state

import (
	"fmt"
	"strings"
	"time"
)

// The limits on what an interaction hands out.
const (
	TriggerLife  = 3 * time.Second
	AnswerLife   = 30 * time.Minute
	AnswerUses   = 5
	MaxViewStack = 3
)

// Trigger is a trigger_id: it opens one view, within three seconds.
type Trigger struct {
	ID   string
	User string
	View string // the view that was interacted with, or empty

	made time.Time
	used bool
}

// NewTrigger makes a trigger for an interaction of a user.
func (w *Workspace) NewTrigger(user, view string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastID++
	id := fmt.Sprintf("%d.%d.%s", w.lastID, w.now().UnixMilli(), secret())
	w.triggers[id] = &Trigger{ID: id, User: user, View: view, made: w.now()}
	return id
}

// Exchange uses a trigger up.
func (w *Workspace) Exchange(id string) (Trigger, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, ok := w.triggers[id]
	switch {
	case !ok:
		return Trigger{}, "invalid_trigger_id"
	case t.used:
		return Trigger{}, "exchanged_trigger_id"
	case w.now().Sub(t.made) > TriggerLife:
		return Trigger{}, "expired_trigger_id"
	}
	t.used = true
	return *t, ""
}

// Answer is a response_url: it takes five answers, within thirty minutes.
type Answer struct {
	Path    string // the last part of the address
	Channel string
	TS      string // of the message that was interacted with
	User    string

	made time.Time
	used int
}

// NewAnswer makes a response address for an interaction with a message.
func (w *Workspace) NewAnswer(channel, ts, user string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	path := secret()
	w.answers[path] = &Answer{Path: path, Channel: channel, TS: ts, User: user, made: w.now()}
	return path
}

// UseAnswer counts one use.
func (w *Workspace) UseAnswer(path string) (Answer, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.answers[path]
	switch {
	case !ok:
		return Answer{}, "invalid_url"
	case w.now().Sub(a.made) > AnswerLife:
		return Answer{}, "expired_url"
	case a.used >= AnswerUses:
		return Answer{}, "used_url"
	}
	a.used++
	return *a, ""
}

// View is a modal or a home tab. Body is what the app sent, with ids filled in.
type View struct {
	ID       string         `json:"id"`
	User     string         `json:"user"`
	Body     map[string]any `json:"body"`
	Hash     string         `json:"hash"`
	Root     string         `json:"root_view_id"`
	Previous string         `json:"previous_view_id,omitempty"`
	Closed   bool           `json:"closed"`
	Errors   map[string]any `json:"errors,omitempty"` // by block id, of the last submission
}

// Str is a text field of what the app sent.
func (v View) Str(name string) string {
	s, _ := v.Body[name].(string)
	return s
}

// Blocks are the view's blocks.
func (v View) Blocks() []any {
	list, _ := v.Body["blocks"].([]any)
	return list
}

// PutView opens a view, on top of previous when that is named.
func (w *Workspace) PutView(user string, body map[string]any, previous string) (View, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := &View{User: user, Body: body, Previous: previous}
	if w.taken(v) {
		return *v, "duplicate_external_id"
	}
	v.ID = w.newID("V")
	v.Root = v.ID
	if previous != "" {
		below, ok := w.views[previous]
		switch {
		case !ok || below.Closed:
			return *v, "not_found"
		case w.depth(below) >= MaxViewStack:
			return *v, "push_limit_reached"
		}
		v.Root = below.Root
	}
	v.Hash = w.newHash()
	w.views[v.ID] = v
	return *v, ""
}

func (w *Workspace) newHash() string {
	return strings.ReplaceAll(w.nextTS(), ".", "") + "." + secret()[:8]
}

func (w *Workspace) depth(v *View) int {
	n := 1
	for v.Previous != "" {
		v = w.views[v.Previous]
		n++
	}
	return n
}

// taken reports whether another open view has the external id.
func (w *Workspace) taken(v *View) bool {
	id := v.Str("external_id")
	for _, other := range w.views {
		if id != "" && !other.Closed && other.ID != v.ID && other.Str("external_id") == id {
			return true
		}
	}
	return false
}

// ChangeView replaces what a view shows; the hash must be the view's unless it is empty.
func (w *Workspace) ChangeView(id, hash string, body map[string]any) (View, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.views[id]
	switch {
	case !ok || v.Closed:
		return View{}, "not_found"
	case hash != "" && hash != v.Hash:
		return View{}, "hash_conflict"
	case w.taken(&View{ID: id, Body: body}):
		return View{}, "duplicate_external_id"
	}
	v.Body, v.Hash, v.Errors = body, w.newHash(), nil
	return *v, ""
}

// MarkView notes the errors of a submission.
func (w *Workspace) MarkView(id string, errors map[string]any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if v, ok := w.views[id]; ok {
		v.Errors = errors
	}
}

// CloseView closes a view, and with all the whole stack that it stands in.
func (w *Workspace) CloseView(id string, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.views[id]
	if !ok {
		return
	}
	for _, other := range w.views {
		if other == v || all && other.Root == v.Root {
			other.Closed = true
		}
	}
}

// View finds a view by its id or its external id.
func (w *Workspace) View(id, external string) (View, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if v, ok := w.views[id]; ok {
		return *v, true
	}
	for _, v := range w.views {
		if external != "" && !v.Closed && v.Str("external_id") == external {
			return *v, true
		}
	}
	return View{}, false
}

// Views lists the open views of a user; of everybody without a name.
func (w *Workspace) Views(user string) []View {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []View
	for _, v := range w.views {
		if !v.Closed && (user == "" || v.User == user) {
			out = append(out, *v)
		}
	}
	return out
}
