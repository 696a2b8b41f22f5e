package apply

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/testserver/front"
	"muster/internal/testserver/scimmy"
	"muster/remediate"
	"muster/remediate/scim"
)

func scimAccount(i int) access.AccountRef {
	return access.AccountRef{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Name: fmt.Sprintf("u%06d", i), SourceRef: fmt.Sprintf("/Users/00000000-0000-4000-8000-%012d", i)}
}

func scimGroup(i int) access.HeldRef {
	return access.HeldRef{ID: fmt.Sprintf("00000000-0000-4000-8001-%012d", i), Name: fmt.Sprintf("group-%03d", i), Kind: "group"}
}

// scimDump writes what the server is loaded from: accounts that are all active, each in two groups.
func scimDump(dir string) error {
	type object = map[string]any
	var users []object
	members := make([][]object, Groups)
	for i := range Accounts {
		ref := scimAccount(i)
		users = append(users, object{"id": ref.ID, "userName": ref.Name, "active": true, "externalId": fmt.Sprintf("W-%05d", i), "displayName": fmt.Sprintf("Given%d Family%d", i, i),
			"name":   object{"givenName": fmt.Sprint("Given", i), "familyName": fmt.Sprint("Family", i)},
			"emails": []object{{"value": ref.Name + "@acme.example", "type": "work", "primary": true}},
			"meta":   object{"resourceType": "User", "created": "2024-01-02T03:04:05.000Z", "lastModified": "2024-01-02T03:04:05.000Z"}})
		for _, g := range memberships(i) {
			members[g] = append(members[g], object{"value": ref.ID, "type": "User"})
		}
	}
	var groups []object
	for g := range Groups {
		ref := scimGroup(g)
		groups = append(groups, object{"id": ref.ID, "displayName": ref.Name, "members": members[g]})
	}
	for name, list := range map[string][]object{"Users.json": users, "Groups.json": groups} {
		text, err := json.Marshal(object{"totalResults": len(list), "Resources": list})
		if err != nil {
			return fmt.Errorf("encode %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// SCIM starts a server of SCIMMY with a front. stop ends both.
func SCIM(ctx context.Context, dir string) (s *Stand, stop func(), err error) {
	if err := scimDump(dir); err != nil {
		return nil, nil, err
	}
	server, err := scimmy.Start(ctx, scimmy.Options{Dump: dir})
	if err != nil {
		return nil, nil, err
	}
	root, path := strings.TrimSuffix(server.URL(), "/scim/v2"), "/scim/v2"
	notes := &notebook{}
	base, end := front.Start(&front.Handler{To: root, Token: server.Token(), Back: server.Token(), Before: notes.request})
	stop = func() { end(); _ = server.Stop() } // it ends with this process at the latest
	s = &Stand{system: "saas", actions: planActions("saas", scimAccount, scimGroup), noted: notes.take, dump: server.Dump}
	secret := filepath.Join(dir, "token")
	err = os.WriteFile(secret, []byte(server.Token()), 0o600)
	if err == nil {
		s.ours, err = scimTarget(root+path, secret)
	}
	if err == nil {
		s.watched, err = scimTarget(base+path, secret)
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	for at, calls := range map[string]*[]call{root + path: &s.bare, base + path: &s.heard} {
		plain := &plainSCIM{base: at, token: server.Token(), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: Connections}}}
		for range Connections {
			*calls = append(*calls, plain.change)
		}
	}
	return s, stop, nil
}

func scimTarget(url, secret string) (remediate.Target, error) {
	settings, err := config.Parse("bench.yaml", fmt.Appendf(nil, "url: %s\ntoken: {file: %q}\n", url, secret))
	if err != nil {
		return nil, err
	}
	target, err := scim.New(remediate.Spec{System: "saas", Settings: settings.Root(), Now: time.Now})
	return target, errors.Join(err, settings.Err())
}

// notebook notes requests.
type notebook struct {
	mu   sync.Mutex
	list []string
}

func (n *notebook) note(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, text)
}

// take gives what was noted since the last time.
func (n *notebook) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.list
	n.list = nil
	return list
}

// request notes method, address and body, and lets the request go on.
func (n *notebook) request(w http.ResponseWriter, r *http.Request, _ int) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return true
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	n.note(strings.TrimSpace(r.Method + " " + r.URL.RequestURI() + " " + string(body)))
	return false
}

// plainSCIM is a client that makes the requests of the scim target with net/http alone.
type plainSCIM struct {
	base, token string
	client      *http.Client
}

// change looks twice, as the executor and then the target do, changes, and reads again. The group is read once more before its members are
// changed.
func (p *plainSCIM) change(ctx context.Context, a access.Action) error {
	user, group := "/Users/"+a.Account.ID, "/Groups/"+a.Entitlement.ID
	looks, write := []string{user}, user
	var op any
	switch a.Kind {
	case access.DisableAccount, access.EnableAccount:
		op = map[string]any{"op": "replace", "path": "active", "value": a.Kind == access.EnableAccount}
	case access.RemoveEntitlement:
		looks, write = append(looks, group), group
		op = map[string]any{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", a.Account.ID)}
	case access.GrantEntitlement:
		looks, write = append(looks, group), group
		var former struct {
			Items []json.RawMessage `json:"items"`
		}
		if err := json.Unmarshal(a.Restore, &former); err != nil {
			return fmt.Errorf("read former state: %w", err)
		}
		op = map[string]any{"op": "add", "path": "members", "value": former.Items}
	}
	before := slices.Concat(looks, looks)
	if write == group {
		before = append(before, group)
	}
	for _, path := range before {
		if err := p.send(ctx, http.MethodGet, path, nil, nil); err != nil {
			return err
		}
	}
	body := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{op}}
	if err := p.send(ctx, http.MethodPatch, write, body, nil); err != nil {
		return err
	}
	return p.reread(ctx, a, looks)
}

// reread reads again and looks whether the change is to be seen.
func (p *plainSCIM) reread(ctx context.Context, a access.Action, looks []string) error {
	var seen struct {
		Active  bool `json:"active"`
		Members []struct {
			Value string `json:"value"`
		} `json:"members"`
	}
	for _, path := range looks {
		if err := p.send(ctx, http.MethodGet, path, nil, &seen); err != nil {
			return err
		}
	}
	is := seen.Active
	if len(looks) > 1 {
		is = false
		for _, m := range seen.Members {
			is = is || m.Value == a.Account.ID
		}
	}
	if is == a.Kind.Removes() {
		return errors.New("a re-read does not show the change")
	}
	return nil
}

// send sends one request and reads the whole answer.
func (p *plainSCIM) send(ctx context.Context, method, path string, body, into any) error {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		payload = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.base+path, payload)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "application/scim+json")
	res, err := p.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode/100 != 2:
		return fmt.Errorf("%s %s: %s", method, path, res.Status)
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}
