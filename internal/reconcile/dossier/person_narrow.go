package dossier

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile/inputs"
	"muster/reports/evidence"
)

// pair is a system with an id or a name in it.
type pair struct{ system, id string }

// theirs is what of a run is one person's.
type theirs struct {
	person      string
	profile     string
	accounts    map[pair]bool // linked with them
	held        map[pair]bool // entitlements by id
	due         map[pair]bool // entitlements by name
	foreign     map[pair]bool // accounts that findings about them name and that are somebody else's now, or nobody's
	mitigations []evidence.Mitigation
}

// has reports whether a finding is about the person or one of their accounts. One about an account that is gone is theirs; one about an account that
// is not linked with them any more goes with the account.
func (t theirs) has(f access.Finding) bool {
	subject := pair{f.System, f.SubjectID}
	switch f.Scope {
	case access.ScopeSystem:
		return false
	case access.ScopePerson:
		return f.SubjectID == t.person
	}
	return t.accounts[subject] || f.Scope == access.ScopeGrant && f.SubjectID == t.person || f.Person == t.person && !t.foreign[subject]
}

// narrowed is evidence.Data with the rows of one person alone, in their order.
type narrowed struct {
	data evidence.Data
	theirs
}

// Before yields the findings about the person as they stood.
func (n narrowed) Before(ctx context.Context, yield func(access.Finding) error) error {
	return n.data.Before(ctx, n.only(yield))
}

// Findings yields the findings about the person.
func (n narrowed) Findings(ctx context.Context, yield func(access.Finding) error) error {
	return n.data.Findings(ctx, n.only(yield))
}

func (n narrowed) only(yield func(access.Finding) error) func(access.Finding) error {
	return func(f access.Finding) error {
		if !n.has(f) {
			return nil
		}
		return yield(f)
	}
}

// Population yields the person's rows of a table; of one that it does not know, none.
func (n narrowed) Population(ctx context.Context, table string, head func([]string) error, row func([]string) error) error {
	at := map[string]int{}
	return n.data.Population(ctx, table, func(names []string) error {
		for i, name := range names {
			at[name] = i
		}
		return head(names)
	}, func(cells []string) error {
		cell := func(name string) string {
			if i, ok := at[name]; ok {
				return cells[i]
			}
			return ""
		}
		mine := false
		switch table {
		case "persons":
			mine = cell("worker_id") == n.person
		case "accounts", "grants", "links", "previous":
			mine = n.accounts[pair{cell("system"), cell("account_id")}]
		case "entitlements":
			mine = n.held[pair{cell("system"), cell("entitlement_id")}] || n.due[pair{cell("system"), cell("name")}]
		case "profiles", "expectations":
			mine = cell("profile") == n.profile
		}
		if !mine {
			return nil
		}
		return row(cells)
	})
}

// reread reads the inputs of a run as its pack has them.
func reread(list []evidence.Input) (*inputs.Inputs, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, in := range list {
		f, err := w.Create(in.Name)
		if err == nil {
			_, err = io.WriteString(f, in.Content)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	files, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return nil, err
	}
	return inputs.Read(files)
}

// narrowInputs cuts the inputs that name persons down to this one: the settings, the exceptions and the mitigations. All others stay as they are.
func (w *personal) narrowInputs() error {
	for _, in := range w.Evidence.Inputs {
		was := in.Content
		var err error
		switch in.Name {
		case inputs.SettingsFile:
			in.Content, err = w.settings()
		case w.in.Exceptions:
			in.Content, err = w.keep(in, "exceptions", func(n config.Node) bool { return w.concerned(n) })
		case w.in.SoD:
			in.Content, err = w.keep(in, "mitigations", func(n config.Node) bool { return scalar(n.Get("person")) == w.id })
		}
		if err != nil {
			return fmt.Errorf("cut down %s: %w", in.Name, err)
		}
		if in.Content != was {
			w.scope.Inputs = append(w.scope.Inputs, in.Name)
			for i := range w.m.Policies {
				w.m.Policies[i].Cut = w.m.Policies[i].Cut || w.m.Policies[i].Name == in.Name
			}
		}
		w.cut = append(w.cut, in)
	}
	return nil
}

// settings are the run's, without what they say of other persons.
func (w *personal) settings() (string, error) {
	s := w.in.Settings
	s.Heads = slices.DeleteFunc(slices.Clone(s.Heads), func(id string) bool { return id != w.id })
	s.LinkMap = slices.DeleteFunc(slices.Clone(s.LinkMap), func(m inputs.Mapped) bool { return m.Person != w.id })
	s.Personal = map[string][]access.Expectation{}
	if list, ok := w.in.Personal[w.id]; ok {
		s.Personal[w.id] = list
	}
	s.Accepted = nil
	for _, x := range w.in.Accepted {
		if w.subject(x.System, x.Subject) {
			s.Accepted = append(s.Accepted, x)
		}
	}
	s.Revoked = access.Revocations{}
	for key, r := range w.in.Revoked {
		part := strings.Split(key, "\x00")
		if part[0] == "person" && part[1] == w.id || part[0] == "account" && w.theirs.accounts[pair{part[1], part[2]}] {
			s.Revoked[key] = r
		}
	}
	text, err := json.MarshalIndent(s, "", "  ")
	return string(text) + "\n", err
}

// subject reports whether a name or an id, in a system or in any, is the person or one of their accounts.
func (w *personal) subject(system, subject string) bool {
	if subject == w.id {
		return true
	}
	for _, a := range w.f.Accounts {
		if (system == "" || a.System == system) && (a.ID == subject || a.Name == subject) {
			return true
		}
	}
	return false
}

func (w *personal) concerned(n config.Node) bool {
	return w.subject(scalar(n.Get("system")), scalar(n.Get("subject")))
}

// keep writes a document again, on one line for each key, with those items of one list that are to be kept. Comments are left out: they may name
// anybody.
func (w *personal) keep(in evidence.Input, list string, mine func(config.Node) bool) (string, error) {
	doc, err := config.Parse(in.Name, []byte(in.Content))
	if err != nil {
		return "", err
	}
	root := doc.Root()
	var b strings.Builder
	for _, key := range root.Keys() {
		text := root.Get(key).Flow()
		if key == list {
			var kept []string
			for i := range root.Get(key).Len() {
				if n := root.Get(key).Index(i); mine(n) {
					kept = append(kept, n.Flow())
				}
			}
			text = "[" + strings.Join(kept, ", ") + "]"
		}
		fmt.Fprintf(&b, "%s: %s\n", key, text)
	}
	return b.String(), doc.Err()
}

// scalar is the text of a value; empty when there is none.
func scalar(n config.Node) string {
	var text string
	if n.Exists() && json.Unmarshal([]byte(n.Flow()), &text) != nil {
		return ""
	}
	return text
}
