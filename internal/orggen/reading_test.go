package orggen_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"muster/internal/access"
	"muster/internal/orggen"
	"muster/internal/orggen/model"
)

// These tests read the files back as a stranger would: no knowledge of whose an account is, only what the rows say, folded as
// access.LinkKey demands. Judging what was read must give the answer key again.

// reading is an organisation as its files tell it.
type reading struct {
	t          *testing.T
	dir        string
	policy     *model.Policy
	ents       map[string]*model.Entitlement // by system/name
	persons    []*model.Person
	byID       map[string]int
	byMail     map[string][]int
	byFoldedID map[string]int
	byUPN      map[string][]int
	byLogin    map[string][]int
	accounts   []*model.Account
	byKey      map[string]*model.Account // by system/id
}

// fold prepares identifiers for comparing (access.KeyMap and the following).
func fold(s string) string { return cases.Fold().String(norm.NFKC.String(strings.TrimSpace(s))) }

func (r *reading) table(path string, delimiter rune) []map[string]string {
	data, err := os.ReadFile(filepath.Join(r.dir, path))
	if err != nil {
		r.t.Fatal(err)
	}
	c := csv.NewReader(bytes.NewReader(data))
	c.Comma = delimiter
	rows, err := c.ReadAll()
	if err != nil {
		r.t.Fatalf("%s: %v", path, err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, h := range rows[0] {
			m[h] = row[i]
		}
		out = append(out, m)
	}
	return out
}

func (r *reading) time(layout, s string) time.Time {
	if s == "" || s == "never" {
		return time.Time{}
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		r.t.Fatal(err)
	}
	return t.UTC()
}

func (r *reading) hr() {
	for _, row := range r.table("hr/workers.csv", ',') {
		if at, ok := r.byID[row["worker_id"]]; ok {
			r.persons[at].Defects.DuplicateRow = true
			continue
		}
		i := len(r.persons)
		p := &model.Person{Index: i, AddressOf: i}
		p.ID, p.Email, p.UPN, p.Username = row["worker_id"], row["email"], row["upn"], row["username"]
		p.Title, p.Department, p.Location = row["title"], row["department"], row["location"]
		p.EmploymentType, p.Status = access.EmploymentType(row["employment_type"]), access.Status(row["status"])
		p.ManagerID, p.StartDate = row["manager_id"], r.time(time.DateOnly, row["start_date"])
		if row["end_date"] != "9999-12-31" {
			p.EndDate = r.time(time.DateOnly, row["end_date"])
		}
		p.Head = p.ID == "W-00001"
		r.persons, r.byID[p.ID], r.byFoldedID[fold(p.ID)] = append(r.persons, p), i, i
		r.byMail[fold(p.Email)] = append(r.byMail[fold(p.Email)], i)
		r.byUPN[fold(p.UPN)] = append(r.byUPN[fold(p.UPN)], i)
		r.byLogin[fold(p.Username)] = append(r.byLogin[fold(p.Username)], i)
	}
	for i, p := range r.persons {
		_, known := r.byID[p.ManagerID]
		p.Defects.ManagerUnknown = p.ManagerID != "" && !known
		for at, steps := r.up(i), 0; at >= 0 && steps < 200; at, steps = r.up(at), steps+1 {
			p.Defects.OnManagerCycle = p.Defects.OnManagerCycle || at == i
		}
		for _, j := range r.byMail[fold(p.Email)] {
			p.Defects.SharedAddress = p.Defects.SharedAddress || j != i && r.persons[j].Status != access.StatusTerminated
		}
	}
}

func (r *reading) up(i int) int {
	if at, ok := r.byID[r.persons[i].ManagerID]; ok {
		return at
	}
	return -1
}

// add registers an account and finds out whose identifiers it carries.
func (r *reading) add(a *model.Account) *model.Account {
	one := func(list []int) int {
		if len(list) == 0 {
			return model.Nobody
		}
		if len(list) > 1 {
			r.t.Fatalf("%s/%s: %d persons share a login or UPN", a.System, a.Name, len(list))
		}
		return list[0]
	}
	a.Keys = model.NoKeys()
	if i, ok := r.byFoldedID[fold(a.EmployeeID)]; ok {
		a.Keys.EmployeeID = i
	}
	// An address leads to its first holder here; holders() gives all of them.
	if list := r.byMail[fold(a.Email)]; a.Email != "" && len(list) > 0 {
		a.Keys.Email = list[0]
	}
	if list := r.byMail[fold(a.Name+"@acme.example")]; len(list) > 0 {
		a.Keys.Address = list[0]
	}
	if a.UPN != "" {
		a.Keys.UPN = one(r.byUPN[fold(a.UPN)])
	}
	a.Keys.Username = one(r.byLogin[fold(a.Name)])
	matches := 0
	if a.OwnerRef != "" {
		for _, p := range r.persons {
			if ref := fold(a.OwnerRef); ref == fold(p.ID) || ref == fold(p.Email) || ref == fold(p.Username) {
				if matches++; matches == 1 {
					a.Owner = p
				} else {
					a.Owner = nil
				}
			}
		}
	}
	r.accounts, r.byKey[a.System.String()+"/"+a.ID] = append(r.accounts, a), a
	return a
}

func (r *reading) grant(s model.System, id, name string, expires time.Time) {
	a, e := r.byKey[s.String()+"/"+id], r.ents[s.String()+"/"+name]
	if a == nil || e == nil {
		r.t.Fatalf("%s: grant of %q to %q: no such account or entitlement", s, name, id)
	}
	a.Grants = append(a.Grants, model.Grant{Of: e, Expires: expires})
}

func tri(s string) access.Tri {
	return map[string]access.Tri{"yes": access.Yes, "no": access.No}[s]
}

func (r *reading) vpn() {
	for _, row := range r.table("vpn/accounts.csv", ',') {
		a := r.add(&model.Account{System: model.VPN, ID: row["login"], Name: row["login"], UPN: row["upn"], Kind: access.AccountKind(row["type"]), OwnerRef: row["owner"],
			Enabled: row["state"] == "active" && (row["expires"] == "" || r.time(time.RFC3339, row["expires"]).After(orggen.DefaultAsOf())), MFA: tri(row["mfa"]), CreatedAt: r.time(time.RFC3339, row["created"]),
			LastLogin: r.time(time.RFC3339, row["last_login"]), Never: row["last_login"] == "never"})
		for _, g := range strings.Split(row["groups"], ";") {
			if g != "" {
				r.grant(model.VPN, a.ID, g, time.Time{})
			}
		}
	}
}

func (r *reading) erp() {
	const layout = "2006-01-02 15:04:05"
	for _, row := range r.table("erp/accounts.csv", ';') {
		r.add(&model.Account{System: model.ERP, ID: row["USER_ID"], Name: row["LOGIN"], EmployeeID: row["EMPLOYEE_NO"], Email: row["EMAIL"],
			Kind: access.AccountKind(row["TYPE"]), OwnerRef: row["OWNER"], Enabled: row["STATUS"] == "A", CreatedAt: r.time(layout, row["CREATED"]),
			LastLogin: r.time(layout, row["LAST_LOGON"]), Never: row["LAST_LOGON"] == "never"})
	}
	for _, row := range r.table("erp/grants.csv", ';') {
		r.grant(model.ERP, row["USER_ID"], row["AUTHORISATION"], r.time(time.DateOnly, row["VALID_TO"]))
	}
	for _, row := range r.table("baseline/erp/accounts.csv", ';') {
		r.byKey["erp/"+row["USER_ID"]].InBaseline = true
	}
	for _, row := range r.table("baseline/erp/grants.csv", ';') {
		a := r.byKey["erp/"+row["USER_ID"]]
		a.Before = append(a.Before, model.Grant{Of: r.ents["erp/"+row["AUTHORISATION"]]})
	}
}

func (r *reading) codehost() {
	for _, row := range r.table("codehost/accounts.csv", ',') {
		a := r.add(&model.Account{System: model.Codehost, ID: row["id"], Name: row["handle"], Email: row["email"], Kind: access.AccountKind(row["type"]), OwnerRef: row["owner"],
			Enabled: row["active"] == "true", MFA: tri(row["two_factor"]), CreatedAt: r.time(time.RFC3339, row["created"]),
			LastLogin: r.time(time.RFC3339, row["last_active"]), Never: row["last_active"] == "never"})
		for _, g := range strings.Split(row["teams"], "|") {
			if g != "" {
				r.grant(model.Codehost, a.ID, g, time.Time{})
			}
		}
	}
	for _, row := range r.table("baseline/codehost/accounts.csv", ',') {
		a := r.byKey["codehost/"+row["id"]]
		a.InBaseline = true
		for _, g := range strings.Split(row["teams"], "|") {
			if g != "" {
				a.Before = append(a.Before, model.Grant{Of: r.ents["codehost/"+g]})
			}
		}
	}
}

func (r *reading) warehouse() {
	groups := map[string]bool{}
	accounts := map[string]*model.Account{}
	for _, row := range r.table("warehouse/roles.csv", ',') {
		if e := r.ents["warehouse/"+row["rolname"]]; e != nil && e.Kind == model.Group {
			groups[row["rolname"]] = true
			continue
		}
		a := &model.Account{System: model.Warehouse, ID: row["oid"], Name: row["rolname"], Kind: access.KindHuman, NoInherit: row["rolinherit"] == "f"}
		for _, token := range strings.Fields(row["comment"]) {
			key, value, _ := strings.Cut(token, "=")
			switch key {
			case "employee":
				a.EmployeeID = value
			case "email":
				a.Email = value
			case "kind":
				a.Kind = access.AccountKind(value)
			case "owner":
				a.OwnerRef = value
			}
		}
		if row["rolcanlogin"] == "f" && a.EmployeeID == "" {
			r.t.Fatalf("role %s cannot log in and has no worker id: it would be read as a group", a.Name)
		}
		until := r.time("2006-01-02 15:04:05-07", row["rolvaliduntil"])
		a.Enabled = row["rolcanlogin"] == "t" && (until.IsZero() || until.After(orggen.DefaultAsOf()))
		accounts[a.Name] = r.add(a)
		for _, attr := range []string{"super", "createrole", "bypassrls", "createdb", "replication"} {
			if row["rol"+attr] == "t" {
				r.grant(model.Warehouse, a.ID, "attribute:"+strings.Replace(attr, "super", "superuser", 1), time.Time{})
			}
		}
	}
	for _, row := range r.table("warehouse/members.csv", ',') {
		if groups[row["member"]] {
			if e := r.ents["warehouse/"+row["member"]]; e.Parent == nil || e.Parent.Name != row["role"] {
				r.t.Errorf("role %s is a member of %s", row["member"], row["role"])
			}
			continue
		}
		a := accounts[row["member"]]
		if (row["inherit_option"] == "f") != a.NoInherit {
			r.t.Errorf("%s: inherit_option %s", a.Name, row["inherit_option"])
		}
		r.grant(model.Warehouse, a.ID, row["role"], time.Time{})
	}
	for _, row := range r.table("warehouse/grants.csv", ',') {
		if groups[row["grantee"]] {
			continue
		}
		name := fmt.Sprintf("%s:%s.%s:%s", row["object_kind"], row["schema"], row["object"], row["privilege"])
		if row["object_kind"] == "schema" {
			name = fmt.Sprintf("schema:%s:%s", row["schema"], row["privilege"])
		}
		r.grant(model.Warehouse, accounts[row["grantee"]].ID, name, time.Time{})
	}
}

func (r *reading) saas() {
	type user struct {
		ID, UserName string
		Active       bool
		Emails       []struct{ Value string }
		Meta         struct{ Created string }
		Enterprise   struct {
			EmployeeNumber string
			Manager        struct{ Value string }
		} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
		Muster struct {
			LastLogin string
			MFA       *bool
		} `json:"urn:ietf:params:scim:schemas:extension:muster:2.0:User"`
	}
	type group struct {
		DisplayName string
		Members     []struct{ Value, Type string }
	}
	var users struct {
		TotalResults int
		Resources    []user
	}
	var groups struct {
		TotalResults int
		Resources    []group
	}
	for name, into := range map[string]any{"saas/Users.json": &users, "saas/Groups.json": &groups} {
		data, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			r.t.Fatal(err)
		}
		if err := json.Unmarshal(data, into); err != nil {
			r.t.Fatalf("%s: %v", name, err)
		}
	}
	if users.TotalResults != len(users.Resources) || groups.TotalResults != len(groups.Resources) {
		r.t.Errorf("totalResults %d and %d, resources %d and %d", users.TotalResults, groups.TotalResults, len(users.Resources), len(groups.Resources))
	}
	for _, u := range users.Resources {
		a := &model.Account{System: model.SaaS, ID: u.ID, Name: u.UserName, Enabled: u.Active, Kind: classified(u.UserName), EmployeeID: u.Enterprise.EmployeeNumber,
			OwnerRef: u.Enterprise.Manager.Value, CreatedAt: r.time(time.RFC3339, u.Meta.Created), LastLogin: r.time(time.RFC3339, u.Muster.LastLogin)}
		if len(u.Emails) > 0 {
			a.Email = u.Emails[0].Value
		}
		if u.Muster.MFA != nil {
			a.MFA = access.TriOf(*u.Muster.MFA)
		}
		r.add(a)
	}
	for _, g := range groups.Resources {
		for _, m := range g.Members {
			r.grant(model.SaaS, m.Value, g.DisplayName, time.Time{})
		}
	}
}

// classified is the classification of muster.yaml.
func classified(name string) access.AccountKind {
	for prefix, kind := range map[string]access.AccountKind{"svc-": access.KindService, "shr-": access.KindShared, "bg-": access.KindBreakGlass} {
		if strings.HasPrefix(name, prefix) {
			return kind
		}
	}
	return access.KindHuman
}

func (r *reading) directory() {
	file, err := os.Open(filepath.Join(r.dir, "directory/acme.ldif"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer file.Close()
	entry := map[string][]string{}
	var groups []map[string][]string
	end := func() {
		switch {
		case slices.Contains(entry["objectClass"], "inetOrgPerson"):
			r.person(entry)
		case slices.Contains(entry["objectClass"], "groupOfNames"):
			groups = append(groups, entry)
		}
		entry = map[string][]string{}
	}
	scan := bufio.NewScanner(file)
	for scan.Scan() {
		name, value, ok := strings.Cut(scan.Text(), ":")
		if !ok {
			end()
			continue
		}
		if strings.HasPrefix(value, ":") {
			raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value[1:]))
			if err != nil {
				r.t.Fatal(err)
			}
			value = string(raw)
		}
		entry[name] = append(entry[name], strings.TrimSpace(value))
	}
	end()
	byLogin := map[string]string{}
	for _, a := range r.accounts {
		if a.System == model.Directory {
			byLogin[a.Name] = a.ID
		}
	}
	for _, g := range groups {
		name := g["cn"][0]
		if len(g["member"]) == 0 {
			r.t.Errorf("group %s is empty", name)
		}
		for _, m := range g["member"] {
			first, _, _ := strings.Cut(m, ",")
			if child, isGroup := strings.CutPrefix(first, "cn="); isGroup {
				if e := r.ents["directory/"+child]; e.Parent == nil || e.Parent.Name != name {
					r.t.Errorf("group %s is a member of %s", child, name)
				}
				continue
			}
			r.grant(model.Directory, byLogin[strings.TrimPrefix(first, "uid=")], name, time.Time{})
		}
	}
}

func (r *reading) person(e map[string][]string) {
	get := func(name string) string { return strings.Join(e[name], "") }
	kind := access.AccountKind(get("employeeType"))
	if kind == "" {
		kind = access.KindHuman
	}
	r.add(&model.Account{System: model.Directory, ID: get("entryUUID"), Name: get("uid"), Email: get("mail"), EmployeeID: get("employeeNumber"), OwnerRef: get("info"),
		Kind: kind, Enabled: get("pwdAccountLockedTime") == "", CreatedAt: r.time("20060102150405Z", get("createTimestamp")),
		LastLogin: r.time("20060102150405Z", get("pwdLastSuccess"))})
}
