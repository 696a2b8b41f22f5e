package stand

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"muster/internal/access"
	"muster/internal/drill/crash/victim"
	"muster/internal/testserver/front"
	"muster/internal/testserver/scimmy"
)

// workspace is the SCIM server behind a front.
type workspace struct {
	server *scimmy.Server
	close  func()
	target victim.Target

	mu  sync.Mutex
	ids map[string]string // of users that were created → their account
}

type object = map[string]any

func startWorkspace(ctx context.Context, dir string, cases []Case, note func(Write)) (*workspace, error) {
	users, groups := []object{{"id": "zz-always", "userName": "always", "active": true}}, []object{}
	for _, c := range cases {
		members := []object{{"value": "zz-always", "type": "User"}}
		if c.member() {
			members = append(members, object{"value": "u-" + c.Name(), "type": "User"})
		}
		groups = append(groups, object{"id": "g-" + c.Name(), "displayName": "g-" + c.Name(), "members": members})
		if c.exists() {
			users = append(users, user(c))
		}
	}
	dump := filepath.Join(dir, "scim")
	if err := os.MkdirAll(dump, 0o700); err != nil {
		return nil, fmt.Errorf("write users and groups: %w", err)
	}
	for file, list := range map[string][]object{"Users.json": users, "Groups.json": groups} {
		text, err := json.Marshal(object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": len(list), "Resources": list})
		if err == nil {
			err = os.WriteFile(filepath.Join(dump, file), text, 0o600)
		}
		if err != nil {
			return nil, fmt.Errorf("write users and groups: %w", err)
		}
	}
	w := &workspace{ids: map[string]string{}, close: func() {}}
	var err error
	if w.server, err = scimmy.Start(ctx, scimmy.Options{Dump: dump, Versions: true}); err != nil {
		return nil, err
	}
	token, err := secret(dir, "scim-token", w.server.Token())
	if err != nil {
		return w, err
	}
	h := &front.Handler{To: strings.TrimSuffix(w.server.URL(), "/scim/v2"), Token: w.server.Token(), Back: w.server.Token()}
	h.Before = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method != http.MethodGet {
			dawdle()
		}
		return false
	}
	h.After = func(r *http.Request, a *front.Answer) front.Ending {
		if r.Method != http.MethodGet && a.Code/100 == 2 {
			note(Write{System: CRM, Name: w.account(r, a), What: r.Method + " " + r.URL.Path})
		}
		return front.Whole
	}
	base, stop := front.Start(h)
	w.close = stop
	w.target = victim.Target{System: CRM, Kind: "scim", Settings: "timeout: 10s\n", Collector: fmt.Sprintf("url: %s/scim/v2\ntoken: {file: %q}\n", base, token)}
	return w, nil
}

func user(c Case) object {
	return object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "id": "u-" + c.Name(), "userName": c.Name(), "displayName": "Example " + c.Name(),
		"active": c.Kind != access.EnableAccount, "emails": []object{{"value": c.Name() + "@acme.example", "type": "work", "primary": true}},
		"meta": object{"resourceType": "User", "created": "2024-01-02T03:04:05.000Z", "lastModified": "2024-01-02T03:04:05.000Z"}}
}

// account says whose resource a request changed: the address has the name, or the id that the server made up.
func (w *workspace) account(r *http.Request, a *front.Answer) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Method == http.MethodPost {
		var made struct{ ID, UserName string }
		if json.Unmarshal(a.Body, &made) == nil {
			w.ids[made.ID] = made.UserName
		}
		return made.UserName
	}
	if n := name.FindString(r.URL.Path); n != "" {
		return n
	}
	return w.ids[filepath.Base(r.URL.Path)]
}

// facts are the resources of the server's store, one a line.
func (w *workspace) facts(ctx context.Context) ([]string, error) {
	text, err := w.server.Dump(ctx)
	if err != nil {
		return nil, err
	}
	var lists map[string][]object
	if err := json.Unmarshal([]byte(text), &lists); err != nil {
		return nil, fmt.Errorf("read dump of the scim server: %w", err)
	}
	var out []string
	for kind, list := range lists {
		for _, resource := range list {
			line, err := json.Marshal(resource)
			if err != nil {
				return nil, fmt.Errorf("read dump of the scim server: %w", err)
			}
			out = append(out, kind+" "+string(line))
		}
	}
	return out, nil
}

func (w *workspace) stop() error {
	w.close()
	return w.server.Stop()
}
