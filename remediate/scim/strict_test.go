package scim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// strict is a small SCIM server after RFC 7644 that has what SCIMMY has not: it refuses what it does not support with the standard's errors.
type strict struct {
	token   string
	etags   bool // versions, and 412 for what has another one (§3.14)
	noPatch bool // 501 to every PATCH
	noPaths bool // 400 invalidFilter to a PATCH whose path has a filter
	noList  bool // 400 invalidFilter to a list with a filter
	noTell  bool // users do not tell their groups
	plain   bool // 404 to discovery

	mu      sync.Mutex
	users   []m
	groups  []m
	stamp   int
	created int
	writes  []string // method, path and body of each request that writes
}

func newStrict() *strict {
	s := &strict{token: "back"}
	s.reset()
	return s
}

// reset takes it back to the fixture.
func (s *strict) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users, s.groups, s.writes, s.created = users(), groups(), nil, 0
	for _, r := range slices.Concat(s.users, s.groups) {
		delete(r, "meta")
		s.touch(r)
	}
}

// touch gives a resource its next version.
func (s *strict) touch(r m) {
	s.stamp++
	r["meta"] = m{"lastModified": fmt.Sprintf("2026-11-22T00:00:%02d.%06dZ", s.stamp/1e6, s.stamp%1e6)}
	if s.etags {
		r["meta"].(m)["version"] = fmt.Sprintf(`W/"%d"`, s.stamp)
	}
}

// dump is what it holds, without stamps; lists are sorted by their text.
func (s *strict) dump() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, r := range slices.Concat(s.users, s.groups) {
		c := m{}
		for k, v := range plainJSON(r) {
			if list, ok := v.([]any); ok {
				if len(list) == 0 {
					continue
				}
				slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			}
			if k != "meta" && k != "schemas" {
				c[k] = v
			}
		}
		text, _ := json.MarshalIndent(c, "", " ")
		fmt.Fprintf(&b, "%s\n", text)
	}
	return b.String()
}

func plainJSON(v any) m {
	text, _ := json.Marshal(v)
	var c m
	_ = json.Unmarshal(text, &c)
	return c
}

func (s *strict) refuse(w http.ResponseWriter, code int, kind, detail string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(m{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": fmt.Sprint(code), "scimType": kind, "detail": detail})
}

// ServeHTTP answers one request.
func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/scim+json")
	if r.Header.Get("Authorization") != "Bearer "+s.token {
		s.refuse(w, 401, "", "who are you")
		return
	}
	var body m
	if r.Method != http.MethodGet {
		var raw json.RawMessage
		_ = json.NewDecoder(r.Body).Decode(&raw)
		_ = json.Unmarshal(raw, &body)
		s.writes = append(s.writes, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(raw)))
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/scim/"), "/")
	all := map[string]*[]m{"Users": &s.users, "Groups": &s.groups}[parts[0]]
	switch {
	case parts[0] == "ServiceProviderConfig" && !s.plain:
		_ = json.NewEncoder(w).Encode(m{"patch": m{"supported": true}, "filter": m{"supported": true}, "etag": m{"supported": s.etags}})
	case all == nil:
		s.refuse(w, 404, "", "no such endpoint")
	case len(parts) == 2:
		s.one(w, r, all, parts[1], body)
	case r.Method == http.MethodPost && slices.ContainsFunc(*all, func(u m) bool { return strings.EqualFold(fmt.Sprint(u["userName"]), fmt.Sprint(body["userName"])) }):
		s.refuse(w, 409, "uniqueness", "the userName is taken")
	case r.Method == http.MethodPost:
		s.created++
		body["id"] = fmt.Sprintf("made-%d", s.created)
		s.touch(body)
		*all = append(*all, body)
		w.WriteHeader(http.StatusCreated) // RFC 7644 §3.3: the body is optional here for those who give Location
		fmt.Fprint(w, "")
	default:
		s.list(w, r, *all)
	}
}

// list answers a query with "attribute eq value", or members.value.
func (s *strict) list(w http.ResponseWriter, r *http.Request, all []m) {
	found := all
	if filter := r.URL.Query().Get("filter"); filter != "" {
		attribute, value, ok := strings.Cut(filter, " eq ")
		var text string
		if s.noList || !ok || json.Unmarshal([]byte(value), &text) != nil {
			s.refuse(w, 400, "invalidFilter", "no filters here")
			return
		}
		found = slices.DeleteFunc(slices.Clone(all), func(r m) bool {
			if attribute == "members.value" {
				return !strings.Contains(fmt.Sprint(r["members"]), "value:"+text)
			}
			return !strings.EqualFold(fmt.Sprint(r[attribute]), text)
		})
	}
	start := 1
	_, _ = fmt.Sscan(r.URL.Query().Get("startIndex"), &start)
	page := found[min(start-1, len(found)):]
	page = page[:min(len(page), 2)] // less than was asked for, as the standard allows
	given := make([]m, 0, len(page))
	for _, r := range page {
		given = append(given, s.told(r))
	}
	_ = json.NewEncoder(w).Encode(m{"schemas": []string{listID}, "totalResults": len(found), "startIndex": start, "itemsPerPage": len(page), "Resources": given})
}

// told is a resource as it is given out: a user with its groups.
func (s *strict) told(r m) m {
	c := plainJSON(r)
	if _, isUser := r["userName"]; !isUser || s.noTell {
		return c
	}
	var in []m
	for _, g := range s.groups {
		if strings.Contains(fmt.Sprint(g["members"]), "value:"+r["id"].(string)+" ") || strings.Contains(fmt.Sprint(g["members"]), "value:"+r["id"].(string)+"]") {
			in = append(in, m{"value": g["id"], "type": "direct"})
		}
	}
	c["groups"] = in
	return c
}

// one answers for one resource.
func (s *strict) one(w http.ResponseWriter, r *http.Request, all *[]m, id string, body m) {
	i := slices.IndexFunc(*all, func(r m) bool { return r["id"] == id })
	if i < 0 {
		s.refuse(w, 404, "", "no such resource")
		return
	}
	old := (*all)[i]
	if version := old["meta"].(m)["version"]; version != nil {
		w.Header().Set("ETag", version.(string))
		if match := r.Header.Get("If-Match"); match != "" && match != version {
			s.refuse(w, 412, "", "it has another version")
			return
		}
	}
	switch r.Method {
	case http.MethodGet:
		_ = json.NewEncoder(w).Encode(s.told(old))
		return
	case http.MethodPut:
		body["id"] = id
		(*all)[i] = body
	case http.MethodPatch:
		if !s.patch(w, old, body) {
			return
		}
	case http.MethodDelete:
		*all = slices.Delete(*all, i, i+1)
		for _, g := range s.groups {
			if list, ok := plainJSON(g)["members"].([]any); ok {
				g["members"] = slices.DeleteFunc(list, func(v any) bool { return v.(m)["value"] == id })
			}
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.touch((*all)[i])
	w.WriteHeader(http.StatusNoContent)
}

// patch applies operations on whole attributes; "remove" takes the whole attribute away, whatever value comes with it (§3.5.2.2).
func (s *strict) patch(w http.ResponseWriter, r, body m) bool {
	if s.noPatch {
		s.refuse(w, 501, "", "PATCH is not implemented")
		return false
	}
	next := plainJSON(r)
	for _, o := range body["Operations"].([]any) {
		op := o.(m)
		path, _ := op["path"].(string)
		if strings.Contains(path, "[") {
			if s.noPaths {
				s.refuse(w, 400, "invalidFilter", "no filters in paths here")
				return false
			}
			attribute, rest, _ := strings.Cut(path, "[")
			sub, value, _ := strings.Cut(strings.TrimSuffix(rest, "]"), " eq ")
			list, _ := next[attribute].([]any)
			next[attribute] = slices.DeleteFunc(list, func(v any) bool { return fmt.Sprintf("%q", v.(m)[sub]) == value })
			continue
		}
		switch list, _ := next[path].([]any); op["op"] {
		case "remove":
			delete(next, path)
		case "add":
			for _, v := range op["value"].([]any) { // what is there already is not added (§3.5.2.1)
				if !slices.ContainsFunc(list, func(have any) bool { return have.(m)["value"] == v.(m)["value"] }) {
					list = append(list, v)
				}
			}
			next[path] = list
		default:
			next[path] = op["value"]
		}
	}
	for k := range r {
		delete(r, k)
	}
	for k, v := range next {
		r[k] = v
	}
	return true
}
