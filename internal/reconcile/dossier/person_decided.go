package dossier

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/activity"
	"muster/remediate"
	"muster/reports/evidence"
	"muster/reports/person"
)

// findings reads what the run found about the person.
func (w *personal) findings() error {
	if err := w.foreigners(); err != nil {
		return err
	}
	w.m.Findings = []person.Finding{}
	err := w.Store.FindingsOfRun(w.ctx, w.Run.ID, func(f access.Finding) error {
		w.scope.Findings++
		if !w.theirs.has(f) {
			return nil
		}
		one := person.Finding{ID: f.ID, Rule: f.Rule, Severity: f.Severity, State: string(f.State), Change: string(f.Change), System: f.System, Subject: f.Subject, Detail: f.Detail,
			Message: f.Message, FirstSeen: f.FirstSeen, ResolvedAt: f.ResolvedAt, Exception: f.Exception}
		w.m.Findings = append(w.m.Findings, one)
		if f.State == access.Excepted && f.Scope == access.ScopeGrant {
			w.excepted = append(w.excepted, f)
		}
		if !one.Open() {
			return nil
		}
		switch f.Scope {
		case access.ScopeAccount:
			for i := range w.m.Accounts {
				if a := &w.m.Accounts[i]; a.System == f.System && a.ID == f.SubjectID {
					a.Findings = append(a.Findings, f.ID)
				}
			}
		case access.ScopeGrant:
			for _, list := range [][]person.Grant{w.m.Held, w.m.Missing} {
				for i := range list {
					if g := &list[i]; g.System == f.System && g.Entitlement == f.Detail && (g.AccountID == f.SubjectID || f.SubjectID == w.id) {
						g.Findings = append(g.Findings, f.ID)
					}
				}
			}
		}
		return nil
	})
	return err
}

// foreigners finds the accounts that findings about the person name and that are there, and not linked with them any more.
func (w *personal) foreigners() error {
	named := map[pair]bool{}
	note := func(f access.Finding) error {
		if subject := (pair{f.System, f.SubjectID}); f.Person == w.id && f.Scope != access.ScopePerson && !w.theirs.accounts[subject] {
			named[subject] = true
		}
		return nil
	}
	if err := w.Store.FindingsOfRun(w.ctx, w.Run.ID, note); err != nil {
		return err
	}
	if err := w.Store.FindingsBefore(w.ctx, w.Run.ID, note); err != nil || len(named) == 0 {
		return err
	}
	return w.Store.Population(w.ctx, w.World, "links", func([]string) error { return nil }, func(row []string) error {
		if account := (pair{row[0], row[1]}); named[account] {
			w.theirs.foreign[account] = true
		}
		return nil
	})
}

// decisions reads what was asked, decided and done about the person's access.
func (w *personal) decisions() error {
	q := func(kind access.DocumentKind) access.DocumentQuery {
		return access.DocumentQuery{Kind: kind, Person: w.id}
	}
	w.m.Requests, w.m.Exceptions, w.m.Reviews, w.m.Actions = []person.Request{}, []person.Exception{}, []person.Review{}, []person.Action{}
	approvals, err := remediate.Load[access.Approval](w.ctx, w.Store, q(access.DocApproval))
	if err != nil {
		return err
	}
	decided := map[string][]person.Decision{} // by the id of an approval
	for _, a := range approvals {
		decided[a.ID] = []person.Decision{}
		for _, d := range a.Decisions {
			decided[a.ID] = append(decided[a.ID], person.Decision{ID: d.ID, Verdict: string(d.Verdict), By: d.By, Name: d.ByName, Role: d.Role, Channel: string(d.Channel), At: d.At, Reason: d.Reason})
		}
	}
	requests, err := remediate.Load[access.Request](w.ctx, w.Store, q(access.DocRequest))
	if err != nil {
		return err
	}
	for _, r := range requests {
		w.m.Requests = append(w.m.Requests, person.Request{ID: r.ID, System: r.Ref.System, Entitlement: r.Ref.Name, Reason: r.Reason, By: r.By, ByName: r.ByName, At: r.At, From: r.From, Until: r.Until,
			State: string(r.State), Conflicts: slices.Concat([]string{}, r.Conflicts), Decisions: slices.Concat([]person.Decision{}, decided[r.Approval]), Entries: []uint64{}})
	}
	if err := w.accepted(); err != nil {
		return err
	}
	actions, err := remediate.Load[remediate.Record](w.ctx, w.Store, q(access.DocAction))
	if err != nil {
		return err
	}
	for _, r := range actions {
		one := person.Action{ID: r.ID, Kind: string(r.Kind), System: r.System, Account: r.Account.Name, AccountID: r.Account.ID, Entitlement: r.Entitlement.Name, Reason: r.Reason, Rule: r.Rule, Finding: r.FindingID,
			Basis: slices.Concat([]string{}, r.Basis), Policy: r.Policy.Name, Mode: string(r.Mode), State: string(r.State), Why: r.Why, ChangedAt: r.ChangedAt, Run: r.Run,
			Decisions: slices.Concat([]person.Decision{}, decided[r.Approval]), Entries: []uint64{}}
		if r.Receipt != nil {
			one.Receipt = &person.Receipt{Outcome: string(r.Receipt.Outcome), At: r.Receipt.At, Said: r.Receipt.Said}
		}
		w.m.Actions = append(w.m.Actions, one)
	}
	return w.reviews()
}

// accepted are the exceptions of the file and those that were asked for, as far as they cover the person or an account of theirs.
func (w *personal) accepted() error {
	for _, x := range w.Evidence.Exceptions {
		if w.subject(x.System, x.Subject) {
			w.m.Exceptions = append(w.m.Exceptions, person.Exception{ID: x.ID, Rule: x.Rule, System: x.System, Subject: x.Subject, Detail: x.Detail, Owner: x.Owner, Approver: x.Approver,
				Reason: x.Reason, Control: x.Control, Expires: x.Expires, State: x.State})
		}
	}
	asked, err := remediate.Load[access.RiskException](w.ctx, w.Store, access.DocumentQuery{Kind: access.DocException, Person: w.id})
	for _, x := range asked {
		w.m.Exceptions = append(w.m.Exceptions, person.Exception{ID: x.ID, Rule: x.Rule, Finding: x.FindingID, System: x.System, Subject: cmp.Or(x.SubjectName, x.SubjectID), Detail: x.Detail,
			Owner: cmp.Or(x.OwnerName, x.Owner), Approver: strings.Join(x.ApprovedBy, ", "), Reason: x.Reason, Control: x.CompensatingControl, Expires: x.Expires, State: string(x.State), Entries: []uint64{}})
	}
	return err
}

// reviews reads what reviewers said of the person's access.
func (w *personal) reviews() error {
	items, err := remediate.Load[access.ReviewItem](w.ctx, w.Store, access.DocumentQuery{Kind: access.DocReviewItem, Person: w.id})
	if err != nil || len(items) == 0 {
		return err
	}
	names := map[string]string{}
	campaigns, err := remediate.Load[access.Campaign](w.ctx, w.Store, access.DocumentQuery{Kind: access.DocCampaign})
	for _, c := range campaigns {
		names[c.ID] = c.Name
	}
	for _, i := range items {
		r := person.Review{Item: i.ID, Campaign: cmp.Or(names[i.Campaign], i.Campaign), System: i.System, Account: i.Account.Name, AccountID: i.Account.ID, Entitlement: i.Entitlement.Name, State: string(i.State),
			Silent: i.Silent, EndedAt: i.EndedAt, Decisions: []person.Decision{}, Entries: []uint64{}}
		for _, d := range i.Decisions {
			r.Decisions = append(r.Decisions, person.Decision{ID: d.ID, Verdict: string(d.Verdict), By: d.By, Name: d.ByName, Role: d.Role, Channel: string(d.Channel), At: d.At, Reason: d.Reason})
		}
		if i.Removal != nil {
			r.Gone, r.GoneAt = i.Removal.Snapshot, i.Removal.TakenAt
		}
		w.m.Reviews = append(w.m.Reviews, r)
		for n := range w.m.Held {
			if g := &w.m.Held[n]; g.System == i.System && g.AccountID == i.Account.ID && g.Entitlement == i.Entitlement.Name {
				g.Reviews = append(g.Reviews, i.ID)
			}
		}
	}
	return err
}

// kept adds to what is not due who keeps it: an exception in force, and a review whose reviewers kept it.
func (w *personal) kept() error {
	for i := range w.m.Held {
		g := &w.m.Held[i]
		if g.Due() {
			continue
		}
		for _, f := range w.excepted {
			if f.System != g.System || f.SubjectID != g.AccountID || f.Detail != g.Entitlement {
				continue
			}
			b := person.Basis{Kind: "exception", Name: f.Exception}
			for _, x := range w.m.Exceptions {
				if x.ID == f.Exception {
					b.Until = x.Expires
				}
			}
			g.Basis = append(g.Basis, b)
		}
		for _, r := range w.m.Reviews {
			kept := r.State == string(access.ItemKept) || r.State == string(access.ItemKeep)
			if kept && !r.Silent && r.System == g.System && r.AccountID == g.AccountID && r.Entitlement == g.Entitlement {
				g.Basis = append(g.Basis, person.Basis{Kind: "review", Name: r.Item})
			}
		}
	}
	return nil
}

// ledger finds the entries about what was decided and done, by the ids that they name, and the texts that were in force.
func (w *personal) ledger() error {
	at := map[string]*[]uint64{}
	for i := range w.m.Requests {
		at[w.m.Requests[i].ID] = &w.m.Requests[i].Entries
		w.decided(at, w.m.Requests[i].Decisions, &w.m.Requests[i].Entries)
	}
	for i := range w.m.Exceptions {
		if w.m.Exceptions[i].Entries != nil {
			at[w.m.Exceptions[i].ID] = &w.m.Exceptions[i].Entries
		}
	}
	for i := range w.m.Actions {
		at[w.m.Actions[i].ID] = &w.m.Actions[i].Entries
		w.decided(at, w.m.Actions[i].Decisions, &w.m.Actions[i].Entries)
	}
	for i := range w.m.Reviews {
		at[w.m.Reviews[i].Item] = &w.m.Reviews[i].Entries
	}
	w.m.Policies = []person.Text{}
	for _, in := range w.Evidence.Inputs {
		if strings.Contains(in.Name, "/") {
			sum := sha256.Sum256([]byte(in.Content))
			w.m.Policies = append(w.m.Policies, person.Text{Name: in.Name, SHA256: hex.EncodeToString(sum[:])})
		}
	}
	w.activity = []evidence.Activity{}
	if len(at) == 0 {
		return nil
	}
	err := w.Trail.Entries(w.ctx, 0, func(e ledger.Entry) error {
		a, ok, err := evidence.ReadActivity(e)
		if err != nil {
			return &access.Error{Op: "read the ledger", Kind: access.Internal, Err: err}
		}
		if !ok {
			return nil
		}
		for _, id := range []string{a.Said.Action, a.Said.Undo, a.Said.Decision, a.Said.Request, a.Said.Exception, a.Said.Item} {
			list := at[id]
			if list == nil || slices.Contains(*list, e.Index) {
				continue
			}
			*list = append(*list, e.Index)
			if n := len(w.activity); n == 0 || w.activity[n-1].Entry != e.Index {
				w.activity = append(w.activity, a)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return activity.Fill(w.ctx, w.Store, w.activity)
}

// decided lets the entries of decisions count for what they decided; one decision may be about several actions, of which the first has it.
func (w *personal) decided(at map[string]*[]uint64, list []person.Decision, entries *[]uint64) {
	for _, d := range list {
		if at[d.ID] == nil {
			at[d.ID] = entries
		}
	}
}
